import Foundation
import Live
import Logging
import Media
import NIOPosix
import Packager
import Settings
import Synchronization
import TestSupport
import Testing
import Timeline

@testable import Harvest

/// Segments of 2 s from 1,600,000,000 s on.
@Suite(.timeLimit(.minutes(5))) struct HarvestDeskTests {
    private static let number: UInt64 = 800_000_000
    private let folder: TemporaryDirectory
    private let channel: LiveChannel
    private let feed: TimelineFeed
    private let desk: HarvestDesk

    init() throws {
        folder = try TemporaryDirectory()
        let clock = ManualClock(1_600_000_041_000)
        let profile = ChannelProfile(
            channel: "news", ingest: IngestProfile(streamKeys: .init(primary: Secret("key"))),
            ladder: Ladder(
                video: [VideoRung(name: "720p", codec: .h264, frameRate: FrameRate(30))],
                audio: [AudioRung(name: "stereo", codec: .aac)], segmentDurationSeconds: 2,
                partDurationMilliseconds: 1000),
            storageWindowSeconds: 3600, endpoints: [EndpointProfile(id: "clear", package: .hls, windowSeconds: 20)])
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        channel = try LiveChannel(
            profile: profile, directory: nil, budget: StorageBudget(maximumBytes: 1 << 30), logger: logger,
            clock: { clock.now }, alarm: { _, _ in }
        ) { _, _, _, _ in throw Unexpected() }
        feed = try TimelineFeed(channel.timeline, [try .video(), try .audio()])
        for number in Self.number..<Self.number + 20 { try feed.add(number) }
        desk = HarvestDesk(
            destinations: [
                "archive": HarvestDestination(.directory(folder.path + "/archive"), takesClear: false),
                "nowhere": HarvestDestination(.directory("/proc/nowhere"), takesClear: false),
            ], threads: .singleton, logger: logger, clock: { clock.now })
    }

    private struct Unexpected: Error {}

    private func request(_ change: (inout HarvestRequest) -> Void = { _ in }) -> HarvestRequest {
        var request = HarvestRequest(
            endpoint: "clear", start: "2020-09-13T12:26:44Z", end: "2020-09-13T12:26:54Z", destination: "archive")
        change(&request)
        return request
    }

    @Test func everythingIsThereWhenItIsDone() async throws {
        let job = try await desk.submit(request(), of: channel)
        #expect(job.path == "news/clear-20200913T122644000Z")
        let end = try #require(await desk.finished(job.id))
        #expect(end.state == .done && end.error == nil)
        // Five segments and a header of each of two tracks; two media playlists, the multivariant one, the MPD.
        #expect(end.files == 16 && end.filesWritten == 16)
        let root = folder.path + "/archive/" + job.path
        #expect(end.manifests == ["\(root)/index.m3u8", "\(root)/index.mpd"])
        let playlist = try String(contentsOfFile: root + "/720p/playlist.m3u8", encoding: .utf8)
        for line in playlist.split(separator: "\n") where !line.hasPrefix("#") {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(root)/720p/\(line)")
            // A web server is to read it.
            #expect((attributes[.posixPermissions] as? Int) == 0o644)
        }
        #expect(await desk.job(job.id) == end)
        #expect(await desk.all == [end])
    }

    @Test func theSameAgainReplacesIt() async throws {
        let first = try await desk.submit(request { $0.path = "a/b.c_d-1" }, of: channel)
        _ = await desk.finished(first.id)
        let second = try await desk.submit(request { $0.path = "a/b.c_d-1" }, of: channel)
        #expect(second.id != first.id)
        #expect(await desk.finished(second.id)?.state == .done)
    }

    @Test func whatCannotBeIsRefusedWithAReason() async throws {
        let cases: [(HarvestRequest, String)] = [
            (request { $0.endpoint = "hls" }, "no endpoint 'hls'"),
            (request { $0.destination = "moon" }, "archive, nowhere"),
            (request { $0.start = "yesterday" }, "'start'"),
            (request { $0.end = "1600000000" }, "'end'"),
            (request { $0.end = "2020-09-13T12:26:40Z" }, "not after"),
            (request { $0.end = "2020-09-13T12:27:30Z" }, "not over yet"),
            (request { $0.path = "../other" }, "'path'"),
            (request { $0.path = "/etc" }, "'path'"),
            (request { $0.path = "a//b" }, "'path'"),
            (request { $0.path = "a\u{0}b" }, "'path'"),
            (request { $0.path = String(repeating: "a", count: 513) }, "'path'"),
        ]
        for (request, reason) in cases {
            let refusal = await #expect(throws: HarvestRefusal.self) { try await desk.submit(request, of: channel) }
            #expect(refusal?.description.contains(reason) == true, "\(refusal.map { "\($0)" } ?? "")")
        }
        #expect(await desk.all.isEmpty)
    }

    @Test func aFailureSaysWhatAndTheNextOneRuns() async throws {
        let failed = try await desk.submit(request { $0.destination = "nowhere" }, of: channel)
        let end = try #require(await desk.finished(failed.id))
        #expect(end.state == .failed && end.manifests.isEmpty)
        #expect(end.error?.contains("/proc/nowhere/") == true)
        let next = try await desk.submit(request(), of: channel)
        #expect(await desk.finished(next.id)?.state == .done)
    }

    @Test func oneThatIsAlreadyOverCannotBeCancelledAndAnUnknownOneIsNone() async throws {
        let job = try await desk.submit(request(), of: channel)
        _ = await desk.finished(job.id)
        #expect(await desk.cancel(job.id)?.state == .done)
        #expect(await desk.cancel(99) == nil)
        #expect(await desk.finished(99) == nil)
    }
}
