/// When the guard looks at the encoder, and when it has waited for it long enough. Whatever is asked is answered for one
/// reading of the clock, which the caller gives: a wait that is measured by a later one than it is decided by may leave
/// the encoder alone for the whole idle time.
struct GuardTimes {
    /// For so long what comes is left in the socket once that was emptied: an encoder sends some eighty messages a
    /// second, each of which would wake two threads. Media is so much later, at most; TCP holds what is more.
    static let gatherTime = Duration.milliseconds(40)

    /// How long the guard's next round waits, and for what.
    struct Wait: Equatable {
        var looksAtEncoder: Bool
        /// -1 for ever.
        var milliseconds: CInt
    }

    private let limits: RTMPLimits
    private let setupDeadline: ContinuousClock.Instant
    /// When the encoder had last sent `minimumProgress` bytes, and what it sent since.
    private var lastInput: ContinuousClock.Instant
    private var inputSince = 0
    /// When a message was whole last, and how many were then.
    private var lastMessage: ContinuousClock.Instant
    private var messageCount: UInt64 = 0
    private var lastOutput: ContinuousClock.Instant
    /// Until then the encoder is not looked at, while media comes.
    private var gatherEnd: ContinuousClock.Instant

    private(set) var mediaAccepted = false

    init(limits: RTMPLimits, now: ContinuousClock.Instant) {
        self.limits = limits
        setupDeadline = now + limits.setupTimeout
        lastInput = now
        lastMessage = now
        lastOutput = now
        gatherEnd = now
    }

    /// The time in which an encoder waited to be let in is not its own.
    mutating func acceptMedia(_ now: ContinuousClock.Instant) {
        mediaAccepted = true
        lastInput = now
        lastMessage = now
        inputSince = 0
    }

    func isGathering(_ now: ContinuousClock.Instant) -> Bool { now < gatherEnd }

    /// - Parameter wasEmptied: the socket has no more.
    mutating func received(_ count: Int, wasEmptied: Bool, _ now: ContinuousClock.Instant) {
        inputSince += count
        if mediaAccepted, wasEmptied { gatherEnd = now + Self.gatherTime }
        guard inputSince >= limits.minimumProgress || !mediaAccepted else { return }
        lastInput = now
        inputSince = 0
    }

    /// - Parameter count: of all messages that are whole. One that never comes to its end, as over a link that has become too
    ///   slow, is nothing to a session behind the guard, however many bytes come.
    mutating func judged(messages count: UInt64, _ now: ContinuousClock.Instant) {
        guard count != messageCount else { return }
        messageCount = count
        lastMessage = now
    }

    /// Time in which we would not read is not the encoder's.
    mutating func inputWasHeld(_ now: ContinuousClock.Instant) { (lastInput, lastMessage) = (now, now) }

    /// The encoder took some of our answers, or there were none.
    mutating func outputProgressed(_ now: ContinuousClock.Instant) { lastOutput = now }

    /// - Parameters:
    ///   - isReading: the input has not ended.
    ///   - wantsInput: and there is room for it.
    ///   - outputTimeout: how long the encoder may leave what we answer; nil where there is nothing.
    func wait(
        _ now: ContinuousClock.Instant, isReading: Bool, wantsInput: Bool, outputTimeout: Duration?
    ) -> Wait {
        var next: ContinuousClock.Instant?
        func consider(_ instant: ContinuousClock.Instant) { next = min(next ?? instant, instant) }
        if let outputTimeout { consider(lastOutput + outputTimeout) }
        if isReading, !mediaAccepted { consider(setupDeadline) }
        let isGathering = isGathering(now)
        if wantsInput, isGathering { consider(gatherEnd) }
        if wantsInput, mediaAccepted { consider(min(lastInput, lastMessage) + limits.idleTimeout) }
        return Wait(
            looksAtEncoder: wantsInput && !isGathering,
            milliseconds: next.map { Self.milliseconds(from: now, to: $0) } ?? -1)
    }

    func outputIsOverdue(_ now: ContinuousClock.Instant, _ timeout: Duration) -> Bool { now - lastOutput >= timeout }

    /// What the encoder has failed to do in its time.
    func violation(_ now: ContinuousClock.Instant, wantsInput: Bool) -> String? {
        guard mediaAccepted else {
            return now < setupDeadline ? nil : "not publishing \(limits.setupTimeout) after connecting"
        }
        guard wantsInput, now - min(lastInput, lastMessage) >= limits.idleTimeout else { return nil }
        guard now - lastInput >= limits.idleTimeout else {
            return
                "the encoder sent no whole message for \(limits.idleTimeout): its connection is too slow for its bitrate"
        }
        let amount = inputSince == 0 ? "nothing" : "no more than \(inputSince) bytes"
        return "the encoder sent \(amount) for \(limits.idleTimeout)"
    }

    /// One more millisecond, so that the time has come when poll returns.
    static func milliseconds(from now: ContinuousClock.Instant, to next: ContinuousClock.Instant) -> CInt {
        let wait = (next - now).components
        guard wait.seconds >= 0, wait.attoseconds >= 0 else { return 0 }
        return CInt(clamping: min(wait.seconds, 1 << 20) * 1000 + wait.attoseconds / 1_000_000_000_000_000 + 1)
    }
}
