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
    private var date = HTTPDate()
    /// Bytes that waited to be sent when the connection was last found idle.
    private var lastWaiting = 0

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
        switch content(path, context.eventLoop) {
        case .ready(let response): write(response, for: head, context: context)
        case .later(let future):
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            future.whenComplete { result in
                let (handler, context) = bound.value
                let failure = CachedResponse.text(.internalServerError, "internal error", freshness: .noStore)
                handler.write((try? result.get()) ?? failure, for: head, context: context)
            }
        }
    }

    private func write(_ response: CachedResponse, for head: HTTPRequestHead, context: ChannelHandlerContext) {
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
        metrics.count(status: plan.head.status.code, bytes: plan.body?.readableBytes ?? 0)
        context.write(wrapOutboundOut(.head(plan.head)), promise: nil)
        if let body = plan.body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        let end = wrapOutboundOut(.end(nil))
        if head.isKeepAlive {
            context.writeAndFlush(end, promise: nil)
        } else {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.writeAndFlush(end).whenComplete { _ in bound.value.close(promise: nil) }
        }
    }

    private static let preflight = CachedResponse(
        status: .noContent, contentType: "text/plain", body: ByteBuffer(), freshness: .seconds(86400))
    private static let methodNotAllowed = CachedResponse.text(
        .methodNotAllowed, "method not allowed: GET, HEAD and OPTIONS are", freshness: .seconds(60))
}
