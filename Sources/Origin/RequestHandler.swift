import Access
import NIOCore
import NIOHTTP1

/// One connection of HTTP/1.1, or one stream of HTTP/2: a request in, the answer of `Content` out. What is cached is
/// answered without leaving the event loop and without copying a large body.
///
/// Of HTTP/1.1 it does what NIO's encoder and pipelining handler would do, in one step and with fewer copies: answers in
/// the order of their requests, each as bytes. RFC 9112, clauses 6, 7 and 9.3.
final class RequestHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    /// What the answers leave as.
    enum Wire {
        /// Bytes.
        case http1
        /// Parts of HTTP/1.1's model, which NIO's codec turns into frames.
        case http2
    }

    let wire: Wire
    private let sliceBytes: Int?
    private let content: OriginContent
    let metrics: OriginMetrics
    private let clock: @Sendable () -> Int64
    private let watch: ConnectionWatch?
    private let hot: HotAnswers
    let files: FileSender?
    private let gate: AccessGate?
    private let peer: ConnectionPeer?
    let log: AccessLog?
    private let limits: OriginGuard?
    private var context: ChannelHandlerContext?
    private(set) var asker: Asker?
    /// Of the request under way, where there is a log.
    var record: AccessRecord?
    var progress = ConnectionWatch.Progress()

    /// What has come of a request that is not whole.
    private var request: HTTPRequestHead?
    /// A request is under way; the ones behind it wait.
    private var isAnswering = false
    /// Pipelined: not more than what came with one read, as none is made while they wait, for the answer under way or for
    /// whoever does not read the ones before.
    private var pipelined: [HTTPRequestHead] = []
    private var readIsHeld = false
    private var isProceeding = false
    /// Answers since others of the event loop had their turn.
    private var inARow = 0
    private var isTurnDue = false
    /// No request after the one under way.
    private var isLast = false
    private var isDraining = false
    /// What is being sent piece by piece, and how far it is.
    var sending: Sending?
    /// What is being sent in slices: the rest of it.
    var slices: (head: HTTPRequestHead, rest: ByteBuffer)?
    var isSlicing = false

    struct Sending {
        let head: HTTPRequestHead
        let stream: ResponseStream
        var index = 0
        var bytes = 0
        /// Until there is room for more.
        var isPaused = false
    }

    /// - Parameters:
    ///   - sliceBytes: what is handed on of a body while there is room for it, where what waits is a copy, or waits for
    ///     the peer's window; nil: all at once.
    ///   - hot: of the event loop.
    ///   - files: of the event loop; nil: what is sent is not to be bytes of a file, as where it is enciphered.
    ///   - gate: of the event loop; nil: anybody may ask for all.
    ///   - limits: nil: anybody may ask as often as it likes.
    ///   - watch: of the connection.
    ///   - peer: of the connection; nil: as its channel says.
    ///   - log: nil: there is none.
    init(
        wire: Wire, sliceBytes: Int? = nil, content: @escaping OriginContent, metrics: OriginMetrics,
        clock: @escaping @Sendable () -> Int64, hot: HotAnswers = HotAnswers(),
        files: FileSender? = nil, gate: AccessGate? = nil,
        limits: OriginGuard? = nil, watch: ConnectionWatch? = nil, peer: ConnectionPeer? = nil, log: AccessLog? = nil
    ) {
        self.wire = wire
        self.sliceBytes = sliceBytes
        self.content = content
        self.metrics = metrics
        self.clock = clock
        self.hot = hot
        self.files = files
        self.gate = gate
        self.peer = peer
        self.log = log
        self.limits = limits
        self.watch = watch
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isLast else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): request = head
        case .body: break  // a GET has none that means anything; none is kept
        case .end:
            guard let head = request else { return }
            request = nil
            noteProgress()
            guard pipelined.isEmpty, mayAnswer(context) else {
                pipelined.append(head)
                return takeTurns(context: context)
            }
            answer(head, context: context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !isTurnDue { inARow = 0 }
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if pipelined.isEmpty, wire == .http2 || context.channel.isWritable {
            context.read()
        } else {
            readIsHeld = true
        }
    }

    /// Answers that nobody takes are not to pile up, however many are asked for. A stream of HTTP/2 has one.
    private func mayAnswer(_ context: ChannelHandlerContext) -> Bool {
        !isAnswering && (wire == .http2 || inARow < Self.answersInARow && context.channel.isWritable)
    }

    private static let answersInARow = 32

    /// Whoever sends requests by the thousand has so many answered, and then lets others come first.
    private func takeTurns(context: ChannelHandlerContext) {
        guard inARow >= Self.answersInARow, !isTurnDue else { return }
        isTurnDue = true
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.execute {
            let (handler, context) = bound.value
            handler.isTurnDue = false
            handler.inARow = 0
            guard context.channel.isActive else { return }
            handler.proceed(context: context)
        }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        asker =
            peer.map { Asker(on: context.eventLoop, from: $0) }
            ?? Asker(on: context.eventLoop, from: context.channel.remoteAddress)
        if wire == .http2 { watch?.add(self) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        if wire == .http2 { watch?.remove(self) }
        self.context = nil
        asker = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        asker?.left()
        slices = nil
        // Who leaves before the end is counted as with any other answer.
        if let sending { metrics.count(status: HTTPResponseStatus.ok.code, bytes: sending.bytes) }
        sending = nil
        recordIsCutOff()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, !isAnswering, pipelined.isEmpty, !isLast, context.channel.isActive
        else { return context.close(promise: nil) }
        isLast = true
        let answer = error == .headerOverflow ? Self.tooLarge : Self.malformed
        let nothing = HTTPRequestHead(version: .http1_1, method: .GET, uri: AccessRecord.nothing)
        beginRecord(of: nothing)
        write(answer, for: nothing, context: context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent, wire == .http1 {
            isDraining = true
            if !isAnswering, pipelined.isEmpty, request == nil { closeBehindAnswers(context) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Of what was answered megabytes may still wait to be sent, which a close would throw away.
    @discardableResult
    private func closeBehindAnswers(_ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
        isLast = true
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let written = context.writeAndFlush(NIOAny(ByteBuffer()))
        written.whenComplete { _ in bound.value.close(promise: nil) }
        return written
    }

    func noteProgress() {
        progress.note()
        watch?.note()
    }

    /// Nothing moves any more: a stream of HTTP/2 is reset.
    func abandon() { context?.close(promise: nil) }

    /// Whether it is to be refused. Nothing comes behind it then, nor behind one after which the parser reads nothing, as
    /// another protocol could follow; none does here. RFC 9112, clauses 3.2 and 6.1.
    private func notesFault(of head: HTTPRequestHead) -> Bool {
        guard wire == .http1 else { return false }
        let isFaulty =
            head.version == .http1_1
            ? head.headers[canonicalForm: "host"].count != 1 : head.headers.contains(name: "transfer-encoding")
        if isFaulty || head.method == .CONNECT || head.headers.contains(name: "upgrade") { isLast = true }
        return isFaulty
    }

    private func answer(_ request: HTTPRequestHead, context: ChannelHandlerContext) {
        isAnswering = true
        inARow += 1
        let now = clock()
        asker?.asks(by: request.headers)
        if let limits, limits.countsRequests, let key = asker?.rateKey,
            let seconds = limits.wait(key, for: request.uri, now: now)
        {
            // What is no channel's is not looked at: tokens are to be in no log.
            if log != nil { beginRecord(of: request, nil, .refused) }
            var later = Self.tooMany
            later.retryAfter = seconds
            _ = notesFault(of: request)
            return write(later, for: request, context: context)
        }
        var head = request
        // What a player says of itself asks for nothing else.
        let cmcd = CMCD.taken(from: head.uri)
        if let cmcd { head.uri = cmcd.target }
        // Before what is known is looked at: that was given to somebody who may have it.
        let passage = passage(of: head, now: now)
        if case .admitted(let target, _) = passage { head.uri = target }
        if log != nil { beginRecord(of: head, cmcd?.value, passage) }
        if passage.isFree, !isDraining,
            let answer = hot.answer(head, over: wire, largeToo: sendsLargeAtOnce, nowMilliseconds: now)
        {
            metrics.count(status: 200, bytes: answer.bodyBytes)
            if log != nil { recordHot(bytes: answer.bodyBytes) }
            return write(answer, context: context)
        }
        if notesFault(of: head) { return write(Self.malformed, for: head, context: context) }
        switch passage {
        case .open, .admitted: break
        case .redirected(let location):
            var there = CachedResponse.text(.found, "with the token in the path", freshness: .noStore)
            there.location = location
            return write(there, for: head, context: context)
        case .refused: return write(Self.forbidden, for: head, context: context)
        }
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
        case .ready(let response):
            record?.source = response.rest == nil ? .cached : .made
            hot.keep(response, for: head.uri, largeToo: sendsLargeAtOnce)
            write(response, for: head, context: context)
        case .later(let future):
            record?.source = .made
            write(future, for: head.keptWhileWaiting, context: context)
        }
    }

    /// Methods that give nothing away are open to all.
    /// - Parameter now: milliseconds.
    private func passage(of head: HTTPRequestHead, now: Int64) -> AccessGate.Passage {
        guard let gate, gate.hasRules, head.method == .GET || head.method == .HEAD else { return .open }
        return gate.passage(
            to: head.uri, now: now / 1000, address: { asker?.address }, field: { head.headers.field($0) })
    }

    /// The answer is written: on to the next request.
    private func finish(context: ChannelHandlerContext) {
        isAnswering = false
        noteProgress()
        if !pipelined.isEmpty || readIsHeld { proceed(context: context) }
    }

    /// What waits behind the answers that are written, as far as these leave.
    private func proceed(context: ChannelHandlerContext) {
        guard wire == .http1, !isLast, !isProceeding else { return }
        isProceeding = true
        // One after the other, not one in the other: there may be hundreds.
        while mayAnswer(context), !isLast, !pipelined.isEmpty { answer(pipelined.removeFirst(), context: context) }
        isProceeding = false
        if !pipelined.isEmpty { takeTurns(context: context) }
        if pipelined.isEmpty, readIsHeld, context.channel.isWritable {
            readIsHeld = false
            context.read()
        }
    }

    // MARK: Answers

    private func write(
        _ future: EventLoopFuture<CachedResponse>, for head: HTTPRequestHead, context: ChannelHandlerContext
    ) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        future.whenComplete { result in
            let (handler, context) = bound.value
            handler.asker?.answered()
            let failure = CachedResponse.text(.internalServerError, "internal error", freshness: .noStore)
            let response = (try? result.get()) ?? failure
            if handler.writeShared(response, for: head, context: context) { return }
            handler.write(response, for: head, context: context)
        }
    }

    /// Bodies leave in one piece, and nobody is told when they have left.
    private var sendsLargeAtOnce: Bool { wire == .http1 && sliceBytes == nil && log == nil }

    /// Thousands who have waited for the same are sent the same bytes.
    /// - Returns: false where it is for this request alone.
    private func writeShared(
        _ response: CachedResponse, for head: HTTPRequestHead, context: ChannelHandlerContext
    ) -> Bool {
        guard response.stamp != nil, !isDraining, !isLast, context.channel.isActive else { return false }
        let now = clock()
        var known = hot.answer(head, over: wire, nowMilliseconds: now)
        if known == nil {
            hot.keep(response, for: head.uri)
            known = hot.answer(head, over: wire, nowMilliseconds: now)
        }
        guard let known else { return false }
        metrics.count(status: 200, bytes: known.bodyBytes)
        record?.status = HTTPResponseStatus.ok.code
        record?.bytes = known.bodyBytes
        // So little of it is the kernel's at once.
        _ = recordIsAnswered(on: context.eventLoop)
        write(known, context: context)
        return true
    }

    private func write(_ answer: HotAnswers.Answer, context: ChannelHandlerContext) {
        switch answer.head {
        case nil:
            guard let large = answer.large else {
                context.writeAndFlush(NIOAny(answer.bytes), promise: nil)
                break
            }
            context.write(NIOAny(answer.bytes), promise: nil)
            // For as long as its head holds.
            if answer.parts == nil, let media = answer.media { answer.parts = files?.parts(of: media) }
            guard let parts = answer.parts else {
                context.writeAndFlush(NIOAny(large), promise: nil)
                break
            }
            write(parts, context: context)
            context.flush()
        case let head?:
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(answer.bytes))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
        finish(context: context)
    }

    private func write(_ response: CachedResponse, for head: HTTPRequestHead, context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        // HTTP/1.0 has no chunks, and what is cut off would be taken for the whole; HEAD tells the length.
        if let asker, let rest = response.rest, head.method == .HEAD || head.version == .http1_0 {
            // Who was woken for nothing does not wait again: that would not end.
            let whole = rest.whole(asker).map { $0.rest == nil ? $0 : Self.notYet }
            return write(whole, for: head, context: context)
        }
        let now = clock()
        var plan = ResponsePlan(response, for: head, nowMilliseconds: now, date: hot.dateText(epochSeconds: now / 1000))
        if plan.head.status == .methodNotAllowed || head.method == .OPTIONS {
            plan.head.headers.add(name: "allow", value: "GET, HEAD, OPTIONS")
        }
        if head.method == .OPTIONS {
            plan.head.headers.add(name: "access-control-allow-methods", value: "GET, HEAD, OPTIONS")
            plan.head.headers.add(name: "access-control-allow-headers", value: "*")
            plan.head.headers.add(name: "access-control-max-age", value: "86400")
        }
        record?.status = plan.head.status.code
        if plan.rest == nil {
            metrics.count(status: plan.head.status.code, bytes: plan.body?.readableBytes ?? 0)
            record?.bytes = plan.body?.readableBytes ?? 0
        }
        writeHead(plan, for: head, context: context)
        if let rest = plan.rest {
            sending = Sending(head: head, stream: rest)
            return sendNext(context: context)
        }
        guard let body = plan.body, body.readableBytes > 0 else { return writeEnd(for: head, context: context) }
        if let sliceBytes, body.readableBytes > sliceBytes {
            slices = (head, body)
            return sendSlices(of: sliceBytes, context: context)
        }
        if plan.head.status == .ok, let media = response.media, let parts = files?.parts(of: media) {
            write(parts, context: context)
        } else if wire == .http2 || body.readableBytes > Self.copiedAtMost {
            writeBody(body, context: context)
        }
        writeEnd(for: head, context: context)
    }

    /// Below this a body and its head are one write: copying is less than a second buffer costs the kernel and us.
    private static let copiedAtMost = 8 << 10

    /// With the body, where it is small.
    private func writeHead(_ plan: ResponsePlan, for head: HTTPRequestHead, context: ChannelHandlerContext) {
        guard wire == .http1 else { return context.write(wrapOutboundOut(.head(plan.head)), promise: nil) }
        isLast = isLast || isDraining || !head.isKeepAlive
        let body = plan.body.flatMap { $0.readableBytes <= Self.copiedAtMost ? $0 : nil }
        var bytes = context.channel.allocator.buffer(capacity: 640 + (body?.readableBytes ?? 0))
        bytes.writeHead(plan.head, isChunked: plan.rest != nil)
        if isLast {
            bytes.writeStaticString("connection: close\r\n\r\n")
        } else if head.version == .http1_0 {
            bytes.writeStaticString("connection: keep-alive\r\n\r\n")
        } else {
            bytes.writeStaticString("\r\n")
        }
        if let body { bytes.writeImmutableBuffer(body) }
        context.write(NIOAny(bytes), promise: nil)
    }

    func writeBody(_ buffer: ByteBuffer, context: ChannelHandlerContext) {
        switch wire {
        case .http1: context.write(NIOAny(buffer), promise: nil)
        case .http2: context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
        }
    }

    func writeEnd(for head: HTTPRequestHead, context: ChannelHandlerContext) {
        isLast = isLast || isDraining
        let sent = recordIsAnswered(on: context.eventLoop)
        switch wire {
        case .http1 where isLast: closeBehindAnswers(context).cascade(to: sent)
        case .http1:
            if sent == nil { context.flush() } else { context.writeAndFlush(NIOAny(ByteBuffer()), promise: sent) }
        case .http2: context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: sent)
        }
        finish(context: context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            if sending?.isPaused == true {
                sending?.isPaused = false
                sendNext(context: context)
            }
            if slices != nil, let sliceBytes { sendSlices(of: sliceBytes, context: context) }
            proceed(context: context)
        }
        context.fireChannelWritabilityChanged()
    }

    private static let notYet = CachedResponse.text(
        .serviceUnavailable, "not there yet", freshness: .noStore, retryAfter: 1)
    private static let preflight = CachedResponse(
        status: .noContent, contentType: "text/plain", body: ByteBuffer(), freshness: .seconds(86400))
    private static let methodNotAllowed = CachedResponse.text(
        .methodNotAllowed, "method not allowed: GET, HEAD and OPTIONS are", freshness: .seconds(60))
    /// The same whatever the reason.
    private static let forbidden = CachedResponse.text(.forbidden, "forbidden", freshness: .noStore)
    private static let tooMany = CachedResponse.text(.tooManyRequests, "too many requests", freshness: .noStore)
    private static let malformed = CachedResponse.text(.badRequest, "malformed request", freshness: .noStore)
    private static let tooLarge = CachedResponse.text(
        .requestHeaderFieldsTooLarge, "the request's header is too large", freshness: .noStore)
}
