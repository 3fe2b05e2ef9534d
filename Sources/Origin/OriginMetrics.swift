import NIOConcurrencyHelpers

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

    package init() {}

    func count(status: UInt, bytes: Int) {
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

    package var values: Values { state.withLockedValue { $0 } }
}
