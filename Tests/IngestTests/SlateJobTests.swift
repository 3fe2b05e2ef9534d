import ChunkStream
import Foundation
import Glibc
import Ingest
import Media
import Slate
import Testing
import Timeline

/// The worker's other job, over a socket pair as the daemon has it.
@Suite(.timeLimit(.minutes(5))) struct SlateJobTests {
    private static let ladder = Ladder(
        video: [
            VideoRung(
                name: "low", codec: .h264, width: 96, height: 54, frameRate: FrameRate(30), bitrate: 100_000,
                profile: .main, gopSize: 30, preset: "superfast")
        ], audio: [AudioRung(name: "stereo", codec: .aac, bitrate: 64_000, sampleRate: 48_000, channels: 2)],
        segmentDurationSeconds: 2, partDurationMilliseconds: 1000)

    /// What the worker says, when it is answered with `answer`.
    private func run(
        _ answer: DaemonMessage, work: WorkerArguments.Work = .slate, files: [UInt8] = [], soundOffset: Int? = nil
    ) throws -> [WorkerMessage] {
        var pair: [CInt] = [-1, -1]
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0)
        defer { close(pair[0]) }
        let bytes = try answer.serialize()
        try #require(write(pair[0], bytes, bytes.count) == bytes.count)
        // All of it fits into the socket's buffer.
        var job = SlateJob(link: DaemonLink(descriptor: pair[1]), work: work, files: files, soundOffset: soundOffset)
        try job.run()
        close(pair[1])
        var frames = FrameReader()
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(pair[0], &block, block.count)
            guard count > 0 else { break }
            block[..<count].withUnsafeBytes { frames.append($0) }
        }
        var messages: [WorkerMessage] = []
        while let frame = try frames.next() { messages.append(try WorkerMessage(type: frame.type, body: frame.body)) }
        return messages
    }

    private func slate(_ messages: [WorkerMessage]) throws -> Slate {
        var tracks: [TrackDescription] = []
        var chunks: [[[UInt8]]] = tracks.map { _ in [] }
        for message in messages {
            switch message {
            case .tracks(let found):
                tracks = found
                chunks = tracks.map { _ in [] }
            case .chunk(let chunk): chunks[Int(chunk.track)].append(chunk.bytes)
            default: break
            }
        }
        return try Slate(recipe: "", tracks: tracks, chunks: chunks)
    }

    @Test func aLadderBecomesASlate() throws {
        let messages = try run(.accept(Self.ladder, firstSegment: 0))
        #expect(messages.count == 5)
        #expect(messages.first == .hello(version: Frame.version) && messages.last == .end(reason: ""))
        let slate = try slate(messages)
        #expect(slate.tracks.map(\.stored.track.name) == ["low", "stereo"])
        // The same again, or the URLs after a restart would be others.
        #expect(try self.slate(try run(.accept(Self.ladder, firstSegment: 0))).id == slate.id)
    }

    @Test func whatIsNoImageIsBlackWithAWarning() throws {
        let black = try slate(try run(.accept(Self.ladder, firstSegment: 0)))
        let messages = try run(.accept(Self.ladder, firstSegment: 0), files: Array("no image".utf8))
        #expect(try slate(messages).id == black.id)
        let isWarned = messages.contains { message in
            if case .event(let event) = message {
                event.level == .warning && event.text.contains("black")
            } else {
                false
            }
        }
        #expect(isWarned)
    }

    @Test func anImpossibleLadderIsSaid() throws {
        var ladder = Self.ladder
        ladder.video[0].gopSize = 7
        guard case .end(let reason)? = try run(.accept(ladder, firstSegment: 0)).last else {
            Issue.record("no end")
            return
        }
        #expect(reason.contains("GOP"))
        #expect(try run(.reject(reason: "no")).last == .end(reason: "not wanted"))
    }
}
