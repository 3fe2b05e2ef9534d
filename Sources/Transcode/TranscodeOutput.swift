package import Media

/// What the ladder gives out, in order within each track.
package enum TranscodeOutput: Sendable, Equatable {
    /// Before the first sample of track `index`: the video rungs first, then the audio rungs, as the ladder lists them.
    case track(index: Int, Track)
    /// A coded sample, with times from the Unix epoch, and the segment that it belongs to.
    case sample(track: Int, Sample, segmentNumber: UInt64, startsSegment: Bool)
    /// All that a segment has of a track.
    case segment(track: Int, [Sample], segmentNumber: UInt64)
    /// A segment to come begins elsewhere, at a splice.
    case move(SegmentBoundaries.Move)
}

/// One access unit as the publisher sent it.
package struct InputSample: Sendable, Equatable {
    /// On the publisher's clock, unwrapped.
    package var decodeMilliseconds: Int64
    /// To be added to the time, 0 to 999,999.
    package var nanoseconds: UInt32
    /// Presentation minus decode time; 0 for audio.
    package var compositionMilliseconds: Int32
    /// Whether the publisher calls it a key frame.
    package var isSync: Bool
    /// H.264 and HEVC: NAL units, each behind its 4-byte length. AV1: a temporal unit without delimiter. AAC: one
    /// raw_data_block. Others: as they come in RTMP.
    package var data: [UInt8]

    package init(
        decodeMilliseconds: Int64, nanoseconds: UInt32 = 0, compositionMilliseconds: Int32 = 0, isSync: Bool = true,
        data: [UInt8]
    ) {
        self.decodeMilliseconds = decodeMilliseconds
        self.nanoseconds = nanoseconds
        self.compositionMilliseconds = compositionMilliseconds
        self.isSync = isSync
        self.data = data
    }

    package var presentationMilliseconds: Int64 { decodeMilliseconds + Int64(compositionMilliseconds) }
}

/// Where the publisher's clock lies on the wall's.
package struct TimeAnchor: Sendable, Equatable {
    /// A time on the publisher's clock: usually the first sample's.
    package var inputMilliseconds: Int64
    /// The same moment since the Unix epoch.
    package var epochMilliseconds: Int64
    /// Nothing is given out for an earlier segment.
    package var firstAllowedSegment: UInt64

    package init(inputMilliseconds: Int64, epochMilliseconds: Int64, firstAllowedSegment: UInt64 = 0) {
        self.inputMilliseconds = inputMilliseconds
        self.epochMilliseconds = epochMilliseconds
        self.firstAllowedSegment = firstAllowedSegment
    }
}

/// Bounds on what is mended silently.
package struct TranscodeLimits: Sendable, Equatable {
    /// A hole in the input up to this long is filled with the last picture, or with silence; a longer one is a jump.
    package var holeMilliseconds: Int64 = 5000
    /// A step back up to this long drops what comes twice; a longer one is a jump.
    package var backstepMilliseconds: Int64 = 1000
    /// How long to wait for sound that lags behind the picture before silence takes its place.
    package var audioLagMilliseconds: Int64 = 1000
    /// Frames that may wait for an encoder before `push` blocks.
    package var framesInFlight = 8

    package init() {}
}

/// Counts since the session began, and how it stands.
package struct TranscodeStatistics: Sendable, Equatable {
    package var videoSamples: UInt64 = 0
    package var audioSamples: UInt64 = 0
    /// Samples that were broken, or that the decoder refused.
    package var brokenSamples: UInt64 = 0
    package var decodedFrames: UInt64 = 0
    /// Over all rungs: grid places filled with the previous picture.
    package var repeatedFrames: UInt64 = 0
    /// Over all rungs: pictures for which the grid had no place.
    package var droppedFrames: UInt64 = 0
    /// Over all audio rungs: samples of silence put in place of missing sound.
    package var silentSamples: UInt64 = 0
    /// For how long the picture has been black, and all decoded sound silent or missing, by now.
    package var blackMilliseconds: Int64 = 0
    package var silentMilliseconds: Int64 = 0

    package init() {}
}
