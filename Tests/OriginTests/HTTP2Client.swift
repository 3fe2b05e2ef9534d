import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import NIOSSL

/// One connection of HTTP/2 to an origin, and what came over it.
final class HTTP2Client: Sendable {
    struct Answer: Sendable {
        var fields: HPACKHeaders
        var body: ByteBuffer
        var status: String? { fields.first(name: ":status") }
    }

    /// A stream that was reset.
    struct Reset: Error {}

    let channel: any Channel
    private let multiplexer: NIOHTTP2Handler.StreamMultiplexer
    /// The error code of a GOAWAY, when one came.
    let farewell: EventLoopFuture<HTTP2ErrorCode>

    /// - Parameters:
    ///   - isSecure: over TLS, with ALPN.
    ///   - window: bytes of a body that the origin may send unasked.
    init(port: Int, isSecure: Bool = false, window: Int? = nil) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let farewell = loop.makePromise(of: HTTP2ErrorCode.self)
        self.farewell = farewell.futureResult
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        if let window {
            configuration.initialSettings.append(HTTP2Setting(parameter: .initialWindowSize, value: window))
        }
        var streams = NIOHTTP2Handler.StreamConfiguration()
        if let window { streams.targetWindowSize = window }
        let (connectionLimits, streamLimits) = (configuration, streams)
        var tls: NIOSSLContext?
        if isSecure {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.certificateVerification = .none
            configuration.applicationProtocols = ["h2"]
            tls = try NIOSSLContext(configuration: configuration)
        }
        let context = tls
        channel = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context {
                        try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
                    }
                    let http2 = NIOHTTP2Handler(
                        mode: .client, eventLoop: channel.eventLoop, connectionConfiguration: connectionLimits,
                        streamConfiguration: streamLimits
                    ) { $0.eventLoop.makeSucceededVoidFuture() }
                    try pipeline.addHandlers(http2, Farewell(farewell))
                }
            }.connect(host: "127.0.0.1", port: port).get()
        multiplexer = try await channel.pipeline.handler(type: NIOHTTP2Handler.self).flatMap(\.multiplexer).get()
    }

    /// Asks, on a stream of its own.
    /// - Parameter onPiece: told of each piece of the body.
    func ask(
        _ path: String, method: String = "GET", fields: [(String, String)] = [],
        onPiece: @escaping @Sendable (ByteBuffer) -> Void = { _ in }
    ) async throws -> (stream: any Channel, answer: EventLoopFuture<Answer>) {
        let promise = channel.eventLoop.makePromise(of: Answer.self)
        let stream = try await multiplexer.createStreamChannel { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(Collector(promise, onPiece))
            }
        }.get()
        let head: [(String, String)] = [
            (":method", method), (":path", path), (":scheme", "http"), (":authority", "origin"),
        ]
        let headers = HTTP2Frame.FramePayload.headers(.init(headers: HPACKHeaders(head + fields), endStream: true))
        stream.writeAndFlush(headers, promise: nil)
        return (stream, promise.futureResult)
    }

    func get(_ path: String, fields: [(String, String)] = []) async throws -> Answer {
        try await ask(path, fields: fields).answer.get()
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = HTTP2Frame.FramePayload
        private let promise: EventLoopPromise<Answer>
        private let onPiece: @Sendable (ByteBuffer) -> Void
        private var answer = Answer(fields: [:], body: ByteBuffer())

        init(_ promise: EventLoopPromise<Answer>, _ onPiece: @escaping @Sendable (ByteBuffer) -> Void) {
            self.promise = promise
            self.onPiece = onPiece
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .headers(let headers):
                answer.fields = headers.headers
                if headers.endStream { promise.succeed(answer) }
            case .data(let data):
                guard case .byteBuffer(var bytes) = data.data else { return }
                if bytes.readableBytes > 0 { onPiece(bytes) }
                answer.body.writeBuffer(&bytes)
                if data.endStream { promise.succeed(answer) }
            default: break
            }
        }

        func channelInactive(context: ChannelHandlerContext) { promise.fail(Reset()) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private final class Farewell: ChannelInboundHandler {
        typealias InboundIn = HTTP2Frame
        private let promise: EventLoopPromise<HTTP2ErrorCode>

        init(_ promise: EventLoopPromise<HTTP2ErrorCode>) { self.promise = promise }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if case .goAway(_, let code, _) = unwrapInboundIn(data).payload { promise.succeed(code) }
        }

        func channelInactive(context: ChannelHandlerContext) {
            promise.fail(ChannelError.eof)
            context.fireChannelInactive()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {}
    }
}
