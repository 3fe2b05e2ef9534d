import ChunkStream
import ISOBMFF
package import Media
package import Timeline

/// One rung of a slate: its header, and the samples that are repeated.
package struct SlateTrack: Sendable {
    /// The index is 0: `stored(for:)` has that of the track it stands for.
    package let stored: StoredTrack
    private let chunks: [[UInt8]]
    private let sequence: SlateSequence

    /// - Parameter loop: of the picture, for sound that goes with it.
    init(_ description: TrackDescription, _ chunks: [[UInt8]], loop: Ticks?) throws(ParseError) {
        stored = try StoredTrack(
            name: description.name, reorderDelay: description.reorderDelay, frameRate: description.frameRate, index: 0,
            header: description.header)
        // No product of a time overflows 128 bits.
        let rate = description.frameRate ?? FrameRate(30)
        guard stored.track.timescale > 0, rate.numerator <= 1_000_000, (1...10_000).contains(rate.denominator) else {
            throw ParseError(.invalid, at: 0, "\(description.name): \(rate) pictures a second")
        }
        var located: [(start: Int64, samples: [SampleLocation])] = []
        var sampleCount = 0
        for chunk in chunks {
            let table = try MovieFragmentTable(parsing: chunk.span)
            sampleCount += table.fragments.reduce(0) { $0 + $1.samples.count }
            guard sampleCount <= TrackRun.maximumSampleCount else {
                throw ParseError(
                    .tooLarge, at: 0, "\(description.name): more than \(TrackRun.maximumSampleCount) samples")
            }
            located += table.fragments.map { ($0.baseMediaDecodeTime, $0.samples) }
        }
        sequence = try SlateSequence(stored.track, located, loop: loop)
        self.chunks = chunks
    }

    /// Of the pictures until they come again.
    var loop: Ticks? {
        stored.track.frameRate.map { rate in
            Ticks(Int64(sequence.places.count) * Int64(rate.denominator), timescale: rate.numerator)
        }
    }

    var byteCount: Int { chunks.reduce(0) { $0 + $1.count } }

    /// In the place of a track: in its IV space, and with decode times as far ahead as its own, so that they go on
    /// over the change.
    package func stored(for other: StoredTrack) -> StoredTrack {
        var track = stored.track
        let delay = Ticks(Int64(other.track.reorderDelay), timescale: max(other.track.timescale, 1))
        track.reorderDelay = UInt32(clamping: delay.rescaled(to: track.timescale).value)
        return StoredTrack(track: track, index: other.index, header: stored.header)
    }

    /// The places of the frames of a stretch of time. Stretches that do not overlap have no time in common, and those
    /// that follow each other have no hole between them.
    private struct Places {
        var start: Int64
        var end: Int64
        var count: Int

        /// Rounded down: the first at the start, the last's end at the end.
        func time(_ index: Int) -> Int64 {
            start + Int64(clamping: Int128(end - start) * Int128(index) / Int128(max(count, 1)))
        }
    }

    /// Sound lies on the grid of frames since the epoch, pictures are spread evenly: over a whole number of frames of
    /// the rung's grid they lie on that. Nil where the stretch has no frame.
    private func places(from start: Ticks, to end: Ticks) -> Places? {
        let timescale = stored.track.timescale
        let (first, last) = (start.rescaled(to: timescale, rounding: .up), end.rescaled(to: timescale, rounding: .up))
        guard first.value >= 0, last.value > first.value, last.value < Self.latest else { return nil }
        let length = last.value - first.value
        switch stored.track.kind {
        case .image, .text: return nil
        case .audio:
            let frame = Int64(max(sequence.places[0].location.duration, 1))
            let (from, to) = (Self.up(first.value, frame), Self.up(last.value, frame))
            guard to > from else { return nil }
            return Places(start: from, end: to, count: Int(min((to - from) / frame, Self.mostSamples)))
        case .video:
            guard let rate = stored.track.frameRate else { return nil }
            let unit = Int128(timescale) * Int128(rate.denominator)
            let frames = (Int128(length) * Int128(rate.numerator) * 2 + unit) / (2 * unit)
            return Places(
                start: first.value, end: last.value,
                count: Int(min(max(frames, 1), Int128(min(Self.mostSamples, length)))))
        }
    }

    /// Two thousand years of any clock: no product of a time overflows 128 bits.
    private static let latest = Int64(1) << 56
    /// Of a stretch: half a minute of 128 Mb/s.
    private static let mostBytes = 512 << 20
    private static let mostSamples = Int64(TrackRun.maximumSampleCount)

    private static func up(_ time: Int64, _ frame: Int64) -> Int64 { (time + frame - 1) / frame * frame }

    /// The share of a segment over a stretch of time; nil where the stretch has no frame of this track.
    ///
    /// Its size is an upper bound, and it is one chunk.
    ///
    /// - Parameter origin: where the slate began.
    package func share(from start: Ticks, to end: Ticks, origin: Ticks) -> TrackSegment? {
        guard let places = places(from: start, to: end), let indices = indices(places, origin) else { return nil }
        let bytes = places.count * 16 + 256 + size(indices)
        let duration = places.end - places.start
        return TrackSegment(
            decodeTime: places.start, duration: duration, byteCount: bytes,
            chunks: [ChunkPlace(offset: 0, byteCount: bytes, duration: duration, isIndependent: true)])
    }

    /// The clear media of the same stretch, as one CMAF chunk; nil where the stretch has no frame.
    package func media(number: UInt64, from start: Ticks, to end: Ticks, origin: Ticks) -> [UInt8]? {
        guard let places = places(from: start, to: end), let indices = indices(places, origin) else { return nil }
        return chunk(number, places, indices[...])
    }

    /// The same in parts, counted from its start; none where the stretch has no frame.
    package func media(
        number: UInt64, from start: Ticks, to end: Ticks, origin: Ticks, inChunksOf parts: PartPlan
    ) -> [[UInt8]] {
        guard let places = places(from: start, to: end), let indices = indices(places, origin) else { return [] }
        let timescale = stored.track.timescale
        let zero = start.rescaled(to: timescale, rounding: .up).value
        let slack = stored.track.kind == .video ? (places.time(1) - places.time(0)) / 8 : 0
        func part(_ place: Int) -> Int64 {
            parts.index(of: places.time(place), from: zero, timescale: timescale, slack: slack)
        }
        var chunks: [[UInt8]] = []
        var first = 0
        while first < places.count {
            var next = first + 1
            while next < places.count, part(next) == part(first) { next += 1 }
            chunks.append(chunk(number, places, indices[first..<next]))
            first = next
        }
        return chunks
    }

    /// Of the samples; nil where they are more than a segment is: a picture as large as a slate may have it, repeated as often as its
    /// worker says, is hundreds of gigabytes.
    private func indices(_ places: Places, _ origin: Ticks) -> [Int]? {
        let isTime = origin.timescale > 0 && (0..<Self.latest).contains(origin.value)
        let origin = isTime ? origin : Ticks(0, timescale: 1)
        let all = sequence.indices(from: places.start, count: places.count, track: stored.track, origin: origin)
        let indices = all.map { $0 }
        return size(indices) <= Self.mostBytes ? indices : nil
    }

    private func size(_ indices: [Int]) -> Int { indices.reduce(0) { $0 + sequence.places[$1].location.size } }

    /// - Parameter indices: of the samples, by their places in the stretch.
    private func chunk(_ number: UInt64, _ places: Places, _ indices: ArraySlice<Int>) -> [UInt8] {
        let made = indices.indices.map { index in
            let sample = sequence.places[indices[index]]
            let (time, location) = (places.time(index), sample.location)
            return Sample(
                decodeTime: time, compositionOffset: 0, duration: UInt32(clamping: places.time(index + 1) - time),
                isSync: location.isSync,
                data: Array(chunks[sample.chunk][location.offset..<location.offset + location.size]))
        }
        return CMAFChunk.serialize(sequenceNumber: UInt32(truncatingIfNeeded: number), samples: made)
    }
}
