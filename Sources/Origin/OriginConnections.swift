import Access
import MediaMemory
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOSSL
import ServerTLS

/// What becomes of a connection: TLS where its listener has it, then HTTP/1.1 or HTTP/2 by its first bytes.
/// A reference: what each connection holds on to of it is one.
final class OriginConnections: Sendable {
    let content: OriginContent
    let metrics: OriginMetrics
    let clock: @Sendable () -> Int64
    let proxies: TrustedProxies
    let log: AccessLog?
    private let limits: OriginGuard
    /// Of each event loop.
    private let loops: [ObjectIdentifier: NIOLoopBoundBox<LoopState>]

    /// What requests of one event loop share.
    private final class LoopState {
        let hot = HotAnswers()
        let files: FileSender?
        let gate: AccessGate?
        let round: WatchRound

        init(_ access: AccessDesk?, _ file: SendingFile?, _ round: WatchRound) {
            gate = access.map { AccessGate($0) }
            files = file.flatMap { FileSender($0) }
            self.round = round
        }
    }

    init(
        content: @escaping OriginContent, access: AccessDesk?, metrics: OriginMetrics,
        clock: @escaping @Sendable () -> Int64,
        idleTimeout: TimeAmount, limits: OriginLimits = OriginLimits(), rates: ChannelRates? = nil,
        proxies: TrustedProxies, log: AccessLog? = nil, file: SendingFile? = nil, group: any EventLoopGroup
    ) {
        self.content = content
        self.metrics = metrics
        self.clock = clock
        self.proxies = proxies
        self.log = log
        self.limits = OriginGuard(limits, channels: rates, metrics: metrics)
        loops = Dictionary(
            uniqueKeysWithValues: group.makeIterator().map { loop in
                (
                    ObjectIdentifier(loop),
                    NIOLoopBoundBox.makeBoxSendingValue(
                        LoopState(access, file, WatchRound(on: loop, timeout: idleTimeout)), as: LoopState.self,
                        eventLoop: loop)
                )
            })
    }

    /// On the channel's event loop.
    /// - Parameter isProxied: trusted proxies say in front of each connection for whom it stands.
    func take(_ channel: any Channel, certificate: ServerCertificate?, isProxied: Bool) throws {
        let peer = ConnectionPeer(channel.remoteAddress.flatMap { PeerAddress($0) }, proxies)
        let verdict = limits.opens(peer, now: clock())
        guard verdict == .admitted else { return try refuse(channel, verdict, isSecure: certificate != nil) }
        guard let loop = loops[ObjectIdentifier(channel.eventLoop)]?.value else {
            preconditionFailure("a connection of another group")  // why: the listeners are bound with this one
        }
        metrics.connectionOpened()
        let watch = ConnectionWatch(channel, metrics)
        loop.round.add(watch)
        let bound = NIOLoopBound((peer, watch, loop.round), eventLoop: channel.eventLoop)
        channel.closeFuture.whenComplete { [self] _ in
            let (peer, watch, round) = bound.value
            metrics.connectionClosed()
            limits.closes(peer)
            round.remove(watch)
        }
        let pipeline = channel.pipeline.syncOperations
        let isSecure = certificate != nil
        if isProxied, peer.isTrusted {
            try pipeline.addHandler(ProxyHeaderHandler(peer) { [self] in limits.admits(peer, now: clock()) })
        }
        if let certificate { try pipeline.addHandler(NIOSSLServerHandler(context: certificate.context)) }
        try pipeline.addHandler(
            ProtocolChoice { [self] isHTTP2, context in
                let pipeline = context.pipeline.syncOperations
                if isHTTP2 {
                    try addHTTP2(to: pipeline, context.channel, watch, peer, loop)
                } else {
                    try addHTTP1(to: pipeline, watch, peer, loop, isSecure: isSecure)
                }
            })
    }

    /// A handshake of TLS is what a flood of connections costs most: there nothing is said.
    private func refuse(_ channel: any Channel, _ verdict: OriginGuard.Verdict, isSecure: Bool) throws {
        guard case .later(let seconds) = verdict, !isSecure, limits.beginsToRefuse() else {
            return channel.close(promise: nil)
        }
        channel.closeFuture.whenComplete { [self] _ in limits.ceasesToRefuse() }
        try channel.pipeline.syncOperations.addHandler(RefusalHandler(seconds: seconds))
    }

    // MARK: HTTP/1.1

    /// Bytes that may wait for the parser. It takes none behind what asks for another protocol.
    private static let mostUnparsed = 256 << 10

    private func addHTTP1(
        to pipeline: ChannelPipeline.SynchronousOperations, _ watch: ConnectionWatch, _ peer: ConnectionPeer,
        _ loop: LoopState, isSecure: Bool
    ) throws {
        // What TLS has enciphered for a slow reader is nobody else's; plain bytes are shared with the cache.
        let handler = RequestHandler(
            wire: .http1, sliceBytes: isSecure ? 256 << 10 : nil, content: content, metrics: metrics, clock: clock,
            hot: loop.hot, files: isSecure ? nil : loop.files, gate: loop.gate, limits: limits, watch: watch,
            peer: peer,
            log: log)
        try pipeline.addHandler(
            ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes), maximumBufferSize: Self.mostUnparsed))
        try pipeline.addHandler(handler)
    }

    // MARK: HTTP/2

    private func addHTTP2(
        to pipeline: ChannelPipeline.SynchronousOperations, _ channel: any Channel, _ watch: ConnectionWatch,
        _ peer: ConnectionPeer, _ loop: LoopState
    ) throws {
        let eventLoop = channel.eventLoop
        // Drains: GOAWAY, the streams under way to their ends, then the connection is closed.
        let manager = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: eventLoop,
            configuration: .init(maxIdleTime: nil, maxAge: nil, maxGraceTime: nil, keepalive: nil))
        let bound = NIOLoopBound((watch, peer, loop), eventLoop: eventLoop)
        let http2 = NIOHTTP2Handler(
            mode: .server, eventLoop: eventLoop, connectionConfiguration: Self.connectionLimits,
            streamConfiguration: Self.streamLimits, streamDelegate: manager.http2StreamDelegate
        ) { [self] stream in
            stream.eventLoop.makeCompletedFuture {
                let (watch, peer, loop) = bound.value
                let handler = RequestHandler(
                    wire: .http2, sliceBytes: 64 << 10, content: content, metrics: metrics, clock: clock,
                    hot: loop.hot, gate: loop.gate, limits: limits, watch: watch, peer: peer,
                    log: log)
                try stream.pipeline.syncOperations.addHandlers(
                    // Our names are in lower case, and none of them is of HTTP/1.1 alone.
                    HTTP2FramePayloadToHTTP1ServerCodec(normalizeHTTPHeaders: false), handler)
            }
        }
        try pipeline.addHandlers(http2, manager, HTTP2ErrorHandler(metrics))
    }

    /// RFC 9113, clauses 6.5.2 and 10.5.
    private static let connectionLimits = {
        var limits = NIOHTTP2Handler.ConnectionConfiguration()
        limits.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: 100),
            HTTP2Setting(parameter: .maxHeaderListSize, value: 16 << 10),
        ]
        // Answers to PING and SETTINGS that a peer who does not read has left unread.
        limits.maximumBufferedControlFrames = 1000
        // Header blocks in pieces without end (CVE-2024-27316).
        limits.maximumSequentialContinuationFrames = 4
        limits.maximumConnectionGlitches = 100
        limits.controlFrameRateLimit.maximumCount = 200
        limits.controlFrameRateLimit.windowLength = .seconds(30)
        return limits
    }()

    private static let streamLimits = {
        var limits = NIOHTTP2Handler.StreamConfiguration()
        limits.outboundBufferSizeHighWatermark = 128 << 10
        limits.outboundBufferSizeLowWatermark = 64 << 10
        // Streams opened and reset at once (CVE-2023-44487). A shield whose players seek resets some.
        limits.streamResetFrameRateLimit.maximumCount = 200
        limits.streamResetFrameRateLimit.windowLength = .seconds(30)
        limits.streamErrorRateLimit.maximumCount = 100
        limits.streamErrorRateLimit.windowLength = .seconds(30)
        return limits
    }()
}

/// Closes a connection that has broken HTTP/2's rules: the GOAWAY that says so is sent. RFC 9113, clause 5.4.1.
private final class HTTP2ErrorHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    private let metrics: OriginMetrics

    init(_ metrics: OriginMetrics) { self.metrics = metrics }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Of the connection; NIO has acted on them.
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Of one stream: it is reset, the others go on.
        if error is NIOHTTP2Errors.StreamError { return }
        metrics.count(.http2)
        context.close(promise: nil)
    }

    /// A connection that is closed in the middle of a read is told of no end of it, and NIO's list of the streams that were
    /// read from holds these, and by them the connection, for ever.
    func channelInactive(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        // Not in the read, but before the handlers are removed.
        context.eventLoop.execute {
            guard let inner = try? bound.value.pipeline.syncOperations.context(handlerType: NIOHTTP2Handler.self),
                let handler = inner.handler as? NIOHTTP2Handler
            else { return }
            handler.channelReadComplete(context: inner)
        }
        context.fireChannelInactive()
    }
}
