import NIOCore

/// Answers whatever comes first of a refused connection by 429, and ends it. RFC 6585, clause 4.
///
/// What was asked for is not looked at: it is closed after the first bytes, so that the answer is not lost to a reset.
final class RefusalHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// For who says nothing.
    private static let patience = TimeAmount.seconds(5)
    private let seconds: Int
    private var isAnswered = false

    init(seconds: Int) { self.seconds = seconds }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let task = context.eventLoop.scheduleTask(in: Self.patience) { bound.value.close(promise: nil) }
        context.channel.closeFuture.whenComplete { _ in task.cancel() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAnswered else { return }
        isAnswered = true
        // It would take no answer of HTTP/1.1 for one: RFC 9113, clause 3.4.
        if unwrapInboundIn(data).readableBytesView.starts(with: "PRI ".utf8) { return context.close(promise: nil) }
        let answer = ByteBuffer(
            string: "HTTP/1.1 429 Too Many Requests\r\nserver: sluice\r\naccess-control-allow-origin: *\r\n"
                + "cache-control: no-store\r\ncontent-type: text/plain; charset=utf-8\r\nretry-after: \(seconds)\r\n"
                + "content-length: 21\r\nconnection: close\r\n\r\ntoo many connections\n")
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(answer)).whenComplete { _ in bound.value.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
