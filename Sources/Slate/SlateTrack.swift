import ChunkStream
import ISOBMFF
package import Media
package import Timeline

/// One rung of a slate: its header, and the samples that are repeated.
package struct SlateTrack: Sendable {
    /// The index is 0: `stored(for:)` has that of the track it stands for.
    package let stored: StoredTrack
    private let chunk: [UInt8]
    private let samples: [SampleLocation]
    /// Bytes of the first n samples, for n from 0 to their number.
    private let sizes: [Int]

    init(_ description: TrackDescription, _ chunk: [UInt8]) throws(ParseError) {
        stored = try StoredTrack(
            name: description.name, reorderDelay: description.reorderDelay, frameRate: description.frameRate, index: 0,
            header: description.header)
        let table = try MovieFragmentTable(parsing: chunk.span)
        samples = table.fragments.flatMap(\.samples)
        self.chunk = chunk
        guard samples[0].isSync, samples.allSatisfy({ $0.compositionOffset == 0 && $0.size > 0 }),
            stored.track.kind == .video || samples.count == 1
        else { throw ParseError(.invalid, at: 0, "\(description.name): samples that cannot be repeated") }
        guard stored.track.kind == .audio || stored.track.frameRate != nil else {
            throw ParseError(.invalid, at: 0, "\(description.name): no frame rate")
        }
        var sizes = [0]
        for sample in samples { sizes.append(sizes[sizes.count - 1] + sample.size) }
        self.sizes = sizes
    }

    var byteCount: Int { chunk.count }

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
        guard first.value >= 0, last.value > first.value, last.value < .max - (1 << 32) else { return nil }
        let length = last.value - first.value
        switch stored.track.kind {
        case .audio:
            let frame = Int64(max(samples[0].duration, 1))
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

    private static let mostSamples = Int64(TrackRun.maximumSampleCount)

    private static func up(_ time: Int64, _ frame: Int64) -> Int64 { (time + frame - 1) / frame * frame }

    /// The share of a segment over a stretch of time; nil where the stretch has no frame of this track.
    ///
    /// Its size is an upper bound, and it is one chunk.
    package func share(from start: Ticks, to end: Ticks) -> TrackSegment? {
        guard let places = places(from: start, to: end) else { return nil }
        let (rounds, rest) = places.count.quotientAndRemainder(dividingBy: samples.count)
        let bytes = rounds * sizes[samples.count] + sizes[rest] + places.count * 16 + 256
        let duration = places.end - places.start
        return TrackSegment(
            decodeTime: places.start, duration: duration, byteCount: bytes,
            chunks: [ChunkPlace(offset: 0, byteCount: bytes, duration: duration, isIndependent: true)])
    }

    /// The clear media of the same stretch, as one CMAF chunk; nil where the stretch has no frame.
    package func media(number: UInt64, from start: Ticks, to end: Ticks) -> [UInt8]? {
        guard let places = places(from: start, to: end) else { return nil }
        return chunk(number, places, 0..<places.count)
    }

    /// The same, cut into chunks: those frames in each that begin before its end. An empty one where there are none.
    ///
    /// - Parameter boundaries: of the chunks, by rising time; the last one ends with the stretch.
    package func media(number: UInt64, from start: Ticks, to end: Ticks, cutAt boundaries: [Ticks]) -> [[UInt8]] {
        guard let places = places(from: start, to: end) else { return boundaries.map { _ in [] } + [[]] }
        var first = 0
        return (boundaries.map { $0.rescaled(to: stored.track.timescale, rounding: .up).value } + [.max]).map { limit in
            var next = first
            while next < places.count, places.time(next) < limit { next += 1 }
            defer { first = next }
            return next > first ? chunk(number, places, first..<next) : []
        }
    }

    private func chunk(_ number: UInt64, _ places: Places, _ indices: Range<Int>) -> [UInt8] {
        let made = indices.map { index in
            let sample = samples[index % samples.count]
            let time = places.time(index)
            return Sample(
                decodeTime: time, compositionOffset: 0, duration: UInt32(clamping: places.time(index + 1) - time),
                isSync: sample.isSync, data: Array(chunk[sample.offset..<sample.offset + sample.size]))
        }
        return CMAFChunk.serialize(sequenceNumber: UInt32(truncatingIfNeeded: number), samples: made)
    }
}
