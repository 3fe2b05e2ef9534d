import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Origin

/// A connection of HTTP/1.1 as bytes: framing, order and ends. RFC 9112.
@Suite struct HTTP1BytesTests {
    /// Answers that come when the test says so, by the last component of their paths.
    private final class Desk: Sendable {
        let promises = NIOLockedValueBox<[String: EventLoopPromise<CachedResponse>]>([:])
        let metrics = OriginMetrics()
        let whatIsThere = NIOLockedValueBox("now")

        func answer(_ path: ResourcePath, _ asker: Asker) -> OriginAnswer {
            guard case .segment(_, _, let number, _) = path.resource else {
                return .ready(Self.response(whatIsThere.withLockedValue { $0 }))
            }
            let promise = asker.eventLoop.makePromise(of: CachedResponse.self)
            promises.withLockedValue { $0["\(number)"] = promise }
            return .later(promise.futureResult)
        }

        static func response(_ text: String) -> CachedResponse {
            CachedResponse(
                status: .ok, contentType: "video/mp4", body: ByteBuffer(string: text), freshness: .seconds(1))
        }

        func give(_ number: Int, _ response: CachedResponse) {
            promises.withLockedValue { $0["\(number)"] }?.succeed(response)
        }

        var asked: [String] { promises.withLockedValue { $0.keys.sorted() } }
    }

    private static func channel(_ desk: Desk, sliceBytes: Int? = nil) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        let handler = RequestHandler(
            wire: .http1, sliceBytes: sliceBytes, content: { desk.answer($0, $1) }, metrics: desk.metrics,
            clock: { 1000 })
        try channel.pipeline.syncOperations.addHandlers(
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)), handler)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    private static func get(_ file: String, _ version: String = "1.1", _ fields: String = "Host: a\r\n") -> String {
        "GET /news/ll/720p/0123456789ab/\(file) HTTP/\(version)\r\n\(fields)\r\n"
    }

    private static func send(_ channel: EmbeddedChannel, _ text: String) throws {
        try channel.writeInbound(ByteBuffer(string: text))
    }

    private static func sent(_ channel: EmbeddedChannel) throws -> String {
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
        return text
    }

    private static func bodies(_ text: String) -> [String] {
        text.components(separatedBy: "HTTP/1.1 ").dropFirst().map { answer in
            answer.components(separatedBy: "\r\n\r\n").dropFirst().joined()
        }
    }

    @Test func anAnswerIsHeadAndBody() throws {
        let channel = try Self.channel(Desk())
        try Self.send(channel, Self.get("init-0.mp4"))
        #expect(
            try Self.sent(channel) == """
                HTTP/1.1 200 OK\r
                date: Thu, 01 Jan 1970 00:00:01 GMT\r
                server: sluice\r
                access-control-allow-origin: *\r
                access-control-expose-headers: Date, Content-Length, Content-Range, ETag, CMSD-Static\r
                cache-control: public, max-age=1\r
                content-type: video/mp4\r
                content-length: 3\r
                \r
                now
                """)
        #expect(channel.isActive)
    }

    @Test func pipelinedRequestsAreAnsweredInTheirOrder() throws {
        let desk = Desk()
        let channel = try Self.channel(desk)
        try Self.send(channel, Self.get("1.m4s") + Self.get("init-0.mp4") + Self.get("2.m4s"))
        #expect(try Self.sent(channel) == "")
        #expect(desk.asked == ["1"], "one at a time")
        desk.give(1, Desk.response("first"))
        #expect(Self.bodies(try Self.sent(channel)) == ["first", "now"])
        #expect(desk.asked == ["1", "2"])
        desk.give(2, Desk.response("last"))
        #expect(Self.bodies(try Self.sent(channel)) == ["last"])
        #expect(desk.metrics.values.responsesByStatus == [200: 3])
    }

    @Test func hundredsOfPipelinedRequestsNeedNoStack() throws {
        let channel = try Self.channel(Desk())
        try Self.send(channel, String(repeating: Self.get("init-0.mp4"), count: 2000))
        // Others of the event loop come in between.
        #expect(Self.bodies(try Self.sent(channel)).count == 32)
        channel.embeddedEventLoop.run()
        #expect(Self.bodies(try Self.sent(channel)).count == 2000 - 32)
    }

    @Test func noMoreIsReadWhileRequestsWait() throws {
        /// Counts what is let through to the socket.
        final class Reads: ChannelOutboundHandler {
            typealias OutboundIn = ByteBuffer
            var count = 0
            func read(context: ChannelHandlerContext) {
                count += 1
                context.read()
            }
        }
        let desk = Desk()
        let channel = try Self.channel(desk)
        let reads = Reads()
        try channel.pipeline.syncOperations.addHandler(reads, position: .first)
        try Self.send(channel, Self.get("1.m4s") + Self.get("init-0.mp4"))
        let before = reads.count
        channel.read()
        #expect(reads.count == before)
        desk.give(1, Desk.response("first"))
        #expect(reads.count == before + 1)
    }

    /// Whoever asks on and on and reads no answer costs what is under way.
    @Test func whoDoesNotReadIsAnsweredNoMore() throws {
        let desk = Desk()
        let channel = try Self.channel(desk)
        channel.isWritable = false
        try Self.send(channel, String(repeating: Self.get("init-0.mp4"), count: 50))
        #expect(try Self.sent(channel) == "" && desk.metrics.values.responsesByStatus == [:])
        channel.isWritable = true
        channel.pipeline.fireChannelWritabilityChanged()
        channel.embeddedEventLoop.run()
        #expect(Self.bodies(try Self.sent(channel)).count == 50)
        // In the order in which they came, with what comes afterwards.
        try Self.send(channel, Self.get("1.m4s") + Self.get("init-0.mp4"))
        channel.isWritable = false
        desk.give(1, Desk.response("first"))
        #expect(Self.bodies(try Self.sent(channel)) == ["first"])
        try Self.send(channel, Self.get("2.m4s"))
        #expect(desk.asked == ["1"])
        channel.isWritable = true
        channel.pipeline.fireChannelWritabilityChanged()
        #expect(Self.bodies(try Self.sent(channel)) == ["now"] && desk.asked == ["1", "2"])
    }

    @Test(arguments: [
        ("1.1", "Host: a\r\n", true, ""), ("1.1", "Host: a\r\nConnection: close\r\n", false, "connection: close\r\n"),
        ("1.0", "", false, "connection: close\r\n"),
        ("1.0", "Connection: keep-alive\r\n", true, "connection: keep-alive\r\n"),
    ])
    func aConnectionStaysAsItsClientWants(
        _ version: String, _ fields: String, _ stays: Bool, _ field: String
    ) throws {
        let channel = try Self.channel(Desk())
        try Self.send(channel, Self.get("init-0.mp4", version, fields))
        let answer = try Self.sent(channel)
        #expect(answer.hasSuffix("content-length: 3\r\n\(field)\r\nnow"))
        #expect(channel.isActive == stays)
    }

    @Test func whatIsMadeWhileItIsSentComesInChunks() throws {
        let desk = Desk()
        let channel = try Self.channel(desk)
        let loop = channel.eventLoop
        let steps: [ResponseStream.Step] = [
            .bytes(ByteBuffer(string: "0123456789abcdef")), .bytes(ByteBuffer()), .bytes(ByteBuffer(string: "!")), .end,
        ]
        let stream = ResponseStream(
            next: { index, _ in loop.makeSucceededFuture(steps[index]) },
            whole: { _ in loop.makeSucceededFuture(Desk.response("whole")) })
        let response = CachedResponse(
            status: .ok, contentType: "video/mp4", body: ByteBuffer(), freshness: .immutable, rest: stream)
        try Self.send(channel, Self.get("1.m4s") + Self.get("init-0.mp4"))
        desk.give(1, response)
        let text = try Self.sent(channel)
        #expect(
            text.contains(
                "\r\ntransfer-encoding: chunked\r\n\r\n10\r\n0123456789abcdef\r\n1\r\n!\r\n0\r\n\r\nHTTP/1.1 "))
        #expect(!text.components(separatedBy: "\r\n\r\n")[0].contains("content-length"))
        #expect(text.hasSuffix("now"))
    }

    @Test func slicesWaitForRoom() throws {
        let desk = Desk()
        let channel = try Self.channel(desk, sliceBytes: 10_000)
        try Self.send(channel, Self.get("1.m4s") + Self.get("init-0.mp4"))
        channel.isWritable = false
        let body = String(repeating: "0123456789", count: 2500)
        desk.give(1, Desk.response(body))
        let head = try Self.sent(channel)
        #expect(head.hasSuffix("content-length: 25000\r\n\r\n"))
        channel.isWritable = true
        channel.pipeline.fireChannelWritabilityChanged()
        let rest = try Self.sent(channel)
        #expect(rest.hasPrefix(body + "HTTP/1.1 200") && rest.hasSuffix("now"))
    }

    /// The one behind it is in slices as well.
    @Test func onesInSlicesFollowEachOther() throws {
        let desk = Desk()
        let channel = try Self.channel(desk, sliceBytes: 10_000)
        try Self.send(channel, Self.get("1.m4s") + Self.get("init-0.mp4") + Self.get("init-1.mp4"))
        let body = String(repeating: "0123456789", count: 2500)
        desk.whatIsThere.withLockedValue { $0 = String(body.reversed()) }
        desk.give(1, Desk.response(body))
        let sent = Self.bodies(try Self.sent(channel))
        #expect(sent == [body, String(body.reversed()), String(body.reversed())])
        try Self.send(channel, Self.get("init-0.mp4"))
        #expect(Self.bodies(try Self.sent(channel)) == [String(body.reversed())])
    }

    /// TLS keeps what is written until it is flushed, and only then is a channel not writable any more.
    @Test func whoReadsNothingIsEncipheredNoMoreThanIsRoomFor() throws {
        final class Enciphering: ChannelOutboundHandler {
            typealias OutboundIn = ByteBuffer
            let room: Int
            var held = 0
            var enciphered = 0
            init(room: Int) { self.room = room }
            func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
                held += unwrapOutboundIn(data).readableBytes
                promise?.succeed()
            }
            func flush(context: ChannelHandlerContext) {
                enciphered += held
                held = 0
                guard enciphered > room, let channel = context.channel as? EmbeddedChannel, channel.isWritable else {
                    return
                }
                channel.isWritable = false
                channel.pipeline.fireChannelWritabilityChanged()
            }
        }
        let (desk, enciphering) = (Desk(), Enciphering(room: 50_000))
        let channel = try Self.channel(desk, sliceBytes: 10_000)
        try channel.pipeline.syncOperations.addHandler(enciphering, position: .first)
        try Self.send(channel, Self.get("1.m4s"))
        desk.give(1, Desk.response(String(repeating: "a", count: 1_000_000)))
        #expect(enciphering.enciphered + enciphering.held < 70_000)
        #expect(enciphering.enciphered > 50_000)
    }

    @Test func whatIsNoRequestIsRefused() throws {
        let desk = Desk()
        let channel = try Self.channel(desk)
        #expect(throws: Never.self) { try Self.send(channel, "GET / HTTP/1.1\r\nbad header\r\n\r\n") }
        let answer = try Self.sent(channel)
        #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n") && answer.contains("\r\nconnection: close\r\n"))
        #expect(!channel.isActive)
        #expect(desk.metrics.values.responsesByStatus == [400: 1])
    }

    @Test func aDrainLetsTheAnswerUnderWayFinish() throws {
        let desk = Desk()
        let channel = try Self.channel(desk)
        try Self.send(channel, Self.get("1.m4s"))
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(channel.isActive)
        desk.give(1, Desk.response("last"))
        #expect(try Self.sent(channel).contains("\r\nconnection: close\r\n\r\nlast"))
        #expect(!channel.isActive)
    }

    /// As any other answer, where who asked for it leaves before it has left.
    @Test func whatIsBrokenOffByItsReaderIsCounted() throws {
        let desk = Desk()
        let channel = try Self.channel(desk)
        let piece = channel.embeddedEventLoop.makePromise(of: ResponseStream.Step.self)
        var response = Desk.response("")
        response.rest = ResponseStream { index, asker in
            index == 0 ? asker.eventLoop.makeSucceededFuture(.bytes(ByteBuffer(string: "first"))) : piece.futureResult
        } whole: {
            $0.eventLoop.makeSucceededFuture(.notFound)
        }
        try Self.send(channel, Self.get("1.m4s"))
        desk.give(1, response)
        #expect(try Self.sent(channel).contains("first"))
        #expect(desk.metrics.values.responsesByStatus.isEmpty)
        try channel.close().wait()
        piece.succeed(.end)
        #expect(desk.metrics.values.responsesByStatus == [200: 1] && desk.metrics.values.bodyBytes == 5)
    }

    @Test func aDrainEndsWhatIsIdle() throws {
        let channel = try Self.channel(Desk())
        try Self.send(channel, Self.get("init-0.mp4"))
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(!channel.isActive)
    }

    @Test func noLengthOfNoContent() throws {
        let channel = try Self.channel(Desk())
        try Self.send(channel, "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n")
        let answer = try Self.sent(channel)
        #expect(answer.hasPrefix("HTTP/1.1 204 No Content\r\n") && !answer.contains("content-length"))
    }
}
