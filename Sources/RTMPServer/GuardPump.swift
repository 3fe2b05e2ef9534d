import Glibc

/// The guard's thread: moves bytes between the encoder and librtmp, both ways, and lets only judged ones in.
///
/// Both directions have one bounded buffer; where it is full, its source is not read, so that TCP holds the sender.
struct GuardPump {
    private static let bufferSize = 64 << 10
    /// How long answers may take to leave after the session is over, and the encoder to see them.
    private static let lingerTime = Duration.seconds(2)
    /// For so long what comes is left in the socket once that was emptied: an encoder sends some eighty messages a
    /// second, each of which would wake two threads. Media is so much later, at most; TCP holds what is more.
    private static let gatherTime = Duration.milliseconds(40)

    private let encoder: CInt
    private let library: CInt
    private let control: GuardControl
    private let limits: RTMPLimits
    private var chunkGuard: ChunkGuard
    private var inbound = ByteQueue(capacity: Self.bufferSize)
    private var outbound = ByteQueue(capacity: Self.bufferSize)

    /// No end of input, no violation, no stop.
    private var isReading = true
    private var isHolding = false
    /// The encoder has sent more than was read, as far as is known.
    private var inputIsPending = false
    private var mediaAccepted = false
    private var libraryTakesInput = true
    private var libraryIsOpen = true
    private var encoderTakesOutput = true
    private let setupDeadline: ContinuousClock.Instant
    /// When the encoder had last sent `minimumProgress` bytes, and what it sent since.
    private var lastInput: ContinuousClock.Instant
    private var inputSince = 0
    private var lastOutput: ContinuousClock.Instant
    /// Until then the encoder is not looked at, while media comes.
    private var gatherEnd: ContinuousClock.Instant

    /// - Parameters: both sockets belong to the pump, which closes them at the end of `run`.
    init(encoder: CInt, library: CInt, control: GuardControl, limits: RTMPLimits) {
        self.encoder = encoder
        self.library = library
        self.control = control
        self.limits = limits
        chunkGuard = ChunkGuard(limits: limits)
        let now = ContinuousClock.now
        setupDeadline = now + limits.setupTimeout
        lastInput = now
        lastOutput = now
        gatherEnd = now
    }

    /// Returns when the session has closed its end and the encoder has had its time to see the last answers.
    mutating func run() {
        var now = ContinuousClock.now
        while libraryIsOpen || (outbound.hasOutput && encoderTakesOutput) {
            let wantsInput = wantsInput
            let isGathering = now < gatherEnd
            let wantsOutput = outbound.hasOutput && encoderTakesOutput && (mayAnswer || wantsInput)
            var descriptors = [
                pollfd(fd: control.wakeDescriptor, events: Int16(POLLIN), revents: 0),
                entry(encoder, read: wantsInput && !isGathering, write: wantsOutput),
                entry(library, read: libraryIsOpen && outbound.hasRoom, write: libraryTakesInput && inbound.hasOutput),
            ]
            let ready = poll(&descriptors, nfds_t(descriptors.count), timeoutMilliseconds())
            if ready < 0, errno != EINTR {
                end(.failed(errno))
                break
            }
            now = ContinuousClock.now
            // Time in which we would not read, or had nothing to write, is not the encoder's.
            if !wantsInput { lastInput = now }
            if !wantsOutput { lastOutput = now }
            if descriptors[0].revents != 0 { obeyOrders() }
            if wantsInput, isReading, now >= gatherEnd {
                // After gathering it is read without having been asked: there is something, as a rule.
                inputIsPending = isGathering || descriptors[1].revents & ~Int16(POLLOUT) != 0
                if inputIsPending { readEncoder(now) }
            }
            if inbound.hasOutput, libraryTakesInput { feedLibrary() }
            if descriptors[2].revents != 0, libraryIsOpen, outbound.hasRoom { readLibrary() }
            if outbound.hasOutput, encoderTakesOutput, mayAnswer { answerEncoder(now) }
            checkTime(now)
            if !isReading, !inbound.hasOutput, libraryTakesInput {
                shutdown(library, CInt(SHUT_WR))
                libraryTakesInput = false
            }
        }
        linger()
        close(library)
        close(encoder)
    }

    private var wantsInput: Bool { isReading && !isHolding && inbound.hasRoom }

    /// Answers wait while input does. An encoder that sends faster than real time has closed its socket long
    /// before its last bytes are read; an acknowledgement in between would be answered with a reset, which takes
    /// the unread bytes away. An encoder that waits for an answer sends nothing, and so gets it at once.
    private var mayAnswer: Bool { !isReading || isHolding || !inputIsPending || outbound.isHalfFull }

    /// A negative descriptor is one that poll leaves alone: an error condition nobody handles would spin.
    private func entry(_ descriptor: CInt, read: Bool, write: Bool) -> pollfd {
        let events = (read ? POLLIN : 0) | (write ? POLLOUT : 0)
        return pollfd(fd: events == 0 ? -1 : descriptor, events: Int16(events), revents: 0)
    }

    private mutating func end(_ ending: GuardControl.Ending) {
        guard isReading else { return }
        control.end(ending)
        isReading = false
    }

    private mutating func obeyOrders() {
        control.clearWake()
        let orders = control.orders
        if orders.mediaAccepted, !mediaAccepted {
            mediaAccepted = true
            isHolding = false
            chunkGuard.acceptMedia()
            judge()
        }
        if let reason = orders.stopReason { end(.stopped(reason)) }
    }

    private mutating func readEncoder(_ now: ContinuousClock.Instant) {
        switch inbound.fill(from: encoder) {
        case .moved(let count):
            inputSince += count
            // With room left in the buffer the socket is empty.
            if mediaAccepted, inbound.hasRoom {
                inputIsPending = false
                gatherEnd = now + Self.gatherTime
            }
            if inputSince >= limits.minimumProgress || !mediaAccepted {
                lastInput = now
                inputSince = 0
            }
            judge()
        case .wouldBlock: inputIsPending = false
        case .closed: end(.peerClosed)
        case .failed(ECONNRESET), .failed(EPIPE), .failed(ETIMEDOUT): end(.peerClosed)
        case .failed(let code): end(.failed(code))
        }
    }

    private mutating func judge() {
        guard isReading else { return }
        let handshakeWasComplete = chunkGuard.handshakeIsComplete
        let (accepted, verdict) = chunkGuard.inspect(&inbound.bytes, in: inbound.unjudged)
        inbound.accept(accepted)
        if !handshakeWasComplete, chunkGuard.handshakeIsComplete { control.completeHandshake() }
        switch verdict {
        case .more: break
        case .hold: isHolding = true
        case .refuse(let reason): end(.refused(reason))
        }
    }

    private mutating func feedLibrary() {
        switch inbound.drain(into: library) {
        case .moved, .wouldBlock: break
        case .closed, .failed:
            // The session is gone; what it wrote before still goes to the encoder.
            libraryTakesInput = false
            inbound.removeAll()
            end(.peerClosed)
        }
    }

    private mutating func readLibrary() {
        switch outbound.fill(from: library) {
        case .moved: outbound.accept(outbound.unjudged.count)
        case .wouldBlock: break
        case .closed, .failed:
            libraryIsOpen = false
            lastOutput = ContinuousClock.now
        }
    }

    private mutating func answerEncoder(_ now: ContinuousClock.Instant) {
        switch outbound.drain(into: encoder) {
        case .moved: lastOutput = now
        case .wouldBlock: break
        case .closed, .failed: discardOutput()
        }
    }

    /// Nobody reads our answers any more: they are thrown away, so that librtmp never blocks on them.
    private mutating func discardOutput() {
        encoderTakesOutput = false
        outbound.removeAll()
    }

    private mutating func checkTime(_ now: ContinuousClock.Instant) {
        if !encoderTakesOutput { outbound.removeAll() }
        if outbound.hasOutput, encoderTakesOutput, mayAnswer, now - lastOutput >= outputTimeout {
            end(.timedOut("the encoder read none of our answers for \(limits.idleTimeout)"))
            discardOutput()
        }
        guard isReading else { return }
        if !mediaAccepted {
            if now >= setupDeadline { end(.timedOut("not publishing \(limits.setupTimeout) after connecting")) }
        } else if wantsInput, now - lastInput >= limits.idleTimeout {
            let amount = inputSince == 0 ? "nothing" : "no more than \(inputSince) bytes"
            end(.timedOut("the encoder sent \(amount) for \(limits.idleTimeout)"))
        }
    }

    private var outputTimeout: Duration { libraryIsOpen ? limits.idleTimeout : Self.lingerTime }

    /// To the next moment at which `checkTime` may have to act; -1 for none.
    private func timeoutMilliseconds() -> CInt {
        var next: ContinuousClock.Instant?
        func consider(_ instant: ContinuousClock.Instant) { next = min(next ?? instant, instant) }
        if outbound.hasOutput, encoderTakesOutput, mayAnswer { consider(lastOutput + outputTimeout) }
        if isReading, !mediaAccepted { consider(setupDeadline) }
        if mediaAccepted, wantsInput { consider(max(gatherEnd, lastInput + limits.idleTimeout)) }
        let now = ContinuousClock.now
        if wantsInput, gatherEnd > now { consider(gatherEnd) }
        guard let next else { return -1 }
        let wait = (next - now).components
        guard wait.seconds >= 0, wait.attoseconds >= 0 else { return 0 }
        // One more millisecond, so that the deadline has passed when poll returns.
        return CInt(clamping: min(wait.seconds, 1 << 20) * 1000 + wait.attoseconds / 1_000_000_000_000_000 + 1)
    }

    /// Waits for the encoder to close. To close with its bytes unread would reset the connection, and a reset
    /// takes our last answer, the reason of a refusal, away from the encoder.
    private mutating func linger() {
        shutdown(encoder, CInt(SHUT_WR))
        let deadline = ContinuousClock.now + Self.lingerTime
        while true {
            let wait = (deadline - ContinuousClock.now).components
            guard wait.seconds >= 0, wait.attoseconds > 0 || wait.seconds > 0 else { return }
            var descriptor = pollfd(fd: encoder, events: Int16(POLLIN), revents: 0)
            let milliseconds = CInt(clamping: wait.seconds * 1000 + wait.attoseconds / 1_000_000_000_000_000 + 1)
            guard poll(&descriptor, 1, milliseconds) > 0 else { continue }
            inbound.removeAll()
            switch inbound.fill(from: encoder) {
            case .moved, .wouldBlock: break
            case .closed, .failed: return
            }
        }
    }
}
