import Access
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOPosix
import Settings
import Testing

@testable import Origin

/// Connections and requests of strangers, held to the limits.
@Suite(.timeLimit(.minutes(5))) struct OriginLimitsTests {
    private static func request(_ fields: String = "") -> String {
        "GET /news/ll/720p/playlist.m3u8 HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
    }
    private let loop = EmbeddedEventLoop()
    private let metrics = OriginMetrics()
    private let now = NIOLockedValueBox<Int64>(1_600_000_000_000)

    private func connections(
        proxies: TrustedProxies = TrustedProxies(), rates: ChannelRates? = nil,
        _ change: (inout OriginLimits) -> Void
    ) -> OriginConnections {
        var limits = OriginLimits()
        change(&limits)
        let answer = CachedResponse(
            status: .ok, contentType: "a/b", body: ByteBuffer(string: "ok"), freshness: .seconds(1))
        let now = now
        return OriginConnections(
            content: { _, _ in .ready(answer) }, access: nil, metrics: metrics, clock: { now.withLockedValue { $0 } },
            idleTimeout: .seconds(60), limits: limits, rates: rates, proxies: proxies, group: loop)
    }

    /// One from there.
    /// - Parameter header: with which it begins, where the listener wants one.
    private func connect(
        _ connections: OriginConnections, from address: String, as header: String? = nil
    ) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(loop: loop)
        try channel.connect(to: SocketAddress(ipAddress: address, port: 1)).wait()
        try connections.take(channel, certificate: nil, isProxied: header != nil)
        if let header { try channel.writeInbound(ByteBuffer(string: header)) }
        loop.run()
        return channel
    }

    /// The status, and what Retry-After says; nil: closed without a word.
    private func ask(_ channel: EmbeddedChannel, for viewer: String? = nil) throws -> String? {
        guard channel.isActive else { return nil }
        let field = viewer.map { "X-Forwarded-For: \($0)\r\n" } ?? ""
        try channel.writeInbound(ByteBuffer(string: Self.request(field)))
        var bytes = ByteBuffer()
        while var more = try channel.readOutbound(as: ByteBuffer.self) { bytes.writeBuffer(&more) }
        let lines = String(buffer: bytes).split(separator: "\r\n")
        let later = lines.first { $0.hasPrefix("retry-after: ") }.map { " \($0.dropFirst(13))" } ?? ""
        return lines.first.map { "\($0.dropFirst(9).prefix(3))\(later)" }
    }

    @Test func requestsAreCountedByAddress() throws {
        let connections = connections { $0.requestRate = AddressRate(perSecond: 1, burst: 2) }
        let one = try connect(connections, from: "192.0.2.1")
        #expect(try (0..<4).map { _ in try ask(one) } == ["200", "200", "429 1", "429 1"])
        // Of the same address, over another connection; and of a neighbour.
        #expect(try ask(connect(connections, from: "192.0.2.1")) == "429 1")
        #expect(try ask(connect(connections, from: "192.0.2.2")) == "200")
        // Its connection is good for more.
        now.withLockedValue { $0 += 1000 }
        #expect(try ask(one) == "200")
        #expect(one.isActive && metrics.values.atBounds == [.requestRate: 3])
        #expect(metrics.values.responsesByStatus[429] == 3)
        for _ in 0..<10 { #expect(try ask(connect(connections, from: "127.0.0.1")) == "200") }
    }

    @Test func anIPv6NetworkIsOneAddress() throws {
        let connections = connections { $0.requestRate = AddressRate(perSecond: 1, burst: 1) }
        #expect(try ask(connect(connections, from: "2001:db8::1")) == "200")
        #expect(try ask(connect(connections, from: "2001:db8::ffff:1")) == "429 1")
        #expect(try ask(connect(connections, from: "2001:db8:0:1::1")) == "200")
        // As a listener of both kinds has them.
        #expect(try ask(connect(connections, from: "::ffff:192.0.2.1")) == "200")
        #expect(try ask(connect(connections, from: "192.0.2.1")) == "429 1")
        for _ in 0..<2 { #expect(try ask(connect(connections, from: "::1")) == "200") }
    }

    @Test func connectionsAreCountedByTime() throws {
        let connections = connections { $0.connectionRate = AddressRate(perSecond: 1, burst: 2) }
        let first = try connect(connections, from: "192.0.2.1")
        _ = try connect(connections, from: "192.0.2.1")
        let third = try connect(connections, from: "192.0.2.1")
        #expect(try ask(third) == "429 1")
        loop.run()
        #expect(!third.isActive && first.isActive)
        #expect(try ask(first) == "200")
        now.withLockedValue { $0 += 1000 }
        #expect(try ask(connect(connections, from: "192.0.2.1")) == "200")
        #expect(metrics.values.atBounds == [.connectionRate: 1] && metrics.values.openConnections == 3)
    }

    /// Who says nothing has five seconds, and only so many may.
    @Test func refusedOnesDoNotStay() throws {
        let connections = connections { $0.connectionRate = AddressRate(perSecond: 1, burst: 1) }
        _ = try connect(connections, from: "192.0.2.1")
        let refused = try (0..<OriginGuard.maximumRefusing).map { _ in try connect(connections, from: "192.0.2.1") }
        #expect(refused.count { $0.isActive } == refused.count)
        #expect(try ask(connect(connections, from: "192.0.2.1")) == nil)
        loop.advanceTime(by: .seconds(5))
        #expect(refused.count { $0.isActive } == 0)
        #expect(try ask(connect(connections, from: "192.0.2.1")) == "429 1")
        // A client of HTTP/2 understands no answer of HTTP/1.1.
        let other = try connect(connections, from: "192.0.2.1")
        try other.writeInbound(ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
        loop.run()
        #expect(try other.readOutbound(as: ByteBuffer.self) == nil)
        #expect(!other.isActive)
    }

    @Test func connectionsAreCounted() throws {
        let connections = connections {
            $0.maximumConnections = 4
            $0.maximumConnectionsOfOne = 2
        }
        let first = try connect(connections, from: "192.0.2.1")
        _ = try connect(connections, from: "192.0.2.1")
        #expect(try ask(connect(connections, from: "192.0.2.1")) == "429 1")
        _ = try connect(connections, from: "192.0.2.2")
        // This machine's own are counted with all, not by their address.
        _ = try connect(connections, from: "127.0.0.1")
        #expect(try ask(connect(connections, from: "192.0.2.3")) == nil)
        try first.close().wait()
        loop.run()
        #expect(try ask(connect(connections, from: "192.0.2.3")) == "200")
        #expect(metrics.values.atBounds == [.connections: 1, .connectionsOfOneAddress: 1])
        #expect(metrics.values.openConnections == 4)
    }

    /// A proxy's connections are nobody's flood, and its viewers are counted each by itself.
    @Test func aTrustedProxyIsCountedByItsViewers() throws {
        let proxy = try #require(CIDR(parsing: "192.0.2.0/24"))
        let connections = connections(proxies: TrustedProxies([proxy], header: .xForwardedFor)) {
            $0.connectionRate = AddressRate(perSecond: 1, burst: 1)
            $0.maximumConnectionsOfOne = 1
            $0.requestRate = AddressRate(perSecond: 1, burst: 1)
        }
        let channels = try (0..<3).map { _ in try connect(connections, from: "192.0.2.1") }
        #expect(try ask(channels[0], for: "198.51.100.1") == "200")
        #expect(try ask(channels[1], for: "198.51.100.1") == "429 1")
        #expect(try ask(channels[1], for: "198.51.100.2") == "200")
        #expect(try ask(channels[2], for: "2001:db8::1") == "200")
        #expect(try ask(channels[2], for: "2001:db8::2") == "429 1")
        // Who is no proxy cannot choose who it is.
        let stranger = try connect(connections, from: "203.0.113.1")
        #expect(try ask(stranger, for: "198.51.100.3") == "200")
        #expect(try ask(stranger, for: "198.51.100.4") == "429 1")
    }

    /// Behind a PROXY header connections are counted as their viewers', and closed without a word.
    @Test func aConnectionIsWhoseTheProxySaysItIs() throws {
        let proxy = try #require(CIDR(parsing: "10.0.0.0/8"))
        func line(_ viewer: String) -> String { "PROXY TCP4 \(viewer) 198.51.100.1 4711 80\r\n" }
        let byCount = connections(proxies: TrustedProxies([proxy])) { $0.maximumConnectionsOfOne = 1 }
        let first = try connect(byCount, from: "10.0.0.1", as: line("192.0.2.1"))
        #expect(try ask(first) == "200")
        #expect(try !connect(byCount, from: "10.0.0.2", as: line("192.0.2.1")).isActive)
        #expect(try ask(connect(byCount, from: "10.0.0.1", as: line("192.0.2.2"))) == "200")
        // Another proxy's, and one that asks for itself.
        for _ in 0..<2 {
            #expect(try ask(connect(byCount, from: "10.0.0.1", as: line("10.0.0.9"))) == "200")
            #expect(try ask(connect(byCount, from: "10.0.0.1", as: "PROXY UNKNOWN\r\n")) == "200")
        }
        #expect(metrics.values.atBounds == [.connectionsOfOneAddress: 1])
        try first.close().wait()
        loop.run()
        #expect(try ask(connect(byCount, from: "10.0.0.2", as: line("192.0.2.1"))) == "200")

        let byTime = connections(proxies: TrustedProxies([proxy])) {
            $0.connectionRate = AddressRate(perSecond: 1, burst: 1)
        }
        #expect(try ask(connect(byTime, from: "10.0.0.1", as: line("192.0.2.1"))) == "200")
        #expect(try !connect(byTime, from: "10.0.0.1", as: line("192.0.2.1")).isActive)
        now.withLockedValue { $0 += 1000 }
        #expect(try ask(connect(byTime, from: "10.0.0.1", as: line("192.0.2.1"))) == "200")
        #expect(metrics.values.atBounds == [.connectionsOfOneAddress: 1, .connectionRate: 1])
    }

    /// A viewer of whom the proxy says nothing that can be read does not use up what the proxy's own looks need.
    @Test func whoCannotBeToldHasARateApart() throws {
        let proxy = try #require(CIDR(parsing: "192.0.2.0/24"))
        let connections = connections(proxies: TrustedProxies([proxy], header: .xForwardedFor)) {
            $0.requestRate = AddressRate(perSecond: 1, burst: 1)
        }
        let channel = try connect(connections, from: "192.0.2.1")
        #expect(try ask(channel, for: "unknown") == "200")
        #expect(try ask(channel, for: "unknown") == "429 1")
        for _ in 0..<3 { #expect(try ask(channel) == "200") }
    }

    @Test func whoIsOverTheRateAndWantsAnotherProtocolIsLetGo() throws {
        let connections = connections { $0.requestRate = AddressRate(perSecond: 1, burst: 1) }
        let one = try connect(connections, from: "192.0.2.1")
        #expect(try ask(one) == "200")
        try one.writeInbound(ByteBuffer(string: Self.request("Upgrade: websocket\r\nConnection: upgrade\r\n")))
        loop.run()
        let answer = try #require(try one.readOutbound(as: ByteBuffer.self))
        #expect(String(buffer: answer).hasPrefix("HTTP/1.1 429 ") && !one.isActive)
    }

    /// Over real sockets: closed while it is being set up.
    @Test func oneTooManyIsClosedAtOnce() async throws {
        var configuration = OriginServer.Configuration(host: "127.0.0.1", port: 0)
        configuration.limits.maximumConnections = 1
        let server = try await OriginServer.start(
            configuration, content: { _, _ in .ready(.notFound) }, metrics: metrics, group: .singleton, clock: { 1000 })
        let first = try await HTTP2Client(port: server.port)
        #expect(try await first.get("/").status == "404")
        let answer = try await RawConnection.send(ByteBuffer(string: Self.request()), port: server.port)
        #expect(answer.readableBytes == 0 && metrics.values.atBounds[.connections] == 1)
        #expect(try await first.get("/").status == "404")
        try await first.channel.close()
        await server.drain()
    }

    @Test func aChannelHasARateOfItsOwn() throws {
        let rates = ChannelRates(metrics: metrics)
        let connections = connections(rates: rates) { _ in }
        let one = try connect(connections, from: "192.0.2.1")
        for _ in 0..<3 { #expect(try ask(one) == "200") }
        #expect(rates.set(AddressRate(perSecond: 1, burst: 2), of: "news"))
        #expect(rates.set(AddressRate(perSecond: 1, burst: 1), of: "sport"))
        #expect(try (0..<3).map { _ in try ask(one) } == ["200", "200", "429 1"])
        #expect(try ask(connect(connections, from: "192.0.2.2")) == "200")
        #expect(metrics.values.atBounds == [.requestRate: 1])
        // A reload that says the same forgets nobody; another one counts anew.
        #expect(!rates.set(AddressRate(perSecond: 1, burst: 2), of: "news"))
        #expect(try ask(one) == "429 1")
        #expect(rates.set(AddressRate(perSecond: 1, burst: 3), of: "news"))
        #expect(try (0..<4).map { _ in try ask(one) } == ["200", "200", "200", "429 1"])
        #expect(rates.set(nil, of: "news") && !rates.isEmpty)
        for _ in 0..<10 { #expect(try ask(one) == "200") }
        #expect(rates.set(nil, of: "sport") && rates.isEmpty)
    }

    @Test func withoutLimitsNothingIsCounted() throws {
        let connections = connections { _ in }
        let one = try connect(connections, from: "192.0.2.1")
        for _ in 0..<1000 { #expect(try ask(one) == "200") }
        #expect(metrics.values.atBounds.isEmpty)
    }
}
