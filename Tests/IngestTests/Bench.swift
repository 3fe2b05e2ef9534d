import ChunkStream
import Media
import RTMPServer
import Timeline

@testable import Ingest

/// A worker's line, and a timeline that takes what it says as the daemon does.
struct Bench: ~Copyable {
    /// 2020-09-13T12:26:40Z: segments of 2 s from 800,000,000 on.
    static let wall: Int64 = 1_600_000_000_000
    static let number: UInt64 = 800_000_000

    var line: IngestLine
    let timeline: ChannelTimeline
    var publication: UInt64 = 0
    var events: [String] = []
    var sets = 0
    var markers: [SpliceMarker] = []

    init(firstSegment: UInt64 = 0, ladder: Ladder, waits: Bool = false) throws {
        timeline = try ChannelTimeline(
            directory: nil,
            limits: .init(
                segmentDuration: Ticks(2, timescale: 1), longestSegment: ladder.longestSegment, windowSeconds: 36000),
            budget: StorageBudget(maximumBytes: 1 << 30), onEvent: { _ in })
        publication = timeline.beginPublication().publication
        line = IngestLine(ladder: ladder, firstSegment: firstSegment, waits: waits)
    }

    mutating func give(_ messages: [RTMPMessage], wall: Int64) throws {
        for message in messages { try take(try line.take(message, now: wall)) }
    }

    /// Each at its time.
    mutating func give(live messages: [RTMPMessage], from wall: Int64) throws {
        for message in messages { try take(try line.take(message, now: wall + Int64(message.timestamp))) }
    }

    mutating func begin(_ firstSegment: UInt64) throws {
        for item in line.begin(firstSegment: firstSegment) { try take(try line.take(item)) }
    }

    mutating func finish() throws {
        try take(line.finish())
        timeline.endPublication(publication)
    }

    private mutating func take(_ messages: [WorkerMessage]) throws {
        for message in messages {
            switch message {
            case .tracks(let tracks):
                sets += 1
                try timeline.setTracks(
                    tracks.map { ($0.name, $0.reorderDelay, $0.frameRate, $0.header) }, publication: publication)
            case .chunk(let chunk):
                try timeline.append(
                    track: Int(chunk.track), segment: chunk.segment, endsSegment: chunk.endsSegment,
                    bytes: chunk.bytes, publication: publication)
            case .marker(let marker): markers.append(marker)
            case .event(let event): events.append(event.text)
            default: events.append("a message out of place")
            }
        }
    }

    var numbers: [UInt64] { timeline.snapshot.segments.map { $0.number - Self.number } }
}
