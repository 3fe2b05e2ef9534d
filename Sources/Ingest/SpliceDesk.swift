import ChunkStream
import SCTE35

/// What is to be spliced later, because a break says itself when it is over; and how many markers may come. Pure.
struct SpliceDesk: Sendable {
    private var budget = MarkerBudget()
    /// In 90 kHz ticks since the epoch.
    private var returns: [Int64] = []

    /// More are not kept: what is left out begins with no segment, and is said all the same.
    private static let mostReturns = 64

    mutating func take(now: Int64) -> MarkerBudget.Verdict { budget.take(now: now) }

    /// A section was taken, for a splice at a time.
    mutating func note(_ section: [UInt8], at time: Int64) {
        guard let signals = try? SpliceInfoSection(parsing: section).signals else { return }
        for signal in signals where signal.kind == .out && signal.returnsByItself {
            let (end, overflow) = time.addingReportingOverflow(Int64(clamping: signal.duration ?? 0))
            guard !overflow, end > time, !returns.contains(end), returns.count < Self.mostReturns else { continue }
            returns.append(end)
        }
    }

    /// The returns that are due.
    mutating func takeReturns(before time: Int64) -> [Int64] {
        guard !returns.isEmpty else { return [] }
        let due = returns.filter { $0 < time }
        returns.removeAll { $0 < time }
        return due
    }
}
