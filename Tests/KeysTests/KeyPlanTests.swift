import Keys
import Media
import Testing

/// A dialogue with the plan: one key every 60 s, the next asked for 20 s ahead, keys kept for 100 s after their end.
@Suite struct KeyPlanTests {
    private static let settings = KeyPlan.Settings(
        rotationIntervalSeconds: 60, prefetchSeconds: 20, retentionSeconds: 100)
    /// The start of period 1000, in milliseconds.
    private let start: Int64 = 60_000_000
    private var plan = KeyPlan(Self.settings)

    @Test mutating func theCurrentAndTheNextPeriodAreFetchedAtOnceAndOnlyOnce() {
        #expect(plan.advance(now: start + 5000) == [.fetch(1000), .fetch(1001), .wait(until: start + 60_000)])
        #expect(plan.advance(now: start + 6000) == [.wait(until: start + 60_000)])
        plan.fetched(1000)
        plan.fetched(1001)
        #expect(plan.advance(now: start + 59_999) == [.wait(until: start + 60_000)])
        #expect(plan.advance(now: start + 60_000) == [.fetch(1002), .wait(until: start + 120_000)])
    }

    @Test func aLongPrefetchLooksFurtherAhead() {
        var plan = KeyPlan(.init(rotationIntervalSeconds: 10, prefetchSeconds: 25, retentionSeconds: 60))
        // Period 100 runs to 1010 s; 103 comes into sight at 1005 s.
        #expect(
            plan.advance(now: 1_004_000) == [.fetch(100), .fetch(101), .fetch(102), .wait(until: 1_005_000)])
        #expect(plan.advance(now: 1_005_000) == [.fetch(103), .wait(until: 1_010_000)])
    }

    @Test func theNumberOfCallsAtATimeIsBounded() {
        var plan = KeyPlan(
            .init(rotationIntervalSeconds: 10, prefetchSeconds: 100_000, retentionSeconds: 60, maximumCalls: 2))
        #expect(plan.advance(now: 1_000_000).filter(\.isFetch) == [.fetch(100), .fetch(101)])
        #expect(plan.advance(now: 1_000_001).filter(\.isFetch).isEmpty)
        plan.fetched(100)
        #expect(plan.advance(now: 1_000_002).filter(\.isFetch) == [.fetch(102)])
    }

    @Test mutating func failuresBackOffWithJitterWithoutEnd() {
        _ = plan.advance(now: start)
        plan.fetched(1001)
        let error = KeyError(.unavailable, "down")
        // Halves of 1, 2, 4, 8, 16, 30, 30 s, and no jitter.
        var now = start
        for delay in [500, 1000, 2000, 4000, 8000, 15_000, 15_000] as [Int64] {
            let next = plan.failed(1000, error, now: now, jitter: 0)
            #expect(next == now + delay)
            #expect(plan.advance(now: next - 1).filter(\.isFetch).isEmpty)
            #expect(plan.advance(now: next).contains(.fetch(1000)) == true)
            now = next
        }
        for jitter in [1, 12_345, UInt64.max] {
            let next = plan.failed(1000, error, now: now, jitter: jitter)
            #expect((now + 15_000...now + 30_000).contains(next))
            _ = plan.advance(now: next)
            now = next
        }
    }

    @Test mutating func aProviderThatIsBackIsAskedForAllThatFailedAtOnce() {
        _ = plan.advance(now: start)
        var now = start
        for _ in 0..<7 {
            now = plan.failed(1000, KeyError(.unavailable, "down"), now: now, jitter: .max)
            _ = plan.advance(now: now)
        }
        let next = plan.failed(1000, KeyError(.unavailable, "down"), now: now, jitter: .max)
        #expect(next >= now + 15_000)
        #expect(plan.advance(now: now + 1).filter(\.isFetch).isEmpty)
        plan.fetched(1001)
        #expect(plan.advance(now: now + 2).filter(\.isFetch) == [.fetch(1000)])
        // One more failure, and its delay is as long as before.
        #expect(plan.failed(1000, KeyError(.unavailable, "down"), now: now, jitter: 0) == now + 15_000)
    }

    @Test mutating func aRefusalIsAskedAgainSlowly() {
        _ = plan.advance(now: start)
        #expect(plan.failed(1000, KeyError(.refused, "422"), now: start, jitter: 0) == start + 15_000)
    }

    @Test(arguments: [(7, 3500), (3600, 30_000)] as [(UInt32, Int64)]) mutating func retryAfterIsHeededWithinReason(
        _ seconds: UInt32, _ delay: Int64
    ) {
        _ = plan.advance(now: start)
        let error = KeyError(.unavailable, "503", retryAfterSeconds: seconds)
        #expect(plan.failed(1000, error, now: start, jitter: 0) == start + delay)
    }

    @Test mutating func anOlderPeriodIsFetchedOnDemandAfterWhatComes() {
        #expect(plan.need(999, now: start) == true)
        #expect(plan.need(999, now: start) == false)
        #expect(
            plan.advance(now: start) == [.fetch(1000), .fetch(1001), .fetch(999), .wait(until: start + 60_000)])
    }

    @Test mutating func whatIsGoneOrFarAheadIsNotAskedFor() {
        // Period 997 ended 120 s before `start`, 998 only 60 s.
        #expect(plan.need(997, now: start) == false)
        #expect(plan.need(0, now: start) == false)
        #expect(plan.need(998, now: start) == true)
        #expect(plan.need(1002, now: start) == false)
        #expect(plan.need(KeyPeriod(.max), now: start) == false)
    }

    @Test mutating func keysAreDroppedWhenTheWindowHasLeftThem() {
        _ = plan.advance(now: start)
        plan.fetched(1000)
        plan.fetched(1001)
        // Period 1000 ends at +60 s and is kept for another 100.
        #expect(plan.advance(now: start + 159_999).contains(.drop(1000)) == false)
        #expect(plan.advance(now: start + 160_000).contains(.drop(1000)) == true)
        #expect(plan.advance(now: start + 160_001).contains(.drop(1000)) == false)
        #expect(plan.need(1000, now: start + 160_001) == false)
    }

    @Test mutating func aPeriodThatNeverCameIsForgottenSilently() {
        _ = plan.advance(now: start)
        plan.failed(1000, KeyError(.unavailable, ""), now: start, jitter: 0)
        let actions = plan.advance(now: start + 160_000)
        #expect(!actions.contains(.drop(1000)) && !actions.contains(.fetch(1000)))
    }

    @Test mutating func anAbandonedFetchIsMadeAgain() {
        _ = plan.advance(now: start)
        plan.abandoned(1000)
        #expect(plan.advance(now: start).contains(.fetch(1000)) == true)
    }

    @Test func withoutRotationThereIsOneKeyForEver() {
        var plan = KeyPlan(.init(rotationIntervalSeconds: 0, prefetchSeconds: 60, retentionSeconds: 0))
        #expect(plan.advance(now: start) == [.fetch(0), .wait(until: nil)])
        plan.fetched(0)
        #expect(plan.advance(now: .max / 2) == [.wait(until: nil)])
        #expect(plan.need(1, now: start) == false)
    }

    /// Any order of events: never two calls for one period, never more than allowed, never a drop of what is not held.
    /// An emergency rotation: current and next are asked for anew, what was fetched ahead goes, what is in use stays
    /// for as long as the window may hold segments under it.
    @Test func aShortPeriodIsNotWaitedAway() {
        var plan = KeyPlan(.init(rotationIntervalSeconds: 10, prefetchSeconds: 5, retentionSeconds: 60))
        _ = plan.advance(now: start)
        #expect(plan.failed(plan.period(at: start), KeyError(.refused, "403"), now: start, jitter: 0) == start + 2500)
    }

    @Test mutating func anEditionReplacesWhatIsToCome() {
        _ = plan.advance(now: start)
        plan.fetched(1000)
        plan.fetched(1001)
        plan.startEdition(1, now: start + 10_000)
        let actions = plan.advance(now: start + 10_000)
        #expect(
            actions.dropLast() == [
                .drop(1001), .fetch(KeyPeriod(1000, edition: 1)), .fetch(KeyPeriod(1001, edition: 1)),
            ])
        #expect(plan.need(1001, now: start + 10_000) == false)
        plan.fetched(KeyPeriod(1000, edition: 1))
        // Replaced at 10 s, kept for 100 s after that.
        #expect(!plan.advance(now: start + 109_999).contains(.drop(1000)))
        #expect(plan.advance(now: start + 110_000).contains(.drop(1000)))
    }

    @Test func withoutRotationAnEditionEndsAKeyForEver() {
        var plan = KeyPlan(.init(rotationIntervalSeconds: 0, prefetchSeconds: 60, retentionSeconds: 30))
        _ = plan.advance(now: start)
        plan.fetched(0)
        plan.startEdition(1, now: start)
        #expect(plan.advance(now: start).contains(.fetch(KeyPeriod(0, edition: 1))))
        #expect(plan.advance(now: start + 30_000).contains(.drop(0)))
    }

    @Test func anyOrderOfEventsKeepsTheRules() {
        var random = SeededRandom(state: 42)
        for _ in 0..<200 {
            var plan = KeyPlan(Self.settings)
            var now = start
            var flying: Set<KeyPeriod> = []
            var held: Set<KeyPeriod> = []
            for _ in 0..<200 {
                switch random.next() % 5 {
                case 0: now += Int64(random.next() % 40_000)
                case 1:
                    let current = plan.period(at: now)
                    let edition = UInt32(random.next() % UInt64(current.edition + 1))
                    _ = plan.need(KeyPeriod(current.index &- random.next() % 4 &+ 1, edition: edition), now: now)
                case 4: plan.startEdition(plan.period(at: now).edition + UInt32(random.next() % 2), now: now)
                case 2:
                    if let period = flying.randomElement(using: &random) {
                        flying.remove(period)
                        held.insert(period)
                        plan.fetched(period)
                    }
                default:
                    if let period = flying.randomElement(using: &random) {
                        flying.remove(period)
                        plan.failed(period, KeyError(.unavailable, ""), now: now, jitter: random.next())
                    }
                }
                for action in plan.advance(now: now) {
                    switch action {
                    case .fetch(let period):
                        #expect(flying.insert(period).inserted && !held.contains(period))
                    case .drop(let period): #expect(held.remove(period) != nil)
                    case .wait(let time): if let time { #expect(time > now) }
                    }
                }
                #expect(flying.count <= 4)
            }
        }
    }
}

extension KeyPlan.Action {
    fileprivate var isFetch: Bool { if case .fetch = self { true } else { false } }
}

/// Xorshift, with a seed: every run is the same.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
