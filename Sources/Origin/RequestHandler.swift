import NIOCore
import NIOHTTP1

/// One connection: a request in, the answer of `Content` out. What is cached is answered without leaving the
/// event loop and without copying the body.
final class RequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let content: OriginContent
    private let metrics: OriginMetrics
    private let clock: @Sendable () -> Int64
    private var request: HTTPRequestHead?
    private var asker: Asker?
    private var date = HTTPDate()
    /// Bytes that waited to be sent when the connection was last found idle.
    private var lastWaiting = 0
    /// What is being sent piece by piece, and how far it is.
    private var sending: Sending?

    private struct Sending {
        let head: HTTPRequestHead
        let stream: ResponseStream
        var index = 0
        var bytes = 0
        /// Until there is room for more.
        var isPaused = false
    }

    init(content: @escaping OriginContent, metrics: OriginMetrics, clock: @escaping @Sendable () -> Int64) {
        self.content = content
        self.metrics = metrics
        self.clock = clock
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): request = head
        case .body: break  // a GET has none that means anything; NIO has bounded what it reads
        case .end:
            guard let head = request else { return }
            request = nil
            answer(head, context: context)
        }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        asker = Asker(on: context.eventLoop, from: context.remoteAddress)
    }

    func handlerRemoved(context: ChannelHandlerContext) { asker = nil }

    func channelInactive(context: ChannelHandlerContext) {
        asker?.left()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent, !hasProgressed(context.channel) { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    /// Whether some of what waits to be sent has left since the last look: a slow reader is not an idle one.
    private func hasProgressed(_ channel: any Channel) -> Bool {
        let waiting = (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        defer { lastWaiting = waiting }
        return waiting > 0 && waiting != lastWaiting
    }

    private func answer(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        switch head.method {
        case .GET, .HEAD: break
        case .OPTIONS: return write(Self.preflight, for: head, context: context)
        default: return write(Self.methodNotAllowed, for: head, context: context)
        }
        guard let path = ResourcePath(parsing: head.uri) else {
            return write(.notFound, for: head, context: context)
        }
        guard let asker else { return }
        switch content(path, asker) {
        case .ready(let response): write(response, for: head, context: context)
        case .later(let future): write(future, for: head, context: context)
        }
    }

    private func write(
        _ future: EventLoopFuture<CachedResponse>, for head: HTTPRequestHead, context: ChannelHandlerContext
    ) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        future.whenComplete { result in
            let (handler, context) = bound.value
            handler.asker?.answered()
            let failure = CachedResponse.text(.internalServerError, "internal error", freshness: .noStore)
            handler.write((try? result.get()) ?? failure, for: head, context: context)
        }
    }

    private func write(_ response: CachedResponse, for head: HTTPRequestHead, context: ChannelHandlerContext) {
        // HTTP/1.0 has no chunks, and what is cut off would be taken for the whole; HEAD tells the length.
        if let asker, let rest = response.rest, head.method == .HEAD || head.version != .http1_1 {
            // Who was woken for nothing does not wait again: that would not end.
            let whole = rest.whole(asker).map { $0.rest == nil ? $0 : Self.notYet }
            return write(whole, for: head, context: context)
        }
        let now = clock()
        var plan = ResponsePlan(response, for: head, nowMilliseconds: now, date: date.text(epochSeconds: now / 1000))
        if plan.head.status == .methodNotAllowed || head.method == .OPTIONS {
            plan.head.headers.add(name: "allow", value: "GET, HEAD, OPTIONS")
        }
        if head.method == .OPTIONS {
            plan.head.headers.add(name: "access-control-allow-methods", value: "GET, HEAD, OPTIONS")
            plan.head.headers.add(name: "access-control-allow-headers", value: "*")
            plan.head.headers.add(name: "access-control-max-age", value: "86400")
        }
        if !head.isKeepAlive { plan.head.headers.add(name: "connection", value: "close") }
        context.write(wrapOutboundOut(.head(plan.head)), promise: nil)
        if let rest = plan.rest {
            sending = Sending(head: head, stream: rest)
            return sendNext(context: context)
        }
        metrics.count(status: plan.head.status.code, bytes: plan.body?.readableBytes ?? 0)
        if let body = plan.body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        writeEnd(for: head, context: context)
    }

    private func writeEnd(for head: HTTPRequestHead, context: ChannelHandlerContext) {
        let end = wrapOutboundOut(.end(nil))
        if head.isKeepAlive {
            context.writeAndFlush(end, promise: nil)
        } else {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.writeAndFlush(end).whenComplete { _ in bound.value.close(promise: nil) }
        }
    }

    // MARK: Piece by piece

    private static let piecesInARow = 32
    private static let notYet = CachedResponse.text(
        .serviceUnavailable, "not there yet", freshness: .noStore, retryAfter: 1)

    /// One piece at a time, and none while earlier ones wait to be sent: a slow reader holds one piece, which is shared.
    private func sendNext(context: ChannelHandlerContext) {
        guard let asker, let sending, context.channel.isActive else { return }
        guard context.channel.isWritable else {
            self.sending?.isPaused = true
            return context.flush()
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        sending.stream.next(sending.index, asker).whenComplete { result in
            let (handler, context) = bound.value
            handler.asker?.answered()
            handler.send((try? result.get()) ?? .broken, context: context)
        }
    }

    private func send(_ step: ResponseStream.Step, context: ChannelHandlerContext) {
        guard let sending, context.channel.isActive else { return }
        switch step {
        case .bytes(let buffer):
            self.sending?.index += 1
            self.sending?.bytes += buffer.readableBytes
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
            // What is there already comes at once, and would go on from call to call: the stack is not for that.
            guard sending.index % Self.piecesInARow == Self.piecesInARow - 1 else { return sendNext(context: context) }
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.execute {
                let (handler, context) = bound.value
                handler.sendNext(context: context)
            }
        case .end:
            self.sending = nil
            metrics.count(status: HTTPResponseStatus.ok.code, bytes: sending.bytes)
            writeEnd(for: sending.head, context: context)
        case .broken:
            self.sending = nil
            metrics.countBroken(bytes: sending.bytes)
            // Without the last chunk nobody keeps it. RFC 9112, clause 8.
            context.close(promise: nil)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, sending?.isPaused == true {
            sending?.isPaused = false
            sendNext(context: context)
        }
        context.fireChannelWritabilityChanged()
    }

    private static let preflight = CachedResponse(
        status: .noContent, contentType: "text/plain", body: ByteBuffer(), freshness: .seconds(86400))
    private static let methodNotAllowed = CachedResponse.text(
        .methodNotAllowed, "method not allowed: GET, HEAD and OPTIONS are", freshness: .seconds(60))
}
