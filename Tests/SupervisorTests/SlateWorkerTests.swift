import ChunkStream
import Media
import Slate
import Synchronization
import TestSupport
import Testing

@testable import Supervisor

/// A worker that makes a slate, or lies about it.
@Suite(.timeLimit(.minutes(5))) struct SlateWorkerTests {
    private let tracks: [SyntheticTrack]
    private let made: SyntheticSlate
    private let ladder = Ladder(
        video: [VideoRung(name: "720p", codec: .h264)], audio: [AudioRung(name: "stereo", codec: .aac)],
        segmentDurationSeconds: 2, partDurationMilliseconds: 1000)

    init() throws {
        tracks = [try .video(), try .audio()]
        made = SyntheticSlate(tracks)
    }

    private func chunk(_ track: Int) -> WorkerMessage {
        .chunk(ClearChunk(track: UInt8(track), segment: 0, endsSegment: true, bytes: made.chunks[track][0]))
    }

    /// The greeting is two messages: the worker answers after the second.
    private func make(
        _ messages: [WorkerMessage], raw: [UInt8] = [], warn: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> Slate {
        let event = WorkerMessage.event(IngestEvent(level: .warning, text: "it is\nblack"))
        let worker = try FakeWorker([.hello(version: Frame.version), event] + messages, raw: raw)
        return try await SlateWorker(path: worker.path).make(ladder, of: .black, recipe: "r") { warn($0.text) }
    }

    @Test func whatItMakesIsASlate() async throws {
        let heard = Mutex<[String]>([])
        let slate = try await make([.tracks(made.tracks), chunk(0), chunk(1), .end(reason: "")]) { text in
            heard.withLock { $0.append(text) }
        }
        #expect(slate.id == (try made.slate().id) && slate.recipe == "r")
        #expect(heard.withLock { $0 } == ["it is black"])
    }

    @Test func aWorkerThatLiesMakesNone() async throws {
        let end = WorkerMessage.end(reason: "")
        let bad: [[WorkerMessage]] = [
            [], [end], [.end(reason: "no encoder")], [.tracks(made.tracks), end],
            [.tracks(made.tracks), chunk(0), end], [.tracks(made.tracks), chunk(1), chunk(0), end],
            [.tracks(made.tracks), chunk(0), chunk(1), chunk(1), end],
            [.tracks(made.tracks.reversed()), chunk(0), chunk(1), end],
            [.tracks(made.tracks), .tracks(made.tracks), chunk(0), chunk(1), end],
            [chunk(0), .tracks(made.tracks), chunk(1), end],
            [.tracks([made.tracks[0]]), chunk(0), end],
        ]
        for messages in bad {
            // A worker that says nothing more would be waited for: all of these end.
            let all =
                messages.last.map { if case .end = $0 { true } else { false } } ?? false
                ? messages : messages + [.hello(version: Frame.version)]
            await #expect(throws: (any Error).self) { try await make(all) }
        }
        await #expect(throws: (any Error).self) { try await make([.tracks(made.tracks)], raw: [0, 0, 0, 1, 99]) }
    }

    @Test func aWorkerThatIsNoneIsAnError() async throws {
        let worker = SlateWorker(path: "/bin/true")
        await #expect(throws: (any Error).self) {
            try await SlateWorker(path: "/nowhere/worker").make(ladder, of: .black, recipe: "") { _ in }
        }
        await #expect(throws: (any Error).self) {
            try await worker.make(ladder, of: .black, recipe: "") { _ in }
        }
    }
}
