import Synchronization

/// The disk space all channels of this host share: a count of bytes against a cap, with an account for each channel.
///
/// Above the cap the account furthest over its share gives up its oldest segment, and again, until the cap is kept or
/// nobody can. Every channel on air has the same share; what removed channels have left on the disk has none, and
/// goes first.
package final class StorageBudget: Sendable {
    package enum Share: Sendable { case equal, none }

    private struct Entry {
        var used = 0
        let share: Share
        /// Gives up the oldest segment, or what there is; false where nothing can be given.
        var evict: @Sendable () -> Bool = { false }
    }

    private struct State {
        var entries: [UInt64: Entry] = [:]
        var nextID: UInt64 = 0
        var total = 0
    }

    package let maximumBytes: Int
    private let state = Mutex(State())

    package init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    package var usedBytes: Int { state.withLock { $0.total } }

    package func open(_ share: Share = .equal) -> Account {
        let id = state.withLock { state in
            state.nextID += 1
            state.entries[state.nextID] = Entry(share: share)
            return state.nextID
        }
        return Account(self, id)
    }

    /// Keeps the cap, as far as anybody can give something up. Files are removed on the caller's thread.
    package func settle() {
        var spent: Set<UInt64> = []
        while let (id, evict) = nextVictim(but: spent) {
            if !evict() { spent.insert(id) }
        }
    }

    private func nextVictim(but spent: Set<UInt64>) -> (UInt64, @Sendable () -> Bool)? {
        state.withLock { state in
            guard state.total > maximumBytes else { return nil }
            let sharers = state.entries.values.filter { $0.share == .equal }.count
            let share = maximumBytes / max(sharers, 1)
            func excess(_ entry: Entry) -> Int { entry.share == .equal ? entry.used - share : entry.used }
            let candidates = state.entries.filter { !spent.contains($0.key) && $0.value.used > 0 }
            // What has no share goes first, however little it is.
            let victim = candidates.max { left, right in
                let (first, second) = (left.value, right.value)
                if first.share != second.share { return second.share == .none }
                return (excess(first), left.key) < (excess(second), right.key)
            }
            return victim.map { ($0.key, $0.value.evict) }
        }
    }

    /// One channel's part.
    package final class Account: Sendable {
        private let budget: StorageBudget
        private let id: UInt64

        fileprivate init(_ budget: StorageBudget, _ id: UInt64) {
            self.budget = budget
            self.id = id
        }

        deinit { close() }

        package var usedBytes: Int { budget.state.withLock { $0.entries[id]?.used ?? 0 } }

        /// What gives up the oldest segment of this account; it takes its bytes off by `add`. Called on any thread.
        package func onEviction(_ evict: @escaping @Sendable () -> Bool) {
            budget.state.withLock { $0.entries[id]?.evict = evict }
        }

        /// Counts bytes in or, negative, out. Nothing after `close`.
        package func add(_ bytes: Int) {
            budget.state.withLock { state in
                guard state.entries[id] != nil else { return }
                state.entries[id]?.used += bytes
                state.total += bytes
            }
        }

        package func settle() { budget.settle() }

        /// The account's bytes are no longer counted.
        package func close() {
            budget.state.withLock { state in
                guard let entry = state.entries.removeValue(forKey: id) else { return }
                state.total -= entry.used
            }
        }
    }
}
