import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

/// One end of the way between an encoder that speaks TLS and the socket pair to its worker: what one end reads the other
/// writes, and an end reads on only when the other has written.
final class TLSRelay: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How long an encoder has to hear the last words.
    private static let lingerTime = TimeAmount.seconds(3)

    /// Nil at the worker's end.
    private var tell: ((TLSFront.Event) -> Void)?
    private var partner: TLSRelay?
    private var context: ChannelHandlerContext?
    /// Came before there was a partner.
    private var early: [ByteBuffer] = []
    private let isEncoders: Bool
    private let activity: TLSFront.Activity?
    private var isSecured: Bool
    private var isReadHeld = false
    private var outputIsEnded = false
    private var outputIsWritten = false
    private var inputIsEnded = false

    /// The encoder's end.
    init(_ activity: TLSFront.Activity, tell: @escaping (TLSFront.Event) -> Void) {
        self.activity = activity
        self.tell = tell
        isEncoders = true
        isSecured = false
    }

    /// The worker's end.
    private init(partner: TLSRelay) {
        self.partner = partner
        activity = nil
        isEncoders = false
        isSecured = true
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        partner = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted where !isSecured:
            isSecured = true
            connect(context)
        case ChannelEvent.inputClosed: endInput(context)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        activity?.note()
        if let partner { partner.write(bytes) } else if isSecured, !outputIsEnded { early.append(bytes) }
    }

    func channelReadComplete(context: ChannelHandlerContext) { partner?.context?.flush() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { partner?.resume() }
    }

    func read(context: ChannelHandlerContext) {
        // Before the handshake is done all that is read is TLS's own.
        guard isSecured, !inputMayGoOn else { return context.read() }
        isReadHeld = true
        activity?.note(isHeld: true)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail("the connection ended")
        partner?.endOutput()
        partner?.partner = nil
        partner?.resume()
        partner = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Many encoders end a connection without TLS's own farewell.
        if case .uncleanShutdown? = error as? NIOSSLError { return }
        fail("\(error)")
        context.close(promise: nil)
    }

    /// Whether what is read now has a place to go to; nobody's bytes are thrown away.
    private var inputMayGoOn: Bool {
        guard let partner else { return outputIsEnded }
        return partner.context?.channel.isWritable ?? true
    }

    private func fail(_ reason: String) {
        tell?(.failed(reason))
        tell = nil
    }

    /// Makes the socket pair and the worker's end.
    private func connect(_ context: ChannelHandlerContext) {
        var ends: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            fail("no descriptors left")
            return context.close(promise: nil)
        }
        let (own, workers) = (ends[0], ends[1])
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        TLSFront.bootstrap(context.eventLoop) { channel in
            try channel.pipeline.syncOperations.addHandler(TLSRelay(partner: bound.value))
        }.withConnectedSocket(own).whenComplete { result in
            bound.value.connected(result.map { NIOLoopBound($0, eventLoop: $0.eventLoop) }, workers)
        }
    }

    private func connected(_ result: Result<NIOLoopBound<any Channel>, any Error>, _ workers: CInt) {
        do {
            let channel = try result.get().value
            let other = try channel.pipeline.syncOperations.handler(type: TLSRelay.self)
            // The encoder may have gone in the meantime.
            guard let context, let tell else {
                Glibc.close(workers)
                return channel.close(promise: nil)
            }
            partner = other
            for bytes in early { other.write(bytes) }
            early = []
            other.context?.flush()
            if inputIsEnded { other.endOutput() }
            tell(.secured(workers))
            self.tell = nil
            if context.channel.isWritable { other.resume() }
            resume()
        } catch {
            Glibc.close(workers)
            fail("\(error)")
            context?.close(promise: nil)
        }
    }

    // MARK: Called by the partner

    private func write(_ bytes: ByteBuffer) {
        guard !outputIsEnded else { return }
        context?.write(wrapOutboundOut(bytes), promise: nil)
    }

    private func resume() {
        guard isReadHeld, inputMayGoOn else { return }
        isReadHeld = false
        activity?.note()
        context?.read()
    }

    /// Ends this direction once all of it is written; the other goes on until it ends too.
    private func endOutput() {
        guard !outputIsEnded, let context else { return }
        outputIsEnded = true
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in
            let (relay, context) = bound.value
            relay.outputIsWritten = true
            if relay.inputIsEnded { return context.close(promise: nil) }
            context.close(mode: .output, promise: nil)
        }
        // The worker's end is closed by the worker, which has limits of its own.
        guard isEncoders else { return }
        context.eventLoop.scheduleTask(in: Self.lingerTime) { bound.value.1.close(promise: nil) }
    }

    private func endInput(_ context: ChannelHandlerContext) {
        inputIsEnded = true
        partner?.endOutput()
        if outputIsWritten { context.close(promise: nil) }
    }
}
