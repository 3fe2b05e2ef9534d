import Synchronization
import Testing
import Timeline

/// Who gives up what, when the disk space of all channels is used up.
@Suite struct StorageBudgetTests {
    /// A channel with segments of one size each.
    private final class Holder: Sendable {
        let account: StorageBudget.Account
        private let sizes: Mutex<[Int]>
        private let fewest: Int

        init(_ budget: StorageBudget, _ share: StorageBudget.Share = .equal, fewest: Int = 0) {
            account = budget.open(share)
            sizes = Mutex([])
            self.fewest = fewest
            account.onEviction { [weak self] in self?.evict() ?? false }
        }

        var count: Int { sizes.withLock { $0.count } }

        func add(_ size: Int) {
            sizes.withLock { $0.append(size) }
            account.add(size)
            account.settle()
        }

        private func evict() -> Bool {
            let size = sizes.withLock { $0.count > fewest ? $0.removeFirst() : nil }
            guard let size else { return false }
            account.add(-size)
            return true
        }
    }

    @Test func bytesAreCountedInAndOut() {
        let budget = StorageBudget(maximumBytes: 100)
        let (first, second) = (budget.open(), budget.open())
        first.add(60)
        second.add(50)
        second.add(-20)
        #expect(budget.usedBytes == 90)
        #expect(first.usedBytes == 60)
        first.close()
        first.close()
        first.add(7)
        #expect(budget.usedBytes == 30)
        #expect(first.usedBytes == 0)
    }

    @Test func anAccountLetGoIsNotCounted() {
        let budget = StorageBudget(maximumBytes: 100)
        do {
            let account = budget.open()
            account.add(60)
            #expect(budget.usedBytes == 60)
        }
        #expect(budget.usedBytes == 0)
    }

    /// A channel of ten times the bit rate does not take the others' past.
    @Test func theOneFurthestOverItsShareGivesWay() {
        let budget = StorageBudget(maximumBytes: 1000)
        let (large, small) = (Holder(budget), Holder(budget))
        for _ in 0..<40 { small.add(10) }
        for _ in 0..<100 { large.add(100) }
        #expect(small.count == 40)
        #expect(large.count == 6)
        #expect(budget.usedBytes <= 1000)
        // The small one may grow up to its share, at the cost of the large one.
        for _ in 0..<100 { small.add(10) }
        #expect(small.account.usedBytes == 500 && large.account.usedBytes == 500)
    }

    @Test func whatHasNoShareGoesFirst() {
        let budget = StorageBudget(maximumBytes: 1000)
        let (gone, here) = (Holder(budget, .none), Holder(budget))
        gone.add(20)
        gone.add(20)
        for _ in 0..<96 { here.add(10) }
        #expect(gone.count == 2 && here.count == 96)
        here.add(10)
        #expect(gone.count == 1 && here.count == 97)
        for _ in 0..<20 { here.add(10) }
        #expect(gone.count == 0 && here.count == 100)
    }

    /// Who can give nothing is passed over; where nobody can, the cap is broken rather than anything endless done.
    @Test func whoHasTooLittleIsPassedOver() {
        let budget = StorageBudget(maximumBytes: 100)
        let (stubborn, other) = (Holder(budget, fewest: 3), Holder(budget))
        for _ in 0..<3 { stubborn.add(40) }
        #expect(budget.usedBytes == 120)
        other.add(5)
        #expect(stubborn.count == 3 && other.count == 0)
    }
}
