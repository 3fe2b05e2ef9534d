import Access
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Settings
import Testing

@testable import Origin

/// Whose address counts, from the bytes of a connection to what access rules are asked.
@Suite struct ViewerAddressTests {
    /// Answers each request with the address that it comes from.
    private static let content: OriginContent = { _, asker in
        .ready(.text(.ok, asker.address.map { "\($0)" } ?? "nobody", freshness: .noStore))
    }

    private static func channel(
        from address: String = "10.0.0.1", isProxied: Bool = false, header: ForwardedHeader = .xForwardedFor
    ) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        let peer = try SocketAddress(ipAddress: address, port: 1)
        try channel.connect(to: peer).wait()
        let networks = ["10.0.0.0/8", "2001:db8:1::/48"].compactMap { CIDR(parsing: $0) }
        let connections = OriginConnections(
            content: content, access: nil, metrics: OriginMetrics(), clock: { 1000 }, idleTimeout: .seconds(60),
            proxies: TrustedProxies(networks, header: header), group: channel.embeddedEventLoop)
        try connections.take(channel, certificate: nil, isProxied: isProxied)
        return channel
    }

    /// The bodies of the answers.
    private static func ask(_ channel: EmbeddedChannel, _ bytes: [UInt8]) throws -> [String] {
        try channel.writeInbound(ByteBuffer(bytes: bytes))
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
        return text.split(separator: "\r\n\r\n").dropFirst().map { String($0.prefix { $0 != "\n" }) }
    }

    private static func get(_ fields: String = "") -> [UInt8] {
        Array("GET /news/hls/index.m3u8 HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8)
    }

    private static let line = Array("PROXY TCP4 192.0.2.7 198.51.100.1 4711 80\r\n".utf8)

    @Test func trustedProxiesSayForWhomTheyAsk() throws {
        let channel = try Self.channel()
        #expect(try Self.ask(channel, Self.get()) == ["10.0.0.1"])
        #expect(try Self.ask(channel, Self.get("X-Forwarded-For: 1.1.1.1, 192.0.2.7\r\n")) == ["192.0.2.7"])
        #expect(try Self.ask(channel, Self.get("x-forwarded-for: 192.0.2.8\r\n")) == ["192.0.2.8"])
        // Of one request, and of this header.
        #expect(try Self.ask(channel, Self.get("Forwarded: for=192.0.2.7\r\n")) == ["10.0.0.1"])
        #expect(try Self.ask(channel, Self.get("X-Forwarded-For: unknown\r\n")) == ["nobody"])
        let other = try Self.channel(header: .forwarded)
        #expect(
            try Self.ask(other, Self.get("Forwarded: for=192.0.2.7\r\nX-Forwarded-For: 1.1.1.1\r\n")) == ["192.0.2.7"])
    }

    @Test func whoElseSaysSoIsPassedOver() throws {
        let channel = try Self.channel(from: "192.0.2.9")
        #expect(try Self.ask(channel, Self.get("X-Forwarded-For: 10.0.0.1\r\n")) == ["192.0.2.9"])
        #expect(try Self.ask(channel, Self.get("X-Forwarded-For: 192.0.2.7\r\n")) == ["192.0.2.9"])
    }

    @Test(arguments: [line, ProxyHeaderTests.binary(family: 0x11, ProxyHeaderTests.v4)])
    func connectionsStandForOthers(_ header: [UInt8]) throws {
        let channel = try Self.channel(isProxied: true)
        // Who connected is no proxy of ours, so its header counts for nothing.
        let fields = "X-Forwarded-For: 1.1.1.1\r\n"
        #expect(try Self.ask(channel, header + Self.get(fields)) == ["192.0.2.7"])
        #expect(try Self.ask(channel, Self.get()) == ["192.0.2.7"])
        let slow = try Self.channel(isProxied: true)
        for byte in header { #expect(try Self.ask(slow, [byte]) == []) }
        #expect(try Self.ask(slow, Self.get()) == ["192.0.2.7"])
    }

    @Test func aProxyBehindAProxyIsBelievedToo() throws {
        let channel = try Self.channel(isProxied: true)
        let header = Array("PROXY TCP4 10.5.5.5 198.51.100.1 4711 80\r\n".utf8)
        #expect(try Self.ask(channel, header + Self.get("X-Forwarded-For: 1.1.1.1, 192.0.2.7\r\n")) == ["192.0.2.7"])
    }

    @Test func aLookWhetherWeAreWellIsTheProxysOwn() throws {
        for header in [Array("PROXY UNKNOWN\r\n".utf8), ProxyHeaderTests.binary(command: 0x20, family: 0, [])] {
            let channel = try Self.channel(isProxied: true)
            #expect(try Self.ask(channel, header + Self.get()) == ["10.0.0.1"])
        }
    }

    @Test func aTrustedConnectionWithoutTheHeaderIsClosed() throws {
        for bytes in [Self.get(), Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8), [0x16, 3, 1, 0, 5]] {
            let channel = try Self.channel(isProxied: true)
            #expect(try Self.ask(channel, bytes) == [])
            #expect(!channel.isActive)
        }
    }

    @Test func nobodyElseMaySendIt() throws {
        let channel = try Self.channel(from: "192.0.2.9", isProxied: true)
        #expect(try Self.ask(channel, Self.get()) == ["192.0.2.9"])
        for header in [Self.line, ProxyHeaderTests.binary(family: 0x11, ProxyHeaderTests.v4)] {
            let channel = try Self.channel(from: "192.0.2.9", isProxied: true)
            #expect(try Self.ask(channel, header + Self.get()) == ["malformed request"])
            #expect(!channel.isActive)
            // Nor anybody where the listener does not speak it.
            let plain = try Self.channel(isProxied: false)
            #expect(try Self.ask(plain, header + Self.get()) == ["malformed request"])
        }
    }

    @Test func aDrainClosesWhoHasSaidNothing() throws {
        let channel = try Self.channel(isProxied: true)
        _ = try Self.ask(channel, Array(Self.line.prefix(9)))
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(!channel.isActive)
    }

    /// Rules ask for the viewer, and whoever cannot be named does not come in.
    @Test func rulesAreAskedForTheViewer() throws {
        let text = """
            channel: news
            ingest: { streamKeys: { primary: key } }
            video: [{ name: high, codec: copy }]
            audio: []
            access: { deny: [192.0.2.0/24] }
            endpoints: [{ id: hls, package: hls }]
            """
        let (profile, diagnostics) = ChannelProfile.load(text: text, file: "p", environment: [:])
        let desk = AccessDesk { _ in }
        _ = try desk.set(try #require(profile, "\(diagnostics)").access, of: "news")
        let channel = EmbeddedChannel()
        try channel.connect(to: SocketAddress(ipAddress: "10.0.0.1", port: 1)).wait()
        let connections = OriginConnections(
            content: Self.content, access: desk, metrics: OriginMetrics(), clock: { 1000 }, idleTimeout: .seconds(60),
            proxies: TrustedProxies([try #require(CIDR(parsing: "10.0.0.0/8"))]), group: channel.embeddedEventLoop)
        try connections.take(channel, certificate: nil, isProxied: false)
        #expect(try Self.ask(channel, Self.get("X-Forwarded-For: 203.0.113.5\r\n")) == ["203.0.113.5"])
        #expect(try Self.ask(channel, Self.get("X-Forwarded-For: 203.0.113.5, 192.0.2.7\r\n")) == ["forbidden"])
        #expect(try Self.ask(channel, Self.get("X-Forwarded-For: unknown\r\n")) == ["forbidden"])
        #expect(desk.refusals == [.addressDenied: 1, .addressUnknown: 1])
    }
}
