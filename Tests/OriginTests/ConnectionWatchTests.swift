import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Origin

/// Who gets on stays, who does not is cut: by progress.
@Suite struct ConnectionWatchTests {
    private static let timeout = TimeAmount.seconds(60)

    private static func channel() throws -> (EmbeddedChannel, ConnectionWatch) {
        let channel = EmbeddedChannel()
        let watch = ConnectionWatch(channel, OriginMetrics())
        WatchRound(on: channel.embeddedEventLoop, timeout: timeout).add(watch)
        let response = CachedResponse(
            status: .ok, contentType: "video/mp4", body: ByteBuffer(string: "now"), freshness: .immutable)
        let handler = RequestHandler(
            wire: .http1, content: { _, _ in .ready(response) }, metrics: OriginMetrics(), clock: { 0 }, watch: watch)
        try channel.pipeline.syncOperations.addHandlers(
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)), handler)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return (channel, watch)
    }

    @Test func whoAsksStays() throws {
        let (channel, _) = try Self.channel()
        for _ in 0..<10 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(50))
            try channel.writeInbound(
                ByteBuffer(string: "GET /news/ll/720p/0123456789ab/1.m4s HTTP/1.1\r\nHost: a\r\n\r\n"))
        }
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(90))
        #expect(!channel.isActive)
    }

    @Test func halfARequestIsNoProgress() throws {
        let (channel, _) = try Self.channel()
        try channel.writeInbound(ByteBuffer(string: "GET /news/ll/720p/0123456789ab/1.m4s HTTP/1.1\r\n"))
        for byte in 0..<9 where channel.isActive {
            channel.embeddedEventLoop.advanceTime(by: .seconds(10))
            try channel.writeInbound(ByteBuffer(string: "X-\(byte): y\r\n"))
        }
        #expect(!channel.isActive)
    }

    @Test func aStreamIsWatchedByItself() throws {
        let (channel, watch) = try Self.channel()
        let stream = EmbeddedChannel(loop: channel.embeddedEventLoop)
        let answer = channel.eventLoop.makePromise(of: CachedResponse.self)
        let handler = RequestHandler(
            wire: .http2, content: { _, _ in .later(answer.futureResult) }, metrics: OriginMetrics(), clock: { 0 },
            watch: watch)
        try stream.pipeline.syncOperations.addHandler(handler)
        try stream.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let head = HTTPRequestHead(
            version: HTTPVersion(major: 2, minor: 0), method: .GET, uri: "/news/ll/720p/0123456789ab/1.m4s")
        try stream.writeInbound(HTTPServerRequestPart.head(head))
        try stream.writeInbound(HTTPServerRequestPart.end(nil))
        for _ in 0..<4 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(15))
            watch.note()
        }
        #expect(stream.isActive, "the whole request was progress")
        channel.embeddedEventLoop.advanceTime(by: .seconds(15))
        #expect(!stream.isActive && channel.isActive)
        answer.fail(ChannelError.eof)
    }
}
