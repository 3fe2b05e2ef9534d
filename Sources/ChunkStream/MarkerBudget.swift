/// Bounds how many markers a publication may bring: so many within any second, and the rest is left out.
package struct MarkerBudget: Sendable {
    /// When the last ones came, in milliseconds of any clock, and how many were left out since one was taken.
    private var times: [Int64] = []
    private var leftOut = 0

    package init() {}

    package enum Verdict: Sendable, Equatable {
        case taken
        /// `isFirst`: of those that are left out without one that was taken in between.
        case leftOut(isFirst: Bool)
    }

    package mutating func take(now: Int64) -> Verdict {
        // A clock that went back forgets.
        times.removeAll { now &- $0 >= 1000 || now < $0 }
        guard times.count < WorkerLimits.markersPerSecond else {
            leftOut += 1
            return .leftOut(isFirst: leftOut == 1)
        }
        leftOut = 0
        times.append(now)
        return .taken
    }
}
