import Testing

@testable import RTMPServer

@Suite struct GuardTimesTests {
    private let start = ContinuousClock.now
    private var times: GuardTimes

    init() {
        var limits = RTMPLimits()
        limits.idleTimeout = .seconds(10)
        times = GuardTimes(limits: limits, now: start)
    }

    private func wait(
        _ now: ContinuousClock.Instant, wantsInput: Bool = true, outputTimeout: Duration? = nil
    ) -> GuardTimes.Wait {
        times.wait(now, isReading: true, wantsInput: wantsInput, outputTimeout: outputTimeout)
    }

    /// The encoder's socket is full all the while: nobody may wait for the idle time with his back to it. The guard's
    /// thread may lose its core between any two instructions, for any time.
    @Test mutating func whoDoesNotLookAtTheEncoderWaitsOnlyToGather() {
        times.acceptMedia(start)
        times.received(1000, wasEmptied: true, start)
        let end = start + GuardTimes.gatherTime
        for offset in -45_000...5_000 {
            let wait = wait(end + .microseconds(offset))
            #expect(wait.looksAtEncoder == (offset >= 0))
            if !wait.looksAtEncoder { #expect((1...46).contains(wait.milliseconds)) }
            if offset == -1 { #expect(wait.milliseconds == 1) }
            if offset == 0 { #expect(wait == .init(looksAtEncoder: true, milliseconds: 9_961)) }
        }
    }

    @Test mutating func whatIsLeftInTheSocketIsLookedAtAtOnce() {
        times.acceptMedia(start)
        times.received(1000, wasEmptied: false, start)
        #expect(wait(start).looksAtEncoder)
    }

    @Test mutating func aTrickleIsSilence() {
        times.acceptMedia(start)
        times.received(1000, wasEmptied: true, start)
        for second in 1...9 { times.received(28, wasEmptied: true, start + .seconds(second)) }
        let last = start + .seconds(10) - .milliseconds(1)
        #expect(times.violation(last, wantsInput: true) == nil && wait(last).milliseconds == 2)
        let late = start + .seconds(10)
        #expect(times.violation(late, wantsInput: true) == "the encoder sent no more than 252 bytes for 10.0 seconds")
        // What we do not read we do not miss.
        #expect(times.violation(late, wantsInput: false) == nil && wait(late, wantsInput: false).milliseconds == -1)
        times.received(4, wasEmptied: true, last)
        times.judged(messages: 1, last)
        #expect(times.violation(late, wantsInput: true) == nil)
    }

    /// A key frame that takes longer than that over a link that has become too slow: the session hears nothing.
    @Test mutating func aMessageThatDoesNotEndIsSilence() {
        times.acceptMedia(start)
        times.judged(messages: 7, start + .seconds(1))
        for second in 1...11 {
            times.received(100_000, wasEmptied: true, start + .seconds(second))
            times.judged(messages: 7, start + .seconds(second))
        }
        let late = start + .seconds(11)
        #expect(times.violation(late - .milliseconds(1), wantsInput: true) == nil)
        #expect(wait(late - .milliseconds(1)).milliseconds == 2)
        #expect(times.violation(late, wantsInput: true)?.contains("no whole message for 10.0 seconds") == true)
        #expect(times.violation(late, wantsInput: false) == nil)
        times.judged(messages: 8, late)
        #expect(times.violation(late + .seconds(9), wantsInput: true)?.contains("no whole message") != true)
        times.inputWasHeld(late + .seconds(30))
        #expect(times.violation(late + .seconds(39), wantsInput: true) == nil)
    }

    @Test mutating func beforeMediaOnlyTheSetupHasAnEnd() {
        times.received(1, wasEmptied: true, start + .seconds(1))
        #expect(wait(start + .seconds(9)) == .init(looksAtEncoder: true, milliseconds: 1001))
        #expect(
            times.violation(start + .seconds(10), wantsInput: true) == "not publishing 10.0 seconds after connecting")
        #expect(wait(start, outputTimeout: .seconds(2)).milliseconds == 2001)
        times.outputProgressed(start + .seconds(3))
        #expect(times.outputIsOverdue(start + .seconds(5), .seconds(2)))
        #expect(!times.outputIsOverdue(start + .seconds(4), .seconds(2)))
    }

    /// The daemon may ask a web hook for half a minute whether an encoder is let in.
    @Test mutating func whoWaitedToBeLetInHasAllTheTimeAfterThat() {
        times.received(400, wasEmptied: true, start)
        let accepted = start + .seconds(30)
        times.acceptMedia(accepted)
        #expect(times.violation(accepted, wantsInput: true) == nil)
        #expect(times.violation(accepted + .seconds(10) - .milliseconds(1), wantsInput: true) == nil)
        #expect(times.violation(accepted + .seconds(10), wantsInput: true) != nil)
        #expect(wait(accepted).milliseconds == 10_001)
    }
}
