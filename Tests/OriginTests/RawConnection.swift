import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOTLS

/// A connection to an origin that is given bytes, whatever they mean.
enum RawConnection {
    /// Bytes to the origin, and all that comes until it closes.
    static func send(_ bytes: ByteBuffer, port: Int) async throws -> ByteBuffer {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let all = loop.makePromise(of: ByteBuffer.self)
        let client = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(UntilClosed(all))
                }
            }.connect(host: "127.0.0.1", port: port).get()
        client.writeAndFlush(bytes, promise: nil)
        return try await all.futureResult.get()
    }

    final class UntilClosed: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let promise: EventLoopPromise<ByteBuffer>
        /// What ALPN agreed on.
        private let agreed: NIOLockedValueBox<String?>
        private var all = ByteBuffer()

        init(_ promise: EventLoopPromise<ByteBuffer>, _ agreed: NIOLockedValueBox<String?> = .init(nil)) {
            self.promise = promise
            self.agreed = agreed
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            all.writeBuffer(&bytes)
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            guard case .handshakeCompleted(let negotiated)? = event as? TLSUserEvent else { return }
            agreed.withLockedValue { $0 = negotiated }
        }

        func channelInactive(context: ChannelHandlerContext) { promise.succeed(all) }
        // A reset: what came before it has been read.
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
