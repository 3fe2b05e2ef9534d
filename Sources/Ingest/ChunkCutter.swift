package import ChunkStream
import ISOBMFF
package import Media
package import Transcode

/// Cuts the ladder's samples into CMAF chunks: one every part duration, never across a segment boundary.
///
/// Pure: samples in, messages for the daemon out. Holds back everything until every track is known (bounded by
/// `maximumHeldBytes`), then at most one part of each track.
package struct ChunkCutter: Sendable {
    private struct OpenChunk: Sendable {
        var segment: UInt64?
        var samples: [Sample] = []
        /// Where the next part begins, on the track's clock.
        var partEnd: Int64 = 0
    }

    /// The tracks are not all known although so much was made of the others.
    package struct Overflow: Error {}

    static let maximumHeldMegabytes = 64
    static let maximumHeldBytes = maximumHeldMegabytes << 20

    private let expectedTracks: Int
    private let partDuration: Ticks
    private var tracks: [Int: Track] = [:]
    private var held: [TranscodeOutput] = []
    private var heldBytes = 0
    private var open: [OpenChunk]
    private var sequenceNumber: UInt32 = 0

    package init(ladder: Ladder) {
        expectedTracks = ladder.video.count + ladder.audio.count
        partDuration = Ticks(Int64(ladder.partDurationMilliseconds), timescale: 1000)
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
        let part = max(partDuration.rescaled(to: track.timescale).value, 1)
        var messages: [WorkerMessage] = []
        if open[index].segment != segment {
            if let message = flush(index, endsSegment: true) { messages.append(message) }
            open[index] = OpenChunk(
                segment: segment, partEnd: sample.decodeTime + part)
        } else if sample.decodeTime >= open[index].partEnd {
            if let message = flush(index, endsSegment: false) { messages.append(message) }
            // Over a hole in the track, parts go on in step.
            let passed = (sample.decodeTime - open[index].partEnd) / part
            open[index].partEnd += (passed + 1) * part
        }
        open[index].samples.append(sample)
        return messages
    }

    private mutating func flush(_ index: Int, endsSegment: Bool) -> WorkerMessage? {
        guard let segment = open[index].segment, !open[index].samples.isEmpty else { return nil }
        sequenceNumber &+= 1
        let bytes = CMAFChunk.serialize(sequenceNumber: sequenceNumber, samples: open[index].samples)
        open[index].samples.removeAll(keepingCapacity: true)
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
