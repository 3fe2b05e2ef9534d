import NIOConcurrencyHelpers
import Settings

/// One `RateTable` for all event loops, in shards so that they seldom meet.
final class RateLimiter: Sendable {
    private static let shardCount = 16
    /// Of all addresses: 65,536 at a time.
    static let maximumBytes = 1 << 20

    private let shards: [NIOLockedValueBox<RateTable>]
    private let onForgotten: @Sendable () -> Void

    /// - Parameter onForgotten: an address was forgotten while it was still counted.
    init(
        _ rate: AddressRate, maximumBytes: Int = maximumBytes, onForgotten: @escaping @Sendable () -> Void = {}
    ) {
        self.onForgotten = onForgotten
        shards = (0..<Self.shardCount).map { _ in
            NIOLockedValueBox(RateTable(rate, maximumBytes: maximumBytes / Self.shardCount))
        }
    }

    /// - Parameter now: milliseconds.
    /// - Returns: nil where it may be; else seconds after which it may, rounded up.
    func take(_ key: UInt64, now: Int64) -> Int? {
        // Swift's own hash is seeded anew in each process.
        var hasher = Hasher()
        hasher.combine(key)
        let hash = UInt(bitPattern: hasher.finalize())
        let (wait, hasForgotten) = shards[Int(hash % UInt(Self.shardCount))].withLockedValue { table in
            let forgotten = table.forgotten
            let wait = table.take(key, hash: hash / UInt(Self.shardCount), at: now &* 1_000_000)
            return (wait, table.forgotten != forgotten)
        }
        if hasForgotten { onForgotten() }
        return wait.map { Int(($0 + 999_999_999) / 1_000_000_000) }
    }
}
