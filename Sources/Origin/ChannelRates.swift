import NIOConcurrencyHelpers
package import Settings
import Synchronization

/// How often one address may ask for each channel, as the channels' profiles say: set by the daemon, held by `OriginGuard`.
/// Bound: `RateLimiter.maximumBytes` a channel that has a rate.
package final class ChannelRates: Sendable {
    private struct Entry {
        var rate: AddressRate
        var limiter: RateLimiter
    }

    private let entries = NIOLockedValueBox<[Substring: Entry]>([:])
    private let count = Atomic<Int>(0)
    private let metrics: OriginMetrics

    package init(metrics: OriginMetrics) { self.metrics = metrics }

    /// In effect with the next request. Who was counted stays counted where the rate is what it was.
    /// - Parameter rate: nil: as often as one likes.
    /// - Returns: whether anything has changed.
    @discardableResult
    package func set(_ rate: AddressRate?, of channel: String) -> Bool {
        entries.withLockedValue { entries in
            guard entries[Substring(channel)]?.rate != rate else { return false }
            entries[Substring(channel)] = rate.map { rate in
                Entry(rate: rate, limiter: RateLimiter(rate) { [metrics] in metrics.countForgotten() })
            }
            count.store(entries.count, ordering: .relaxed)
            return true
        }
    }

    /// Whether any channel has one.
    var isEmpty: Bool { count.load(ordering: .relaxed) == 0 }

    /// - Parameters:
    ///   - channel: as the request's target names it, which may be nobody's name.
    ///   - key: `RateKey`.
    ///   - now: milliseconds.
    /// - Returns: nil where it may be; else seconds after which it may.
    func take(_ key: UInt64, of channel: Substring, now: Int64) -> Int? {
        entries.withLockedValue { $0[channel]?.limiter }?.take(key, now: now)
    }
}
