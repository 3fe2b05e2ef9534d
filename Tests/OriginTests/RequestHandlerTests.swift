import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Origin

/// One request whose body is sent while it is made, in parts of HTTP's model. RFC 9112, clauses 7.1 and 8.
@Suite struct RequestHandlerTests {
    /// A body whose pieces come when the test says so.
    private final class Body: Sendable {
        let asked = NIOLockedValueBox<[EventLoopPromise<ResponseStream.Step>]>([])

        func response(on loop: any EventLoop) -> CachedResponse {
            let stream = ResponseStream(
                next: { index, _ in
                    let promise = loop.makePromise(of: ResponseStream.Step.self)
                    self.asked.withLockedValue { asked in
                        #expect(asked.count == index, "one after the other")
                        asked.append(promise)
                    }
                    return promise.futureResult
                },
                whole: { _ in
                    loop.makeSucceededFuture(
                        CachedResponse(
                            status: .ok, contentType: "video/mp4", body: ByteBuffer(string: "whole"),
                            freshness: .immutable))
                })
            return CachedResponse(
                status: .ok, contentType: "video/mp4", body: ByteBuffer(), entityTag: "1", freshness: .immutable,
                rest: stream)
        }

        func give(_ step: ResponseStream.Step) { asked.withLockedValue { $0.last }?.succeed(step) }
        var count: Int { asked.withLockedValue { $0.count } }
    }

    private static func channel(_ body: Body, _ metrics: OriginMetrics = OriginMetrics()) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        let handler = RequestHandler(
            wire: .http2, content: { _, asker in .ready(body.response(on: asker.eventLoop)) }, metrics: metrics,
            clock: { 1000 })
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    private static func ask(
        _ channel: EmbeddedChannel, _ method: HTTPMethod = .GET, _ version: HTTPVersion = .http1_1,
        _ headers: HTTPHeaders = [:]
    ) throws {
        try channel.writeInbound(
            HTTPServerRequestPart.head(
                .init(version: version, method: method, uri: "/news/ll/720p/0123456789ab/1.m4s", headers: headers)))
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
    }

    private static func sent(_ channel: EmbeddedChannel) throws -> [HTTPServerResponsePart] {
        var parts: [HTTPServerResponsePart] = []
        while let part = try channel.readOutbound(as: HTTPServerResponsePart.self) { parts.append(part) }
        return parts
    }

    private static func text(_ parts: [HTTPServerResponsePart]) -> String {
        parts.map { part in
            switch part {
            case .head(let head): "head \(head.status.code);"
            case .body(.byteBuffer(let buffer)): "\(String(buffer: buffer));"
            case .body: "file;"
            case .end: "end"
            }
        }.joined()
    }

    @Test func piecesAreSentAsTheyCome() throws {
        let (body, metrics) = (Body(), OriginMetrics())
        let channel = try Self.channel(body, metrics)
        try Self.ask(channel, .GET, .http1_1, ["range": "bytes=0-"])
        body.give(.bytes(ByteBuffer(string: "one")))
        let parts = try Self.sent(channel)
        #expect(Self.text(parts) == "head 200;one;")
        guard case .head(let head)? = parts.first else { return }
        #expect(head.headers["content-length"].isEmpty && head.headers["accept-ranges"].isEmpty)
        #expect(head.headers["etag"] == ["\"1\""])
        body.give(.bytes(ByteBuffer(string: "two")))
        #expect(Self.text(try Self.sent(channel)) == "two;")
        body.give(.end)
        #expect(Self.text(try Self.sent(channel)) == "end")
        #expect(channel.isActive)
        #expect(metrics.values.responsesByStatus == [200: 1] && metrics.values.bodyBytes == 6)
    }

    @Test func whatIsBrokenOffHasNoEnd() throws {
        let (body, metrics) = (Body(), OriginMetrics())
        let channel = try Self.channel(body, metrics)
        try Self.ask(channel)
        body.give(.bytes(ByteBuffer(string: "one")))
        body.give(.broken)
        #expect(Self.text(try Self.sent(channel)) == "head 200;one;")
        #expect(!channel.isActive)
        #expect(metrics.values.broken == 1 && metrics.values.responsesByStatus.isEmpty)
    }

    @Test func aSlowReaderIsGivenNoMore() throws {
        let body = Body()
        let channel = try Self.channel(body)
        try Self.ask(channel)
        channel.isWritable = false
        channel.pipeline.fireChannelWritabilityChanged()
        body.give(.bytes(ByteBuffer(string: "one")))
        #expect(body.count == 1, "the next is not asked for")
        channel.isWritable = true
        channel.pipeline.fireChannelWritabilityChanged()
        #expect(body.count == 2)
        body.give(.end)
        #expect(Self.text(try Self.sent(channel)) == "head 200;one;end")
    }

    @Test func whoLeavesIsSentNoMore() throws {
        let body = Body()
        let channel = try Self.channel(body)
        try Self.ask(channel)
        try channel.close().wait()
        body.give(.bytes(ByteBuffer(string: "one")))
        #expect(body.count == 1)
    }

    @Test(arguments: [HTTPMethod.GET, .HEAD]) func whoKnowsNoChunksGetsTheWhole(_ method: HTTPMethod) throws {
        let body = Body()
        let channel = try Self.channel(body)
        try Self.ask(channel, method, method == .GET ? .http1_0 : .http1_1)
        let parts = try Self.sent(channel)
        #expect(Self.text(parts) == (method == .GET ? "head 200;whole;end" : "head 200;end"))
        guard case .head(let head)? = parts.first else { return }
        #expect(head.headers["content-length"] == ["5"])
        #expect(body.count == 0)
    }

    @Test func whatIsKnownIsNotSentAgain() throws {
        let body = Body()
        let channel = try Self.channel(body)
        try Self.ask(channel, .GET, .http1_1, ["if-none-match": "\"1\""])
        #expect(Self.text(try Self.sent(channel)) == "head 304;end")
    }
}
