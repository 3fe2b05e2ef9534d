import NIOCore

/// Tells by its first bytes whether a connection speaks HTTP/2, plain with prior knowledge too: its preface is no
/// request of HTTP/1.1. RFC 9113, clauses 3.3 and 3.4.
///
/// What ALPN has agreed on comes to the same: a client of HTTP/2 begins with the preface.
final class ProtocolChoice: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    /// Adds the handlers that come after this one.
    typealias Choose = (_ isHTTP2: Bool, ChannelHandlerContext) throws -> Void

    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    private let choose: Choose
    /// Of the preface, less than all of it.
    private var held: ByteBuffer?
    private var isChosen = false

    init(_ choose: @escaping Choose) { self.choose = choose }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard !isChosen else { return context.fireChannelRead(data) }
        if var held {
            held.writeBuffer(&bytes)
            bytes = held
        }
        let beginning = bytes.readableBytesView.prefix(Self.preface.count)
        let isHTTP2 = Self.preface.starts(with: beginning)
        if isHTTP2, beginning.count < Self.preface.count {
            held = bytes
            return
        }
        isChosen = true
        held = nil
        do { try choose(isHTTP2, context) } catch { return context.close(promise: nil) }
        context.fireChannelRead(wrapInboundOut(bytes))
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Nothing was asked yet: whoever it is asks elsewhere.
        if event is ChannelShouldQuiesceEvent, !isChosen { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isChosen else { return context.fireErrorCaught(error) }
        context.close(promise: nil)
    }
}
