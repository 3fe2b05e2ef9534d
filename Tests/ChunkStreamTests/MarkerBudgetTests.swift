import ChunkStream
import Testing

@Suite struct MarkerBudgetTests {
    @Test func tenWithinAnySecond() {
        var budget = MarkerBudget()
        for time in 0..<10 as Range<Int64> { #expect(budget.take(now: time * 50) == .taken) }
        #expect(budget.take(now: 999) == .leftOut(isFirst: true))
        #expect(budget.take(now: 999) == .leftOut(isFirst: false))
        #expect(budget.take(now: 1000) == .taken)
        #expect(budget.take(now: 1001) == .leftOut(isFirst: true))
        // A clock that was set back.
        #expect(budget.take(now: -5) == .taken)
    }
}
