import Foundation
import Live
import Media
import NIOCore
import NIOHPACK
import NIOPosix
import Packager
import Settings
import TestSupport
import Testing

@testable import Origin

/// Many ask at the same time, over real sockets, while no thread has time to package anything.
@Suite(.timeLimit(.minutes(5))) struct CrowdTests {
    private static let number: UInt64 = 800_000_000

    /// A channel behind a server, whose only packaging thread is held until `release` is called.
    private final class Rig: Sendable {
        let channel: LiveChannel
        let cache: ResponseCache
        let server: OriginServer
        private let threads: NIOThreadPool
        private let gate = DispatchSemaphore(value: 0)
        private let keys: Task<Void, Never>

        init(maximumBytesBeingMade: Int? = nil) async throws {
            let encryption = EndpointEncryption(
                method: .commonEncryption(.cenc), keyRotationIntervalSeconds: 30, speke: "main", systems: [.clearKey])
            let news = try await NewsChannel(
                [EndpointProfile(id: "cenc", package: .dash, windowSeconds: 20, encryption: encryption)],
                partMilliseconds: 1000)
            (channel, keys) = (news.channel, news.keys)
            for number in CrowdTests.number..<CrowdTests.number + 3 { try news.feed.add(number) }
            threads = NIOThreadPool(numberOfThreads: 1)
            threads.start()
            cache = ResponseCache(maximumBytes: 64 << 20, maximumBytesBeingMade: maximumBytesBeingMade)
            let content = LiveContent(
                channels: news.directory, cache: cache, threads: threads, others: threads, readers: threads,
                clock: { news.clock.now },
                logFailure: { _, _ in })
            var configuration = OriginServer.Configuration(host: "127.0.0.1", port: 0)
            configuration.idleTimeout = .hours(1)
            server = try await OriginServer.start(
                configuration,
                content: { content.response(for: $0, to: $1) }, metrics: OriginMetrics(), group: .singleton,
                clock: { news.clock.now })
            hold()
        }

        func hold() { threads.submit { [gate] _ in gate.wait() } }
        func release() { gate.signal() }

        func end() async throws {
            keys.cancel()
            await server.drain()
            try await threads.shutdownGracefully()
        }

        func segment(_ offset: UInt64, _ track: String = "720p") throws -> String {
            let revision = try #require(channel.state(of: "cenc")?.window.revision)
            return "/news/cenc/\(track)/\(revision)/\(CrowdTests.number + offset).m4s"
        }
    }

    private func waitUntil(_ isSo: () -> Bool) async { while !isSo() { await Task.yield() } }

    @Test func aThousandAskAtOnceAndItIsPackagedOnce() async throws {
        let rig = try await Rig()
        let uri = try rig.segment(0)
        let port = rig.server.port
        let asked = try await withThrowingTaskGroup(
            of: (client: HTTP2Client, answers: [EventLoopFuture<HTTP2Client.Answer>]).self
        ) { group in
            for _ in 0..<10 {
                group.addTask {
                    let client = try await HTTP2Client(port: port)
                    var answers: [EventLoopFuture<HTTP2Client.Answer>] = []
                    for _ in 0..<100 { answers.append(try await client.ask(uri).answer) }
                    return (client, answers)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        await waitUntil { rig.cache.counters.requestsForIt == 1000 }
        #expect(rig.cache.counters.misses == 1 && rig.cache.counters.bytesBeingMade > 0)
        rig.release()
        var bodies: Set<ByteBuffer> = []
        for answer in asked.flatMap(\.answers) {
            let answer = try await answer.get()
            #expect(answer.status == "200")
            bodies.insert(answer.body)
        }
        #expect(bodies.count == 1 && bodies.first?.readableBytes ?? 0 > 500)
        let counters = rig.cache.counters
        #expect(counters.misses == 1 && counters.waits == 999 && counters.entries == 1)
        #expect(counters.bytesBeingMade == 0 && counters.requestsForIt == 0 && counters.overloads == 0)
        for (client, _) in asked { try await client.channel.close() }
        try await rig.end()
    }

    /// What is there is given, what is begun is finished, and what would be more is refused at once.
    @Test func overloadIsAnsweredEarly() async throws {
        // One segment at a time.
        let rig = try await Rig(maximumBytesBeingMade: 1)
        let client = try await HTTP2Client(port: rig.server.port)
        rig.release()
        #expect(try await client.get(rig.segment(0)).status == "200")
        rig.hold()
        let begun = try await client.ask(rig.segment(1)).answer
        await waitUntil { rig.cache.counters.requestsForIt == 1 }
        let refused = try await client.get(rig.segment(2))
        #expect(refused.status == "503" && refused.fields["retry-after"] == ["1"])
        #expect(refused.fields["cache-control"] == ["no-store"])
        #expect(try await client.get(rig.segment(0)).status == "200")
        // Who wants what is begun is no more work.
        let second = try await client.ask(rig.segment(1)).answer
        await waitUntil { rig.cache.counters.requestsForIt == 2 }
        rig.release()
        for answer in [begun, second] { #expect(try await answer.get().status == "200") }
        #expect(try await client.get(rig.segment(2)).status == "200")
        #expect(rig.cache.counters.overloads == 1)
        try await client.channel.close()
        try await rig.end()
    }
}
