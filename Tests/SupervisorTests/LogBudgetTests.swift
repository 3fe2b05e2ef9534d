import Logging
import Testing

@testable import Supervisor

@Suite struct LogBudgetTests {
    @Test func strangersFillNoLog() async {
        let (lines, sink) = AsyncStream<LogCapture.Line>.makeStream()
        let budget = LogBudget(Logger(label: "test") { _ in LogCapture(lines: sink) })
        for number in 0..<100 {
            budget.log(.info, "line \(number)", metadata: [:], kind: "a", now: Int64(number))
        }
        budget.log(.info, "other", metadata: [:], kind: "b", now: 100)
        budget.flush(now: 59_999)
        budget.flush(now: 60_000)
        budget.flush(now: 60_000)
        budget.log(.info, "again", metadata: [:], kind: "a", now: 60_001)
        sink.finish()
        var texts: [String] = []
        for await line in lines { texts.append(line.text) }
        #expect(
            texts == (0..<60).map { "line \($0)" } + [
                "other", "40 more such lines within a minute, not logged kind=a", "again",
            ])
    }
}
