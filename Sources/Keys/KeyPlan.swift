package import Media

/// What to fetch, what to drop and when to look again: every decision of a `KeySchedule`, without effects.
///
/// Times are milliseconds since the epoch. The periods that matter are those from the current one to the last that
/// starts within the prefetch time (at least the next one), and older ones on demand, for as long as the storage
/// window may hold segments under them.
package struct KeyPlan: Sendable {
    package struct Settings: Sendable, Hashable {
        /// 0: one key for ever, period 0.
        package var rotationIntervalSeconds: UInt32
        /// Periods that start within this time are asked for at once.
        package var prefetchSeconds: UInt32
        /// How long after its end a period's key may still be needed: the storage window, and the grace.
        package var retentionSeconds: UInt32
        /// Calls to the provider at a time.
        package var maximumCalls: Int
        /// Periods after the current one that are fetched whatever the prefetch time: 1 or 2.
        package var prefetchPeriods: UInt32
        /// The reserve key is fetched at the start and kept, for the times when the provider is away.
        package var keepsReserve: Bool

        package init(
            rotationIntervalSeconds: UInt32, prefetchSeconds: UInt32, retentionSeconds: UInt32, maximumCalls: Int = 4,
            prefetchPeriods: UInt32 = 1, keepsReserve: Bool = false
        ) {
            self.rotationIntervalSeconds = rotationIntervalSeconds
            self.prefetchSeconds = prefetchSeconds
            self.retentionSeconds = retentionSeconds
            self.maximumCalls = maximumCalls
            self.prefetchPeriods = prefetchPeriods
            self.keepsReserve = keepsReserve
        }
    }

    package enum Action: Sendable, Hashable {
        case fetch(KeyPeriod)
        case drop(KeyPeriod)
        /// Nothing changes by itself before this time; nil: only an event changes anything. Always the last action.
        case wait(until: Int64?)
    }

    private enum State {
        /// To be asked for at `time`, after `failures` failures.
        case wanted(at: Int64, failures: Int)
        case fetching(failures: Int)
        case held
    }

    package let settings: Settings
    private var states: [KeyPeriod: State] = [:]
    private var edition: UInt32 = 0
    /// When each edition began, in milliseconds: the keys of those before go when the window has left them.
    private var editionStarts: [(edition: UInt32, at: Int64)] = []

    package init(_ settings: Settings) { self.settings = settings }

    private var interval: Int64 { Int64(settings.rotationIntervalSeconds) * 1000 }

    /// The period of a time, in the current edition.
    package func period(at now: Int64) -> KeyPeriod {
        KeyPeriod(interval == 0 ? 0 : UInt64(clamping: now / interval), edition: edition)
    }

    /// From now on periods are those of this edition: keys held for times to come are dropped and asked for anew.
    package mutating func startEdition(_ edition: UInt32, now: Int64) {
        guard edition > self.edition else { return }
        editionStarts.append((edition, now))
        self.edition = edition
    }

    /// What to do now. Whatever `.fetch` names counts as being fetched until `fetched` or `failed` is told.
    package mutating func advance(now: Int64) -> [Action] {
        var actions: [Action] = []
        let current = period(at: now)
        for period in states.keys.sorted() where isExpired(period, now: now) || isReplaced(period, current) {
            if case .fetching = states[period] { continue }
            if case .held = states[period] { actions.append(.drop(period)) }
            states[period] = nil
        }
        for index in current.index...lastWanted(now: now) {
            let period = KeyPeriod(index, edition: edition)
            if states[period] == nil { states[period] = .wanted(at: now, failures: 0) }
        }
        if settings.keepsReserve, states[.reserve(edition: edition)] == nil {
            states[.reserve(edition: edition)] = .wanted(at: now, failures: 0)
        }
        var calls = states.values.reduce(0) { count, state in
            if case .fetching = state { count + 1 } else { count }
        }
        var wake: Int64?
        // The current period first, then what comes, then what is past, newest first.
        let order = states.keys.sorted { a, b in
            (a >= current) == (b >= current) ? (a >= current ? a < b : a > b) : a >= current
        }
        for period in order {
            guard case .wanted(let time, let failures) = states[period] else { continue }
            if time > now {
                wake = min(wake ?? time, time)
            } else if calls < settings.maximumCalls {
                calls += 1
                states[period] = .fetching(failures: failures)
                actions.append(.fetch(period))
            }
        }
        if interval > 0 {
            // The next period comes into sight: when its predecessor becomes current, or by the prefetch time.
            let next = Int64(clamping: lastWanted(now: now) + 1) * interval - Int64(settings.prefetchSeconds) * 1000
            let boundary = (Int64(clamping: current.index) + 1) * interval
            let sight = next > now ? min(next, boundary) : boundary
            wake = min(wake ?? sight, sight)
        }
        actions.append(.wait(until: wake))
        return actions
    }

    /// A segment of this period has to be served: asks for its key unless that is gone for good or far ahead.
    ///
    /// Answers whether there is now something to do for `advance`.
    package mutating func need(_ period: KeyPeriod, now: Int64) -> Bool {
        guard states[period] == nil, !isExpired(period, now: now),
            period.isReserve || period.index <= lastWanted(now: now),
            period.edition <= edition, !isReplaced(period, self.period(at: now))
        else { return false }
        states[period] = .wanted(at: now, failures: 0)
        return true
    }

    /// The key of a period is at hand, from before a restart.
    package mutating func restored(_ period: KeyPeriod) { states[period] = .held }

    package mutating func fetched(_ period: KeyPeriod) {
        guard case .fetching = states[period] else { return }
        states[period] = .held
        // The provider answers: what failed before is asked for again at once, not when its delay is over.
        for (other, state) in states {
            if case .wanted(_, let failures) = state, failures > 0 {
                states[other] = .wanted(at: .min, failures: failures)
            }
        }
    }

    /// - Parameter jitter: any number; spreads the next attempt over the second half of the delay.
    /// - Returns: the time of the next attempt.
    @discardableResult
    package mutating func failed(_ period: KeyPeriod, _ error: KeyError, now: Int64, jitter: UInt64) -> Int64 {
        guard case .fetching(let failures) = states[period] else { return now }
        let full = delay(afterFailures: failures + 1, error)
        let time = now + full / 2 + Int64(jitter % UInt64(full / 2 + 1))
        states[period] = .wanted(at: time, failures: failures + 1)
        return time
    }

    /// A fetch ended without a result, as by cancellation: it can be asked for again.
    package mutating func abandoned(_ period: KeyPeriod) {
        guard case .fetching = states[period] else { return }
        states[period] = nil
    }

    /// 1, 2, 4 ... 30 s; the longest from the first on where the provider refused; at most a minute on its request.
    /// Never more than half a period.
    private func delay(afterFailures failures: Int, _ error: KeyError) -> Int64 {
        let longest = interval == 0 ? 30_000 : min(30_000, max(1000, interval / 2))
        let own: Int64 = error.code == .refused ? longest : min(longest, 1000 << Int64(min(failures - 1, 5)))
        return max(own, min(60_000, Int64(error.retryAfterSeconds ?? 0) * 1000))
    }

    /// At least the next period; at most 64 ahead, should a prefetch time be far longer than the interval.
    private func lastWanted(now: Int64) -> UInt64 {
        guard interval > 0 else { return 0 }
        let current = period(at: now).index
        let ahead = period(at: now + Int64(settings.prefetchSeconds) * 1000).index
        return min(max(current + UInt64(max(settings.prefetchPeriods, 1)), ahead), current + 64)
    }

    /// Whether no segment of the window can be under it any more.
    private func isExpired(_ period: KeyPeriod, now: Int64) -> Bool {
        var end: Int128?
        if interval > 0, !period.isReserve { end = (Int128(period.index) + 1) * Int128(interval) }
        if let replaced = editionStarts.first(where: { $0.edition > period.edition })?.at {
            end = min(end ?? .max, Int128(replaced))
        }
        guard let end else { return false }
        return end + Int128(settings.retentionSeconds) * 1000 <= Int128(now)
    }

    /// Whether it is a period to come of an earlier edition: nothing will ever be under it.
    private func isReplaced(_ period: KeyPeriod, _ current: KeyPeriod) -> Bool {
        period.edition < edition && period.index > current.index && !period.isReserve
    }
}
