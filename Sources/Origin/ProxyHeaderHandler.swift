import Access
import NIOCore

/// Takes the PROXY header off the beginning of a connection from a trusted proxy, in front of everything else. Without one
/// the connection is closed: what would be taken for the viewer's address would be the proxy's. It is closed, too, where
/// the viewer has as many connections as it may have.
final class ProxyHeaderHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let peer: ConnectionPeer
    private let admits: () -> Bool
    private var held = ByteBuffer()
    /// The header is there, or will never be.
    private var isOver = false
    private var isRefused = false

    /// - Parameter admits: whether `peer` may stay, now that it is known for whom it stands.
    init(_ peer: ConnectionPeer, admits: @escaping () -> Bool) {
        self.peer = peer
        self.admits = admits
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefused else { return }
        guard !isOver else { return context.fireChannelRead(data) }
        var bytes = unwrapInboundIn(data)
        held.writeBuffer(&bytes)
        switch ProxyHeader.read(Array(held.readableBytesView.prefix(ProxyHeader.maximumLength))) {
        case .incomplete: break
        case .malformed: refuse(context)
        case .whole(let header):
            isOver = true
            if let source = header.source {
                peer.stands(for: PeerAddress(source))
                guard admits() else { return refuse(context) }
            }
            held.moveReaderIndex(forwardBy: header.length)
            let rest = held.slice()
            if rest.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(rest)) }
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        }
    }

    private func refuse(_ context: ChannelHandlerContext) {
        isRefused = true
        held.clear()
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Nothing was asked yet: whoever it is asks elsewhere.
        if event is ChannelShouldQuiesceEvent, !isOver { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }
}
