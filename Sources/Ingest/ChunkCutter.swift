package import ChunkStream
import ISOBMFF
package import Media
package import Transcode

/// Cuts the ladder's samples into CMAF chunks, evenly over their segment as `PartPlan` says, never across its boundary.
///
/// A chunk leaves with its last sample where it is known that no other fits: a part that waited for the next one would
/// be a frame late.
///
/// Pure: samples in, messages for the daemon out. Holds back everything until every track is known (bounded by
/// `maximumHeldBytes`), then at most one part of each track.
package struct ChunkCutter: Sendable {
    private struct OpenChunk: Sendable {
        var segment: UInt64?
        /// Where parts are counted from, on the track's clock.
        var origin: Int64 = 0
        var part: Int64 = 0
        /// Of the last sample, also of one that has left.
        var end: Int64?
        var samples: [Sample] = []
        /// Of the samples' media.
        var bytes = 0
    }

    /// The tracks are not all known although so much was made of the others.
    package struct Overflow: Error {}

    /// Of a chunk's media, but for one sample that has more: a message has room for it with what it says of each sample.
    static let mostChunkBytes = Frame.maximumBodySize * 3 / 4

    static let maximumHeldMegabytes = 64
    static let maximumHeldBytes = maximumHeldMegabytes << 20

    private let expectedTracks: Int
    private let parts: PartPlan
    /// Where segments begin; nil where a copied track's key frames say so.
    private var segments: SegmentBoundaries?
    private var tracks: [Int: Track] = [:]
    private var held: [TranscodeOutput] = []
    private var heldBytes = 0
    private var open: [OpenChunk]
    private var sequenceNumber: UInt32 = 0

    package init(ladder: Ladder) {
        expectedTracks = ladder.trackNames.count
        parts = ladder.parts
        segments =
            ladder.video.contains { $0.codec == .copy }
            ? nil
            : SegmentBoundaries(
                SegmentGrid(
                    segmentSeconds: ladder.segmentDurationSeconds,
                    frameRate: ladder.video.lazy.compactMap(\.frameRate).first))
        open = Array(repeating: OpenChunk(), count: expectedTracks)
    }

    package mutating func add(_ output: TranscodeOutput) throws(Overflow) -> [WorkerMessage] {
        switch output {
        case .track(let index, let track):
            let wasComplete = tracks.count == expectedTracks
            tracks[index] = track
            guard tracks.count == expectedTracks else { return [] }
            if wasComplete {
                // A track that changes in mid-stream: what follows is a new set.
                return finish() + [announcement]
            }
            var messages = [announcement]
            for sample in held { messages += try add(sample) }
            held = []
            heldBytes = 0
            return messages
        case .segment(let index, let samples, let segment):
            guard tracks.count == expectedTracks else {
                heldBytes += samples.reduce(0) { $0 + $1.data.count }
                guard heldBytes <= Self.maximumHeldBytes else { throw Overflow() }
                held.append(output)
                return []
            }
            open[index] = OpenChunk(segment: segment, samples: samples)
            return flush(index, endsSegment: true).map { [$0] } ?? []
        case .move(let move):
            segments?.apply(move)
            return []
        case .sample(let index, let sample, let segment, _):
            guard tracks.count == expectedTracks else {
                heldBytes += sample.data.count
                guard heldBytes <= Self.maximumHeldBytes else { throw Overflow() }
                held.append(output)
                return []
            }
            return append(sample, segment, track: index)
        }
    }

    /// Everything that is open. Not as the end of its segment: another encoder may have all of it.
    package mutating func finish() -> [WorkerMessage] {
        open.indices.compactMap { flush($0, endsSegment: false) }
    }

    private mutating func append(_ sample: Sample, _ segment: UInt64, track index: Int) -> [WorkerMessage] {
        guard let track = tracks[index] else { return [] }
        var messages: [WorkerMessage] = []
        if open[index].segment != segment {
            if let message = flush(index, endsSegment: true) { messages.append(message) }
            open[index] = OpenChunk(segment: segment, origin: origin(of: segment, sample, track))
        } else if beginsPart(sample.decodeTime, sample.duration, track, open[index])
            || open[index].bytes + sample.data.count > Self.mostChunkBytes
        {
            // A part of several seconds of a high rung is more than a message holds.
            if let message = flush(index, endsSegment: false) { messages.append(message) }
        }
        if open[index].samples.isEmpty {
            // Behind a hole they are counted from there: a short one would be no part for players of low latency.
            if let end = open[index].end, sample.decodeTime - end > Int64(sample.duration / 2) {
                open[index].origin = sample.decodeTime
            }
            open[index].part = part(of: sample.decodeTime, sample.duration, track, open[index])
        }
        open[index].samples.append(sample)
        open[index].bytes += sample.data.count
        open[index].end = sample.end
        // All that a segment has of them.
        if track.kind == .image { return messages + (flush(index, endsSegment: true).map { [$0] } ?? []) }
        // Of what is copied nobody knows whether the next sample begins a segment.
        guard let segments else { return messages }
        let isLast = isLast(sample, of: segment, in: track, segments)
        if isLast || beginsPart(sample.end, sample.duration, track, open[index]) {
            if let message = flush(index, endsSegment: isLast) { messages.append(message) }
        }
        return messages
    }

    /// Where a segment's parts are counted from, on the track's clock: its start, or its first sample, where that comes
    /// later, as an encoder's does that joins in the middle, or where a copied track's key frames say where segments are.
    private func origin(of segment: UInt64, _ first: Sample, _ track: Track) -> Int64 {
        guard let segments else { return first.decodeTime }
        let start = Ticks(segments.start(of: segment), timescale: 90_000)
            .rescaled(to: track.timescale, rounding: .up).value
        return first.decodeTime - start < Int64(first.duration) ? start : first.decodeTime
    }

    private func part(of time: Int64, _ duration: UInt32, _ track: Track, _ open: OpenChunk) -> Int64 {
        // Times of pictures are rounded, by us to ticks and by encoders to milliseconds.
        let slack = track.kind == .video ? Int64(duration / 8) : 0
        return parts.index(of: time, from: open.origin, timescale: track.timescale, slack: slack)
    }

    /// Whether a sample that follows is of another part than what is open: by its time, or because that would be longer
    /// than a part may be.
    private func beginsPart(_ time: Int64, _ duration: UInt32, _ track: Track, _ open: OpenChunk) -> Bool {
        guard let first = open.samples.first else { return false }
        let longest = parts.target.rescaled(to: track.timescale).value
        return part(of: time, duration, track, open) != open.part
            || time + Int64(duration) - first.decodeTime > longest
    }

    /// Whether the next sample is of the next segment. Pictures are rounded down to their tick, segments up.
    private func isLast(_ sample: Sample, of segment: UInt64, in track: Track, _ segments: SegmentBoundaries) -> Bool {
        let next = sample.end + (track.kind == .video ? 1 : 0)
        return segments.number(at: next, timescale: track.timescale) > segment
    }

    private mutating func flush(_ index: Int, endsSegment: Bool) -> WorkerMessage? {
        guard let segment = open[index].segment, !open[index].samples.isEmpty else { return nil }
        sequenceNumber &+= 1
        let bytes = CMAFChunk.serialize(sequenceNumber: sequenceNumber, samples: open[index].samples)
        open[index].samples.removeAll(keepingCapacity: true)
        open[index].bytes = 0
        return .chunk(ClearChunk(track: UInt8(index), segment: segment, endsSegment: endsSegment, bytes: bytes))
    }

    private var announcement: WorkerMessage {
        .tracks(
            (0..<expectedTracks).compactMap { tracks[$0] }.map { track in
                TrackDescription(
                    name: track.name, reorderDelay: track.reorderDelay, frameRate: track.frameRate,
                    header: CMAFHeader(track: track).serialize())
            })
    }
}

extension Sample {
    fileprivate var end: Int64 { decodeTime + Int64(duration) }
}
