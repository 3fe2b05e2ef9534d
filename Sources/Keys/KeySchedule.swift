import Dispatch
package import Media
import Sealing
import Synchronization

/// Holds the keys of one contract: fetches ahead, fetches on demand after a restart, drops what the window has left.
///
/// `run()` does the work; `keys(for:)` only looks. The decisions are `KeyPlan`'s.
package final class KeySchedule: Sendable {
    /// What happened, for logs and metrics. Holds no secret.
    package enum Event: Sendable {
        case fetched(period: KeyPeriod, attempts: Int)
        case failed(period: KeyPeriod, KeyError, nextAttempt: Int64)
        case dropped(period: KeyPeriod)
        /// Keys kept from before a restart.
        case restored(periods: Int)
        /// What was kept cannot be read, or nothing can be kept: a restart without the provider would lose the window.
        case vaultFailed(String)
    }

    /// Adds what viewers are told of keys beyond the provider's answer.
    package typealias Present = @Sendable (_ keys: PeriodKeys) -> PeriodKeys

    /// Asks the provider for the keys of one period.
    package typealias Fetch = @Sendable (_ period: KeyPeriod) async throws(KeyError) -> PeriodKeys

    private struct Held {
        /// As the provider gave them.
        let plain: PeriodKeys
        let presented: PeriodKeys
    }

    private struct State {
        var plan: KeyPlan
        var keys: [KeyPeriod: Held] = [:]
        var waiters: [KeyPeriod: [UInt64: CheckedContinuation<Void, Never>]] = [:]
        var nextWaiter: UInt64 = 0
        var calls: UInt64 = 0
        var failures: UInt64 = 0
        var attempts: [KeyPeriod: Int] = [:]
        var lastError: KeyError?
        var lastErrorTime: Int64?
        var isRunning = false
        /// The vault has not what is held now.
        var isUnsaved = false
        /// The vault could not be written.
        var isSaveDue = false
        /// What the vault has from before could not be read yet: it is not written over.
        var isUnread = false
        /// Since when that is tried again.
        var unreadSince: Int64?
        /// Not all that is held fits into the vault; said once.
        var isCrowded = false
        /// Another schedule may have the vault.
        var hasGivenUpVault = false
        var isOver = false
    }

    private let state: Mutex<State>
    private let fetch: Fetch
    private let present: Present
    private let clock: KeyClock
    private let random: @Sendable () -> UInt64
    private let report: @Sendable (Event) -> Void
    private let vault: KeyVault?
    /// Writes the vault: waiting for a disk is nothing for the pool's few threads.
    private let writer = DispatchQueue(label: "key vault")  // why: serial, holds no lock while it writes
    private let wakeups: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - random: spreads the attempts of many daemons after a common failure.
    ///   - report: called on the tasks of `run`; must not block.
    ///   - present: what is handed out of the keys that are held; the vault has them without it.
    package init(
        _ settings: KeyPlan.Settings, clock: KeyClock = .system,
        random: @escaping @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) },
        report: @escaping @Sendable (Event) -> Void = { _ in }, vault: KeyVault? = nil,
        present: @escaping Present = { $0 }, fetch: @escaping Fetch
    ) {
        var state = State(plan: KeyPlan(settings))
        if let vault { Self.restore(from: vault, into: &state, present, report) }
        self.state = Mutex(state)
        self.vault = vault
        self.fetch = fetch
        self.present = present
        self.clock = clock
        self.random = random
        self.report = report
        // One pending wake-up is as good as many.
        (wakeups, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    private static func restore(
        from vault: KeyVault, into state: inout State, _ present: Present, _ report: (Event) -> Void
    ) {
        do {
            let kept = try vault.load()
            for keys in kept {
                state.keys[keys.period] = Held(plain: keys, presented: present(keys))
                state.plan.restored(keys.period)
            }
            if !kept.isEmpty { report(.restored(periods: kept.count)) }
        } catch {
            // What the disk does not give now it may give later.
            if case .unreadable(_) = error {
                state.isUnread = true
                state.isSaveDue = true
                report(.vaultFailed("\(error)"))
                return
            }
            let place = (try? vault.setAside()).map { "; it is \($0) now" } ?? ""
            report(.vaultFailed("\(error)\(place)"))
        }
    }

    /// Milliseconds in which a vault that cannot be read may become readable.
    private static let vaultPatience: Int64 = 600_000

    /// Reads what could not be read at the start.
    private func restoreLate(_ vault: KeyVault) throws(SealedFile.Failure) {
        guard state.withLock({ $0.isUnread && !$0.isOver }) else { return }
        var kept: [PeriodKeys] = []
        do throws(SealedFile.Failure) { kept = try vault.load() } catch {
            // One that is never read again is not to keep what comes from being kept.
            let now = clock.now()
            let since = state.withLock { state in
                state.unreadSince = state.unreadSince ?? now
                return state.unreadSince ?? now
            }
            if case .unreadable(_) = error, now - since < Self.vaultPatience { throw error }
            let place = try vault.setAside()
            report(.vaultFailed("\(error); it is \(place) now"))
        }
        let held = kept.map { Held(plain: $0, presented: present($0)) }
        let waiters = state.withLock { state in
            state.isUnread = false
            var waiters: [CheckedContinuation<Void, Never>] = []
            for keys in held where !state.isOver && state.keys[keys.plain.period] == nil {
                state.keys[keys.plain.period] = keys
                state.plan.restored(keys.plain.period)
                waiters += (state.waiters.removeValue(forKey: keys.plain.period) ?? [:]).values
            }
            return waiters
        }
        for waiter in waiters { waiter.resume() }
        if !kept.isEmpty { report(.restored(periods: kept.count)) }
        wake.yield()
    }

    /// Writes what is held into the vault, soon and once for many changes.
    private func save() {
        guard let vault else { return }
        let isPending = state.withLock { state in
            if state.hasGivenUpVault { return true }
            defer { state.isUnsaved = true }
            return state.isUnsaved
        }
        guard !isPending else { return }
        writer.async { [self] in
            do {
                try restoreLate(vault)
                let keys = state.withLock { state -> [PeriodKeys]? in
                    state.isUnsaved = false
                    return state.isOver ? nil : state.keys.values.map(\.plain).sorted { $0.period < $1.period }
                }
                guard let keys else { return }
                let left = try vault.save(keys)
                let isNew = state.withLock { state in
                    defer { state.isCrowded = left > 0 }
                    return left > 0 && !state.isCrowded
                }
                if isNew { report(.vaultFailed("its record is full: the oldest \(left) periods are left out")) }
            } catch {
                let isKnown = state.withLock { state in
                    state.isUnsaved = false
                    state.isSaveDue = true
                    return state.isUnread
                }
                if !isKnown { report(.vaultFailed("\(error)")) }
            }
        }
    }

    /// The disk takes things again: what could not be kept is kept now.
    package func saveWhatFailed() {
        let isDue = state.withLock { state in
            defer { state.isSaveDue = false }
            return state.isSaveDue
        }
        if isDue { save() }
    }

    /// Returns when what is held now is in the vault, and nothing is written to it any more.
    package func giveUpVault() async {
        state.withLock { $0.hasGivenUpVault = true }
        await saved()
    }

    /// Returns when what is held now is in the vault.
    package func saved() async {
        await withCheckedContinuation { continuation in writer.async { continuation.resume() } }
    }

    /// The keys of a period, if they are held now. Where they are not but could be, this asks for them.
    package func keys(for period: KeyPeriod) -> PeriodKeys? {
        let now = clock.now()
        let (found, isNew) = state.withLock { state in
            if let found = state.keys[period] { return (PeriodKeys?.some(found.presented), false) }
            return (nil, state.plan.need(period, now: now))
        }
        if isNew { wake.yield() }
        return found
    }

    /// The keys of a period, waiting for them at most until `deadline` (milliseconds since the epoch) or cancellation.
    package func keys(for period: KeyPeriod, until deadline: Int64) async -> PeriodKeys? {
        if let found = keys(for: period) { return found }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [clock] in
                while clock.now() < deadline {
                    do { try await clock.sleep(deadline) } catch { return }
                }
            }
            group.addTask { await self.arrival(of: period) }
            await group.next()
            group.cancelAll()
        }
        return keys(for: period)
    }

    /// From now on, and from the next segment on, keys are those of this edition.
    package func startEdition(_ edition: UInt32) {
        let now = clock.now()
        state.withLock { $0.plan.startEdition(edition, now: now) }
        wake.yield()
    }

    /// All that is held now, in the order of time.
    package var held: [PeriodKeys] {
        state.withLock { $0.keys.values.map(\.presented).sorted { $0.period < $1.period } }
    }

    /// Whether the keys of a period are held, for `KeyBinding`.
    package func isHeld(_ period: KeyPeriod) -> Bool { state.withLock { $0.keys[period] != nil } }

    /// Whether the provider was asked for the keys of a period that is not held, and did not give them.
    package func hasFailed(_ period: KeyPeriod) -> Bool { state.withLock { ($0.attempts[period] ?? 0) > 0 } }

    package var status: KeyScheduleStatus {
        let now = clock.now()
        return state.withLock { state in
            let current = state.plan.period(at: now)
            let interval = state.plan.settings.rotationIntervalSeconds
            let next: Int64? = interval == 0 ? nil : Int64(clamping: current.index + 1) * Int64(interval) - now / 1000
            return KeyScheduleStatus(
                calls: state.calls, failures: state.failures, lastError: state.lastError,
                lastErrorTime: state.lastErrorTime, currentPeriod: current, isCurrentHeld: state.keys[current] != nil,
                isNextHeld: interval == 0
                    ? nil : state.keys[KeyPeriod(current.index + 1, edition: current.edition)] != nil,
                secondsToNextPeriod: next,
                heldPeriods: state.keys.count,
                isReserveHeld: state.plan.settings.keepsReserve
                    ? state.keys[.reserve(edition: current.edition)] != nil : nil)
        }
    }

    /// Fetches and drops until it is cancelled; then forgets every key. To be called once.
    package func run() async {
        let isSecond = state.withLock { state in
            defer { state.isRunning = true }
            return state.isRunning
        }
        precondition(!isSecond, "a key schedule runs once")
        await withDiscardingTaskGroup { group in
            var alarms: Set<Int64> = []
            var iterator = wakeups.makeAsyncIterator()
            while !Task.isCancelled {
                let now = clock.now()
                alarms = alarms.filter { $0 > now }
                for action in state.withLock({ $0.plan.advance(now: now) }) {
                    switch action {
                    case .fetch(let period): group.addTask { await self.fetchKeys(of: period) }
                    case .drop(let period): drop(period)
                    case .wait(.none): break
                    case .wait(.some(let time)):
                        // A later alarm may still be out; it wakes us once in vain.
                        if alarms.allSatisfy({ $0 > time }) {
                            alarms.insert(time)
                            group.addTask { [clock, wake] in
                                while clock.now() < time {
                                    do { try await clock.sleep(time) } catch { return }
                                }
                                wake.yield()
                            }
                        }
                    }
                }
                if await iterator.next() == nil { break }
            }
            group.cancelAll()
        }
        state.withLock { state in
            state.isOver = true
            state.keys.removeAll()
        }
    }

    private func fetchKeys(of period: KeyPeriod) async {
        state.withLock { $0.calls += 1 }
        do throws(KeyError) {
            let keys = try await fetch(period)
            guard keys.period == period else {
                throw KeyError(.invalidAnswer, "keys of period \(keys.period) for period \(period)")
            }
            let held = Held(plain: keys, presented: present(keys))
            let (waiters, attempts) = state.withLock { state in
                state.plan.fetched(period)
                state.keys[period] = held
                let attempts = (state.attempts.removeValue(forKey: period) ?? 0) + 1
                return (state.waiters.removeValue(forKey: period) ?? [:], attempts)
            }
            save()
            for waiter in waiters.values { waiter.resume() }
            report(.fetched(period: period, attempts: attempts))
        } catch {
            if Task.isCancelled {
                state.withLock { $0.plan.abandoned(period) }
                return
            }
            let now = clock.now()
            let jitter = random()
            let next = state.withLock { state in
                state.failures += 1
                state.attempts[period, default: 0] += 1
                state.lastError = error
                state.lastErrorTime = now
                return state.plan.failed(period, error, now: now, jitter: jitter)
            }
            report(.failed(period: period, error, nextAttempt: next))
        }
        wake.yield()
    }

    private func drop(_ period: KeyPeriod) {
        state.withLock { state in
            state.keys[period] = nil
            state.attempts[period] = nil
        }
        save()
        report(.dropped(period: period))
    }

    /// Returns when the keys of a period are there, or on cancellation.
    private func arrival(of period: KeyPeriod) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    // Cancellation may have come before the continuation was there to be resumed by it.
                    if state.keys[period] != nil || Task.isCancelled { return true }
                    state.waiters[period, default: [:]][id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters[period]?.removeValue(forKey: id) }?.resume()
        }
    }
}
