import ChunkStream
import Foundation
import Live
import Logging
import Media
import Packager
import Settings
import TestSupport
import Testing
import Timeline

@testable import Supervisor

/// Connections, workers and what becomes of them, with workers that say anything.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SupervisorTests {
    private static let duration = Ticks(2, timescale: 1)
    private let tracks: [SyntheticTrack]

    init() throws { tracks = [try .video(), try .audio()] }

    private var descriptions: [TrackDescription] {
        tracks.map {
            TrackDescription(
                name: $0.track.name, reorderDelay: $0.track.reorderDelay, frameRate: $0.track.frameRate,
                header: $0.header)
        }
    }

    private func segment(_ number: UInt64) -> [WorkerMessage] {
        tracks.enumerated().map { index, track in
            .chunk(
                ClearChunk(
                    track: UInt8(index), segment: number, endsSegment: true,
                    bytes: track.chunks(of: number, Self.duration, parts: 1)[0]))
        }
    }

    private func publication(_ numbers: [UInt64]) -> [WorkerMessage] {
        FakeWorker.greeting() + [.tracks(descriptions)] + numbers.flatMap { segment($0) }
    }

    @Test func aPublicationFromItsFirstWordToItsLast() async throws {
        let worker = try FakeWorker(
            publication([Newsroom.number, Newsroom.number + 1]) + [
                .statistics(IngestStatistics()), .event(IngestEvent(level: .warning, text: "a hole")),
                .end(reason: "done"),
            ])
        let room = try Newsroom(worker: worker, end: .end)
        let encoder = try room.connect()
        let lines = await room.lines(until: "publication ended")
        #expect(
            lines.map(\.text) == [
                "publishing channel=news encoder=test peer=127.0.0.1 role=primary",
                "a hole channel=news peer=127.0.0.1",
                "the source has ended: manifests say so channel=news",
                "publication ended: done channel=news peer=127.0.0.1",
            ])
        #expect(lines.map(\.level) == [.notice, .warning, .notice, .notice])
        #expect(room.channel.timeline.snapshot.segments.map(\.number) == [Newsroom.number, Newsroom.number + 1])
        #expect(room.channel.state(of: "clear")?.window.isEnded == true)
        #expect(room.supervisor.statuses.isEmpty)
        #expect(room.supervisor.counters.publications == 1)
        #expect(room.supervisor.counters.workerFailures == 0)
        try encoder.close()
        await room.close()
    }

    @Test(arguments: [
        ("news", "wrong", "wrong stream key"), ("news", "", "wrong stream key"),
        ("news", "the-ke", "wrong stream key"), ("sport", "the-key", "there is no channel of that name"),
        ("../news", "the-key", "there is no channel of that name"), ("", "", "there is no channel of that name"),
    ]) func whoHasNoRightIsRefused(_ app: String, _ key: String, _ reason: String) async throws {
        let worker = try FakeWorker(FakeWorker.greeting(app, key: key) + [.end(reason: "refused")])
        let room = try Newsroom(worker: worker)
        let encoder = try room.connect()
        let lines = await room.lines(until: "refused an encoder")
        #expect(lines.last?.text.hasPrefix("refused an encoder: \(reason) app=\(app) ") == true)
        #expect(!lines.contains { $0.text.contains("the-ke") || $0.text.contains("wrong app") })
        try encoder.close()
        await room.close()
        #expect(room.supervisor.counters.refusals == ["credentials": 1])
        #expect(room.supervisor.counters.publications == 0)
        #expect(room.channel.timeline.beginPublication().publication == 1, "the channel was not touched")
    }

    @Test func withoutAnyChannelItIsNotTheAddressThatIsWrong() async throws {
        let room = try Newsroom(worker: nil)
        room.removeChannel()
        let encoder = try room.connect()
        let lines = await room.lines(until: "refused an encoder")
        #expect(lines.last?.text.hasPrefix("refused an encoder: no channel is loaded ") == true)
        let answer = try #require(try encoder.readToEnd(), "it is told why, and closed")
        #expect(String(decoding: answer, as: UTF8.self).contains("the server has no channel now"))
        await room.close()
    }

    @Test func anAddressThatMayNotConnectGetsNoWorker() async throws {
        let network = try #require(CIDR(parsing: "192.0.2.0/24"))
        let room = try Newsroom(worker: nil, allow: [network])
        let encoder = try room.connect()
        let lines = await room.lines(until: "refused an encoder")
        #expect(lines.map(\.level) == [.warning])
        let answer = try #require(try encoder.readToEnd(), "it is told why, and closed")
        #expect(String(decoding: answer, as: UTF8.self).contains("this address may not publish here"))
        await room.close()
        #expect(room.supervisor.counters.refusals == ["address": 1])
    }

    /// What a worker says that has been taken over by its encoder ends that publication, and the channel goes on.
    @Test(arguments: 0..<9) func aLyingWorkerEndsItsOwnPublication(_ kind: Int) async throws {
        let number = Newsroom.number
        var strange = descriptions
        strange[0].name = "4k"
        var messages = publication([number])
        var raw: [UInt8] = []
        switch kind {
        case 0: messages = FakeWorker.greeting() + segment(number)
        case 1: messages += segment(number + 100)
        case 2: messages += [.chunk(ClearChunk(track: 7, segment: number + 1, endsSegment: true, bytes: [1]))]
        case 3: messages += [.chunk(ClearChunk(track: 0, segment: number + 1, endsSegment: true, bytes: []))]
        case 4: messages += [.tracks(strange)]
        case 5: messages += [.tracks(descriptions + [descriptions[0]])]
        case 6: messages += FakeWorker.greeting()
        case 7: raw = [0xFF, 0xFF, 0xFF, 0xFF, 4]
        default: raw = [0, 0, 0, 1, 99]
        }
        let room = try Newsroom(worker: try FakeWorker(messages, raw: raw))
        let encoder = try room.connect()
        let lines = await room.lines(until: "publication ended")
        #expect(lines.last?.text.contains("the worker broke the format") == true)
        #expect(lines.last?.level == .error)
        #expect(room.supervisor.counters.workerFailures == 1)
        #expect(room.channel.timeline.snapshot.segments.count == (kind == 0 ? 0 : 1))
        let next = try TimelineFeed(room.channel.timeline, tracks)
        try next.add(number + 1)
        #expect(room.channel.state(of: "clear")?.window.segments.last?.number == number + 1)
        try encoder.close()
        await room.close()
    }

    @Test func aNewerPublicationTakesOver() async throws {
        let room = try Newsroom(worker: try FakeWorker(FakeWorker.greeting()))
        let first = try room.connect()
        var lines = await room.lines(until: "publishing")
        let second = try room.connect()
        lines += await room.lines(until: "publishing")
        #expect(try first.readToEnd()?.isEmpty ?? true, "the first encoder's connection is closed")
        #expect(room.supervisor.counters.takeovers == 1, "\(lines.map(\.text))")
        #expect(room.supervisor.statuses.count == 1)
        room.supervisor.stopPublications(of: room.channel, reason: "the test is over")
        try first.close()
        try second.close()
        await room.close()
        #expect(room.supervisor.statuses.isEmpty)
    }

    /// Nothing comes from either worker any more: only the time that passes can tell.
    @Test func aSilentEncoderIsNoticedWhenItHasBeenSilentForTooLong() async throws {
        let tracks = [WorkerMessage.tracks(descriptions)]
        let worker = try FakeWorker(inTurn: [
            FakeWorker.greeting() + tracks + segment(Newsroom.number),
            FakeWorker.greeting(key: "the-backup-key") + tracks + segment(Newsroom.number),
        ])
        let room = try Newsroom(worker: worker, backup: RedundancySettings(silenceMilliseconds: 1500))
        let primary = try room.connect()
        _ = await room.lines(until: "role=primary")
        let backup = try room.connect()
        _ = await room.lines(until: "role=backup")
        let descriptor = backup.fileDescriptor
        let talking = Task {
            while !Task.isCancelled {
                var byte: UInt8 = 0
                _ = write(descriptor, &byte, 1)
                await Task.yield()
            }
        }
        let lines = await room.lines(until: "is on air now")
        talking.cancel()
        await talking.value
        #expect(lines.last?.text.contains("the backup encoder is on air now: nothing came") == true)
        #expect(room.supervisor.statuses.map(\.role) == [.backup, .primary])
        try primary.close()
        try backup.close()
        await room.close()
    }

    /// A reload opens a channel of the same name while somebody still publishes to the one before.
    @Test func whoPublishesToAChannelThatIsGoneHasNoSeatInTheNext() async throws {
        let room = try Newsroom(worker: try FakeWorker(publication([Newsroom.number])))
        let encoder = try room.connect()
        _ = await room.lines(until: "publishing")
        let next = try room.openAgain()
        #expect(room.supervisor.onAir(of: room.channel) != nil)
        #expect(room.supervisor.onAir(of: next) == nil)
        room.supervisor.stopPublications(of: next, reason: "nobody")
        #expect(room.supervisor.statuses.count == 1)
        let second = try room.connect()
        _ = await room.lines(until: "publishing")
        #expect(room.supervisor.onAir(of: next) != nil)
        #expect(room.supervisor.counters.takeovers == 0 && room.supervisor.statuses.count == 2)
        room.supervisor.stopPublications(of: room.channel, reason: "its profile changed")
        _ = await room.lines(until: "publication ended")
        #expect(room.supervisor.onAir(of: room.channel) == nil && room.supervisor.onAir(of: next) != nil)
        try encoder.close()
        try second.close()
        await room.close()
    }

    @Test func aWorkerThatDoesNotStartCostsNothing() async throws {
        let room = try Newsroom(worker: nil)
        func descriptors() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        _ = try room.connect()
        _ = await room.lines(until: "encoder left")
        let before = try descriptors()
        // No more than are logged within a minute.
        for _ in 0..<55 {
            let encoder = try room.connect()
            let lines = await room.lines(until: "encoder left")
            #expect(lines.contains { $0.text.contains("cannot start sluice-ingest") })
            try encoder.close()
        }
        // Other tests open some at the same time; what leaks would be one each.
        #expect(try descriptors() < before + 45)
        await room.close()
    }

    /// A worker in the encoder's hands may go on talking when it is told to end.
    @Test func aWorkerThatDoesNotEndIsEnded() async throws {
        let messages = publication([]) + [.statistics(IngestStatistics())]
        let room = try Newsroom(worker: try FakeWorker(messages, loops: true))
        let encoder = try room.connect()
        _ = await room.lines(until: "publishing")
        room.supervisor.stopPublications(of: room.channel, reason: "its profile changed")
        room.clock.advance(milliseconds: 21_000)
        let lines = await room.lines(until: "publication ended")
        #expect(lines.last?.text.contains("it goes on after it was told to end") == true)
        try encoder.close()
        await room.close()
    }

    @Test func aFloodOfEventsIsNoFloodOfLogLines() async throws {
        let events = (0..<500).map { WorkerMessage.event(IngestEvent(level: .warning, text: "broken \($0)")) }
        let room = try Newsroom(worker: try FakeWorker(publication([]) + events + [.end(reason: "done")]))
        let encoder = try room.connect()
        let lines = await room.lines(until: "publication ended").map(\.text)
        #expect(lines.filter { $0.hasPrefix("broken") }.count == 60)
        #expect(lines.filter { $0.hasPrefix("more events: not logged within this minute") }.count == 1)
        try encoder.close()
        await room.close()
    }

    @Test func lastWordsAreOneLineOfTheDaemons() async throws {
        let messages = publication([]) + [.end(reason: "done")]
        let room = try Newsroom(worker: try FakeWorker(messages, complaint: "{\"level\":\"error\"}"))
        let encoder = try room.connect()
        let lines = await room.lines(until: "publication ended").filter { $0.text.hasPrefix("sluice-ingest: ") }
        #expect(lines.count == 1 && lines.first?.level == .warning)
        let text = try #require(lines.first?.text)
        #expect(text.hasPrefix("sluice-ingest: {\"level\":\"error\"} {\"level\"") && text.utf8.count < 1100)
        #expect(text.contains(" peer=127.0.0.1") && !text.contains("\n"))
        try encoder.close()
        await room.close()
    }

    @Test func aMessageThatNeverEndsIsSilence() throws {
        var pair: [CInt] = [-1, -1]
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0)
        let theirs = FileHandle(fileDescriptor: pair[1], closeOnDealloc: true)
        var worker = WorkerChannel(descriptor: pair[0])
        // Of a message that has begun there is always one more byte to read: waiting for bytes would never end.
        worker.setTimeout(seconds: 0)
        try theirs.write(contentsOf: Data([1, 0, 0, 0, 4] + [UInt8](repeating: 0, count: 100_000)))
        guard case .timedOut = try worker.next() else {
            Issue.record("it waits for the rest")
            return
        }
    }

    @Test func wordsOfAnEncoderStayOnTheirLine() async throws {
        let worker = try FakeWorker(
            FakeWorker.greeting(encoder: "OBS\n2026-11-21 error: all lost\r\u{1B}[31m") + [
                .event(IngestEvent(level: .info, text: "a\u{0}b\nc")), .end(reason: "x\ny"),
            ])
        let room = try Newsroom(worker: worker)
        let encoder = try room.connect()
        let lines = await room.lines(until: "publication ended").map(\.text)
        #expect(
            lines == [
                "publishing channel=news encoder=OBS 2026-11-21 error: all lost  [31m peer=127.0.0.1 role=primary",
                "a b c channel=news peer=127.0.0.1", "publication ended: x y channel=news peer=127.0.0.1",
            ])
        try encoder.close()
        await room.close()
    }

    @Test func theListenerSurvivesErrorsOfTheNetwork() {
        for code in [EINTR, ECONNABORTED, EPROTO] { #expect(AcceptFailure(code) == .connectionLost) }
        for code in [EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM, ENETDOWN, EHOSTUNREACH, ENETUNREACH, ENOPROTOOPT] {
            #expect(AcceptFailure(code) == .busy)
        }
        #expect(AcceptFailure(EAGAIN) == .nobody)
    }
}
