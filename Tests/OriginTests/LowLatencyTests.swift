import HLS
import Live
import Media
import NIOCore
import NIOHTTP1
import NIOPosix
import Packager
import Settings
import TestSupport
import Testing
import Timeline

@testable import Origin

/// Blocking reloads, hinted parts and delta updates, as a player of low latency asks for them.
@Suite(.timeLimit(.minutes(5))) struct LowLatencyTests {
    private static let number: UInt64 = 800_000_000
    private static let playlist = "/news/ll/720p/playlist.m3u8"
    private let loop = MultiThreadedEventLoopGroup.singleton.next()
    private let channel: LiveChannel
    private let content: LiveContent
    private let cache = ResponseCache(maximumBytes: 64 << 20)
    private let feed: TimelineFeed
    private let keys: Task<Void, Never>

    init() async throws {
        let encryption = EndpointEncryption(
            method: .commonEncryption(.cbcs), keyRotationIntervalSeconds: 30, speke: "main", systems: [.aes128])
        let news = try await NewsChannel([
            EndpointProfile(id: "ll", package: .hls, windowSeconds: 60, lowLatency: true, encryption: encryption),
            EndpointProfile(id: "plain", package: .hls, windowSeconds: 60, encryption: encryption),
        ])
        (channel, feed, keys) = (news.channel, news.feed, news.keys)
        content = LiveContent(
            channels: news.directory, cache: cache, threads: .singleton, others: .singleton, readers: .singleton,
            clock: { news.clock.now }, logFailure: { _, _ in },
            longestWait: { _ in .hours(1) })
    }

    private func request(_ uri: String) -> EventLoopFuture<CachedResponse> {
        guard let path = ResourcePath(parsing: uri) else { return loop.makeSucceededFuture(.notFound) }
        return loop.flatSubmit {
            switch content.response(for: path, to: Asker(on: loop)) {
            case .ready(let response): loop.makeSucceededFuture(response)
            case .later(let future): future
            }
        }
    }

    private func get(_ uri: String) async throws -> CachedResponse { try await request(uri).get() }

    private func playlist(_ query: String = "") async throws -> MediaPlaylist {
        let response = try await get(Self.playlist + query)
        #expect(response.status == .ok)
        return try MediaPlaylist(parsing: String(buffer: response.body))
    }

    /// One of four parts of a segment, of both tracks.
    private func append(_ part: Int, of number: UInt64) throws {
        for (index, track) in feed.tracks.enumerated() {
            let chunks = track.chunks(of: number, Ticks(2, timescale: 1), parts: 4)
            try feed.timeline.append(
                track: index, segment: number, endsSegment: part == 3, bytes: chunks[part],
                publication: feed.publication)
        }
    }

    private func segments(_ count: UInt64) throws {
        for number in Self.number..<Self.number + count { try feed.add(number, parts: 4) }
    }

    private func bytes(_ uri: String) async throws -> [UInt8] {
        let response = try await get("/news/ll/720p/" + uri)
        #expect(response.status == .ok)
        #expect(response.freshness == .immutable)
        return Array(response.body.readableBytesView)
    }

    @Test func everyListedPartIsThereAndASegmentIsItsParts() async throws {
        try segments(4)
        try append(0, of: Self.number + 4)
        try append(1, of: Self.number + 4)
        let playlist = try await playlist()
        #expect(playlist.partInformation?.target.milliseconds == 512)
        #expect(playlist.serverControl?.partHoldBack?.milliseconds == 1536)
        // Three target durations from the end, 1 s of which is under way.
        #expect(playlist.segments.map(\.parts.count) == [0, 4, 4, 4])
        for segment in playlist.segments where !segment.parts.isEmpty {
            var joined: [UInt8] = []
            for part in segment.parts { joined += try await bytes(part.uri) }
            #expect(try await bytes(segment.uri) == joined)
            #expect(segment.parts.map(\.isIndependent) == [true, false, false, false])
        }
        let open = try #require(playlist.segmentInProgress)
        #expect(open.parts.map(\.duration.milliseconds) == [500, 500])
        #expect(playlist.preloadHints.map(\.uri) == [open.parts[0].uri.replacing("4.0.m4s", with: "4.2.m4s")])
        #expect(
            playlist.renditionReports == [
                RenditionReport(uri: "../stereo/playlist.m3u8", lastSequence: Self.number + 4, lastPart: 1)
            ])
        var joined: [UInt8] = []
        for part in open.parts { joined += try await bytes(part.uri) }
        try append(2, of: Self.number + 4)
        try append(3, of: Self.number + 4)
        let whole = try await bytes(open.parts[0].uri.replacing("4.0.m4s", with: "4.m4s"))
        #expect(whole.starts(with: joined))
        #expect(whole.count > joined.count)
    }

    @Test func theKeyChangesAheadOfTheFirstPart() async throws {
        try segments(10)
        try append(0, of: Self.number + 10)
        let playlist = try await playlist()
        let open = try #require(playlist.segmentInProgress)
        #expect(open.keys != playlist.segments.last?.keys)
        #expect(open.map?.uri.hasSuffix("init-1-53333334.mp4") == true)
        let plain = try await get("/news/plain/720p/playlist.m3u8")
        let other = try MediaPlaylist(parsing: String(buffer: plain.body))
        #expect(other.segmentInProgress == nil)
        #expect(other.serverControl == nil)
        #expect(other.trailingTags.contains { $0.contains("sluice-next-key") }, "to come, where it is not listed")
    }

    @Test func areloadWaitsUntilThePartIsThere() async throws {
        try segments(3)
        let next = Self.number + 3
        let waiting = (0..<50).map { _ in request("\(Self.playlist)?_HLS_msn=\(next)&_HLS_part=1") }
        let whole = request("\(Self.playlist)?_HLS_msn=\(next)")
        let hinted = try await request("/news/ll/720p/\(playlist().preloadHints[0].uri)")
        try append(0, of: next)
        #expect(try await hinted.get().status == .ok)
        let answered = loop.makePromise(of: Bool.self)
        waiting[0].whenComplete { _ in answered.succeed(true) }
        try append(1, of: next)
        #expect(try await answered.futureResult.get())
        let misses = cache.counters.misses
        for future in waiting {
            let response = try await future.get()
            #expect(response.freshness == .seconds(12))
            let playlist = try MediaPlaylist(parsing: String(buffer: response.body))
            #expect(playlist.segmentInProgress?.parts.count ?? 0 >= 2)
        }
        #expect(cache.counters.misses == misses, "made once for all")
        try append(2, of: next)
        try append(3, of: next)
        let playlist = try MediaPlaylist(parsing: String(buffer: try await whole.get().body))
        #expect(playlist.segments.last?.uri.hasSuffix("\(next).m4s") == true)
        // Behind the last part of a segment comes the first of the next.
        let rolled = request("\(Self.playlist)?_HLS_msn=\(next)&_HLS_part=4")
        try append(0, of: next + 1)
        let after = try MediaPlaylist(parsing: String(buffer: try await rolled.get().body))
        #expect(after.segmentInProgress?.parts.count == 1)
    }

    @Test(arguments: [
        "?_HLS_part=1", "?_HLS_msn=x", "?_HLS_msn=-1", "?_HLS_msn=1&_HLS_msn=2", "?_HLS_skip=NO",
        "?_HLS_msn=800000006", "?_HLS_msn=800000003&_HLS_part=7", "?_HLS_msn=99999999999999999999",
    ]) func whatNoPlayerMayAskIsRefused(_ query: String) async throws {
        try segments(3)
        #expect(try await get(Self.playlist + query).status == .badRequest)
        #expect(try await get("/news/plain/720p/playlist.m3u8" + query).status == .ok, "no directive there")
    }

    @Test func whatIsThereIsAnsweredAtOnce() async throws {
        try segments(3)
        for query in ["?_HLS_msn=1&_HLS_part=100", "?token=a&_HLS_msn=800000002", "?_HLS_msn=800000002&_HLS_part=3"] {
            #expect(try await playlist(query).segments.count == 3)
        }
        #expect(try await get("/news/ll/720p/0123456789ab/800000002.0.m4s").status == .notFound)
        let uri = try await playlist().segments[2].parts[0].uri
        for other in ["2.9.m4s", "3.1.m4s", "4.0.m4s"] {
            let response = try await get("/news/ll/720p/" + uri.replacing("2.0.m4s", with: other))
            #expect(response.status == .notFound, "neither there nor hinted")
        }
        let plain = try #require(channel.state(of: "plain")?.window.revision)
        #expect(try await get("/news/plain/720p/\(plain)/800000002.0.m4s").status == .notFound)
    }

    @Test func aDeltaUpdateAppliedIsTheWhole() async throws {
        try segments(20)
        let before = try await playlist()
        try append(0, of: Self.number + 20)
        let delta = try await playlist("?_HLS_msn=\(Self.number + 20)&_HLS_part=0&_HLS_skip=YES")
        // Those that end more than six target durations from the end.
        #expect(delta.skip?.segments == 13)
        #expect(try delta.completed(from: before) == (try await playlist()))
        #expect(try await playlist("?_HLS_skip=v2") == delta)
    }

    @Test func whoWaitsIsToldOfTheEndAndOfARetirement() async throws {
        try segments(3)
        let ending = request("\(Self.playlist)?_HLS_msn=\(Self.number + 4)")
        feed.end()
        channel.setEnded(true)
        let playlist = try MediaPlaylist(parsing: String(buffer: try await ending.get().body))
        #expect(playlist.isEnded)
        #expect(playlist.preloadHints.isEmpty)
        #expect(playlist.serverControl?.canBlockReload == true)
        channel.setEnded(false)
        let retiring = request("\(Self.playlist)?_HLS_msn=\(Self.number + 4)")
        channel.retire()
        // Not the old playlist under the address of what is to come.
        #expect(try await retiring.get().status == .serviceUnavailable)
    }

    @Test func aPublicationThatDiesKeepsWhatWasListed() async throws {
        try segments(3)
        try append(0, of: Self.number + 3)
        let shown = try #require(try await playlist().segmentInProgress)
        let hinted = request("/news/ll/720p/\(try await playlist().preloadHints[0].uri)")
        feed.end()
        let playlist = try await playlist()
        #expect(playlist.segments.last?.parts == shown.parts)
        #expect(playlist.segments.last?.duration.duration.milliseconds == 500)
        // It waits until the next segment shows that it will never come.
        let second = try TimelineFeed(channel.timeline, feed.tracks)
        try second.add(Self.number + 4, parts: 4)
        #expect(try await hinted.get().status == .notFound)
    }

    /// Behind the last part there is one thing to wait for, by whatever number it is asked for.
    @Test func whatIsFarBehindTheLastPartIsTheNextSegmentsFirst() async throws {
        try segments(3)
        let last = Self.number + 2
        let window = try #require(channel.state(of: "ll")?.window)
        for part in [4, 5, 4096, UInt64.max] {
            let position = MediaPosition(segment: last, part: part)
            #expect(window.canonical(position, of: "720p") == MediaPosition(segment: last + 1, part: 0))
        }
        let waiting = [4, 5, 4096, UInt64.max].map { request("\(Self.playlist)?_HLS_msn=\(last)&_HLS_part=\($0)") }
        try await loop.submit { [content] in #expect(content.waiting == (4, 1)) }.get()
        try append(0, of: last + 1)
        for future in waiting { #expect(try await future.get().status == .ok) }
    }

    /// The connections of one network, not of this machine, hold a part of the places.
    @Test func oneNetworkCannotHoldAllPlaces() async throws {
        try segments(3)
        let goal = PartGoal(
            endpoint: "ll", track: "720p", position: MediaPosition(segment: Self.number + 3, part: 0))
        let address = try SocketAddress(ipAddress: "198.51.100.7", port: 4000)
        let blocked = BlockedRequests()
        let answers = try await loop.submit { [loop, channel] in
            (0...BlockedRequests.maximumOfOne).map { _ in
                blocked.wait(for: goal, in: channel, atMost: .hours(1), by: Asker(on: loop, from: address))
            }
        }.get()
        #expect(blocked.counts.requests == BlockedRequests.maximumOfOne)
        #expect(try await answers[BlockedRequests.maximumOfOne].get() == .tooMany)
        let other = try await loop.submit { [loop, channel] in
            blocked.wait(for: goal, in: channel, atMost: .hours(1), by: Asker(on: loop))
        }.get()
        try append(0, of: Self.number + 3)
        #expect(try await other.get() == .reached)
        #expect(try await answers[0].get() == .reached)
        #expect(blocked.counts.requests == 0)
    }

    /// Many wait for one thing on several event loops, each of which is told once, and hears it on itself.
    @Test func everyEventLoopIsTold() async throws {
        try segments(3)
        let goal = PartGoal(
            endpoint: "ll", track: "720p", position: MediaPosition(segment: Self.number + 3, part: 0))
        let blocked = BlockedRequests()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 3)
        var answers: [EventLoopFuture<Bool>] = []
        for loop in group.makeIterator() {
            for _ in 0..<3 {
                let answer = loop.flatSubmit { [channel] in
                    blocked.wait(for: goal, in: channel, atMost: .hours(1), by: Asker(on: loop))
                        .map { $0 == .reached && loop.inEventLoop }
                }
                answers.append(answer)
            }
            let left = loop.submit { [channel] in
                let asker = Asker(on: loop)
                _ = blocked.wait(for: goal, in: channel, atMost: .hours(1), by: asker)
                asker.left()
            }
            try await left.get()
        }
        #expect(blocked.counts == (9, 1))
        try append(0, of: Self.number + 3)
        for answer in answers { #expect(try await answer.get()) }
        #expect(blocked.counts == (0, 0))
        try await group.shutdownGracefully()
    }

    @Test func networksAreAddressesOfIPv4AndBlocksOfIPv6() {
        #expect(Asker.network(of: [198, 51, 100, 7]) == [198, 51, 100, 7])
        let mapped: [UInt8] = Array(repeating: 0, count: 10) + [255, 255, 198, 51, 100, 7]
        #expect(Asker.network(of: mapped) == [198, 51, 100, 7])
        #expect(Asker.network(of: [0x20, 1, 0xD, 0xB8] + (4..<16).map { $0 }) == [0x20, 1, 0xD, 0xB8, 4, 5, 6, 7])
        #expect(Asker.network(of: [127, 0, 0, 1]) == nil)
        #expect(Asker.network(of: Array(repeating: 0, count: 15) + [1]) == nil)
    }

    /// Who hangs up while a request of theirs waits leaves its place to others: over real sockets.
    @Test func whoHangsUpWaitsNoMore() async throws {
        try segments(3)
        let content = content
        let server = try await OriginServer.start(
            .init(host: "127.0.0.1", port: 0), content: { content.response(for: $0, to: $1) },
            metrics: OriginMetrics(), group: .singleton, clock: { 1_600_000_001_000 })
        func connect(_ part: Int = 0) async throws -> (channel: any Channel, answer: EventLoopFuture<String>) {
            let answer = loop.makePromise(of: String.self)
            let client = try await ClientBootstrap(group: loop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(StatusLine(answer))
                    }
                }.connect(host: "127.0.0.1", port: server.port).get()
            let uri = "\(Self.playlist)?_HLS_msn=\(Self.number + 3)&_HLS_part=\(part)"
            try await client.writeAndFlush(ByteBuffer(string: "GET \(uri) HTTP/1.1\r\nHost: origin\r\n\r\n"))
            return (client, answer.futureResult)
        }
        // The suite's time limit bounds it.
        func wait(for count: Int) async { while content.waiting.requests != count { await Task.yield() } }
        let clients = [try await connect(), try await connect(), try await connect()]
        await wait(for: 3)
        try await clients[0].channel.close()
        await wait(for: 2)
        try await clients[2].channel.close()
        await wait(for: 1)
        // Who came first has gone: the answer still comes.
        try append(0, of: Self.number + 3)
        #expect(try await clients[1].answer.get() == "HTTP/1.1 200")
        await wait(for: 0)
        // All gone: who comes then waits anew.
        let gone = [try await connect(1), try await connect(1)]
        await wait(for: 2)
        for client in gone { try await client.channel.close() }
        await wait(for: 0)
        let next = try await connect(1)
        await wait(for: 1)
        try append(1, of: Self.number + 3)
        #expect(try await next.answer.get() == "HTTP/1.1 200")
        for client in [clients[1], next] { try await client.channel.close() }
        await server.drain()
    }
}

/// The beginning of an answer; nothing where the connection ends before.
private final class StatusLine: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let answer: EventLoopPromise<String>

    init(_ answer: EventLoopPromise<String>) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        answer.succeed(String(String(buffer: unwrapInboundIn(data)).prefix(12)))
    }

    func channelInactive(context: ChannelHandlerContext) { answer.succeed("") }
}
