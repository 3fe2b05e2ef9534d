import Glibc

/// The guard's thread: moves bytes between the encoder and librtmp, both ways, and lets only judged ones in.
///
/// Both directions have one bounded buffer; where it is full, its source is not read, so that TCP holds the sender.
struct GuardPump {
    private static let bufferSize = 64 << 10
    /// How long answers may take to leave after the session is over, and the encoder to see them.
    private static let lingerTime = Duration.seconds(2)

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
    private var libraryTakesInput = true
    private var libraryIsOpen = true
    private var encoderTakesOutput = true
    private var times: GuardTimes

    /// - Parameters: both sockets belong to the pump, which closes them at the end of `run`.
    init(encoder: CInt, library: CInt, control: GuardControl, limits: RTMPLimits) {
        self.encoder = encoder
        self.library = library
        self.control = control
        self.limits = limits
        chunkGuard = ChunkGuard(limits: limits)
        times = GuardTimes(limits: limits, now: .now)
    }

    /// Returns when the session has closed its end and the encoder has had its time to see the last answers.
    mutating func run() {
        var now = ContinuousClock.now
        while libraryIsOpen || (outbound.hasOutput && encoderTakesOutput) {
            let wantsInput = wantsInput
            let isGathering = times.isGathering(now)
            let wantsOutput = outbound.hasOutput && encoderTakesOutput && (mayAnswer || wantsInput)
            let wait = times.wait(
                now, isReading: isReading, wantsInput: wantsInput, outputTimeout: owesAnswer ? outputTimeout : nil)
            var descriptors = [
                pollfd(fd: control.wakeDescriptor, events: Int16(POLLIN), revents: 0),
                entry(encoder, read: wait.looksAtEncoder, write: wantsOutput),
                entry(library, read: libraryIsOpen && outbound.hasRoom, write: libraryTakesInput && inbound.hasOutput),
            ]
            let ready = poll(&descriptors, nfds_t(descriptors.count), wait.milliseconds)
            if ready < 0, errno != EINTR {
                end(.failed(errno))
                break
            }
            now = ContinuousClock.now
            // Time in which we would not read, or had nothing to write, is not the encoder's.
            if !wantsInput { times.inputWasHeld(now) }
            if !wantsOutput { times.outputProgressed(now) }
            if descriptors[0].revents != 0 { obeyOrders(now) }
            if wantsInput, isReading, !times.isGathering(now) {
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

    private mutating func obeyOrders(_ now: ContinuousClock.Instant) {
        control.clearWake()
        let orders = control.orders
        if orders.mediaAccepted, !times.mediaAccepted {
            times.acceptMedia(now)
            isHolding = false
            chunkGuard.acceptMedia()
            judge(now)
        }
        if let reason = orders.stopReason { end(.stopped(reason)) }
    }

    private mutating func readEncoder(_ now: ContinuousClock.Instant) {
        switch inbound.fill(from: encoder) {
        case .moved(let count):
            // With room left in the buffer the socket is empty.
            let wasEmptied = inbound.hasRoom
            times.received(count, wasEmptied: wasEmptied, now)
            if times.mediaAccepted, wasEmptied { inputIsPending = false }
            judge(now)
        case .wouldBlock: inputIsPending = false
        case .closed: end(.peerClosed)
        case .failed(ECONNRESET), .failed(EPIPE), .failed(ETIMEDOUT): end(.peerClosed)
        case .failed(let code): end(.failed(code))
        }
    }

    private mutating func judge(_ now: ContinuousClock.Instant) {
        guard isReading else { return }
        let handshakeWasComplete = chunkGuard.handshakeIsComplete
        let (accepted, verdict) = chunkGuard.inspect(&inbound.bytes, in: inbound.unjudged)
        inbound.accept(accepted)
        times.judged(messages: chunkGuard.messageCount, now)
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
            times.outputProgressed(.now)
        }
    }

    private mutating func answerEncoder(_ now: ContinuousClock.Instant) {
        switch outbound.drain(into: encoder) {
        case .moved: times.outputProgressed(now)
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
        if owesAnswer, times.outputIsOverdue(now, outputTimeout) {
            end(.timedOut("the encoder read none of our answers for \(limits.idleTimeout)"))
            discardOutput()
        }
        guard isReading, let violation = times.violation(now, wantsInput: wantsInput) else { return }
        end(.timedOut(violation))
    }

    private var owesAnswer: Bool { outbound.hasOutput && encoderTakesOutput && mayAnswer }

    private var outputTimeout: Duration { libraryIsOpen ? limits.idleTimeout : Self.lingerTime }

    /// Waits for the encoder to close. To close with its bytes unread would reset the connection, and a reset
    /// takes our last answer, the reason of a refusal, away from the encoder.
    private mutating func linger() {
        shutdown(encoder, CInt(SHUT_WR))
        let deadline = ContinuousClock.now + Self.lingerTime
        while true {
            let now = ContinuousClock.now
            guard now < deadline else { return }
            var descriptor = pollfd(fd: encoder, events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, GuardTimes.milliseconds(from: now, to: deadline)) > 0 else { continue }
            inbound.removeAll()
            switch inbound.fill(from: encoder) {
            case .moved, .wouldBlock: break
            case .closed, .failed: return
            }
        }
    }
}
