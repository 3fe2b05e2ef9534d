/// A whole segment of all tracks, as the window lists it. The bytes are in the `SegmentStore`.
package struct WindowSegment: Sendable, Equatable, Codable {
    /// Counts from the epoch; the HLS media sequence number.
    package let number: UInt64
    /// Which `TrackSet` it was made with.
    package let generation: UInt64
    /// Whether times, headers or both start anew here.
    package let isDiscontinuity: Bool
    /// Discontinuities in the channel up to and with this segment.
    package let discontinuitySequence: UInt64
    /// In the order of the track set.
    package let tracks: [TrackSegment]
    /// How its files lie on the disk; nil, from an earlier version, is clear.
    var form: FileForm?
    /// Where it fills in for a lost input: since when that is, in milliseconds from the epoch.
    package var fillsSince: Int64?

    package init(
        number: UInt64, generation: UInt64, isDiscontinuity: Bool, discontinuitySequence: UInt64,
        tracks: [TrackSegment], form: FileForm? = nil, fillsSince: Int64? = nil
    ) {
        self.number = number
        self.generation = generation
        self.isDiscontinuity = isDiscontinuity
        self.discontinuitySequence = discontinuitySequence
        self.tracks = tracks
        self.form = form
        self.fillsSince = fillsSince
    }

    package enum FileForm: String, Sendable, Codable {
        /// Plain CMAF: `NUMBER.m4s`.
        case clear
        /// Under the host key: `NUMBER.sealed`.
        case sealed
    }

    var fileForm: FileForm { form ?? .clear }

    /// Of the clear bytes.
    package var byteCount: Int { tracks.reduce(0) { $0 + $1.byteCount } }

    /// Of its files.
    package var storedByteCount: Int { byteCount + tracks.count * SegmentStore.overhead(fileForm) }
}

/// One track's share of a segment.
package struct TrackSegment: Sendable, Equatable, Codable {
    /// Of the first sample, in the track's timescale from the epoch.
    package let decodeTime: Int64
    /// Sum of the samples' durations, in the track's timescale.
    package let duration: Int64
    package let byteCount: Int
    /// The CMAF chunks it is made of, in order.
    package let chunks: [ChunkPlace]
    /// Bytes of the first sample; nil in windows that were written before it was noted.
    package let firstSampleByteCount: Int?

    package init(
        decodeTime: Int64, duration: Int64, byteCount: Int, chunks: [ChunkPlace], firstSampleByteCount: Int? = nil
    ) {
        self.decodeTime = decodeTime
        self.duration = duration
        self.byteCount = byteCount
        self.chunks = chunks
        self.firstSampleByteCount = firstSampleByteCount
    }
}

/// Where a chunk lies in its segment.
package struct ChunkPlace: Sendable, Equatable, Codable {
    package let offset: Int
    package let byteCount: Int
    /// In the track's timescale.
    package let duration: Int64
    /// Whether it starts with a sync sample.
    package let isIndependent: Bool

    package init(offset: Int, byteCount: Int, duration: Int64, isIndependent: Bool) {
        self.offset = offset
        self.byteCount = byteCount
        self.duration = duration
        self.isIndependent = isIndependent
    }
}
