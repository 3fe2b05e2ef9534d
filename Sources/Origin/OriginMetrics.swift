import NIOConcurrencyHelpers
import Synchronization

/// Counts of what the origin has answered.
package final class OriginMetrics: Sendable {
    package struct Values: Sendable {
        package var responsesByStatus: [UInt: UInt64] = [:]
        /// Answers that were broken off, as the rest of a segment under way did not come.
        package var broken: UInt64 = 0
        package var bodyBytes: UInt64 = 0
        package var openConnections = 0
        /// Refused or cut off, by what bound.
        package var atBounds: [OriginBound: UInt64] = [:]
        /// By tables of rates that were full.
        package var addressesForgotten: UInt64 = 0
    }

    private let state = NIOLockedValueBox(Values())
    // Of status 200, which nearly all have: without the lock and its dictionary, which each of them would wait for.
    private let whole = Atomic<UInt64>(0)
    private let wholeBytes = Atomic<UInt64>(0)

    package init() {}

    func count(status: UInt, bytes: Int) {
        if status == 200 {
            whole.add(1, ordering: .relaxed)
            wholeBytes.add(UInt64(bytes), ordering: .relaxed)
            return
        }
        state.withLockedValue {
            $0.responsesByStatus[status, default: 0] += 1
            $0.bodyBytes += UInt64(bytes)
        }
    }

    func countBroken(bytes: Int) {
        state.withLockedValue {
            $0.broken += 1
            $0.bodyBytes += UInt64(bytes)
        }
    }

    func count(_ bound: OriginBound) { state.withLockedValue { $0.atBounds[bound, default: 0] += 1 } }

    func countForgotten() { state.withLockedValue { $0.addressesForgotten += 1 } }

    func connectionOpened() { state.withLockedValue { $0.openConnections += 1 } }
    func connectionClosed() { state.withLockedValue { $0.openConnections -= 1 } }

    package var values: Values {
        var values = state.withLockedValue { $0 }
        let answers = whole.load(ordering: .relaxed)
        if answers > 0 { values.responsesByStatus[200, default: 0] += answers }
        values.bodyBytes += wholeBytes.load(ordering: .relaxed)
        return values
    }
}
