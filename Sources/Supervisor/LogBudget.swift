import Logging
import Synchronization

/// Lines about strangers, who can make any number of them: so many a minute of each kind, then one that counts the rest.
final class LogBudget: Sendable {
    private struct Spent {
        var since: Int64
        var count = 0
        var metadata: Logger.Metadata = [:]
    }

    static let linesPerMinute = 60
    private let logger: Logger
    private let spent = Mutex<[String: Spent]>([:])

    init(_ logger: Logger) { self.logger = logger }

    /// - Parameters:
    ///   - kind: what is counted together.
    ///   - now: milliseconds of any clock.
    func log(
        _ level: Logger.Level, _ text: String, metadata: Logger.Metadata, kind: String, now: Int64
    ) {
        flush(now: now)
        let isWithin = spent.withLock { spent in
            spent[kind, default: Spent(since: now)].count += 1
            return spent[kind, default: Spent(since: now)].count <= Self.linesPerMinute
        }
        if isWithin { logger.log(level: level, "\(text)", metadata: metadata) }
    }

    /// Says what was not logged in minutes that are over.
    func flush(now: Int64) {
        let over = spent.withLock { spent in
            let over = spent.filter { now - $0.value.since >= 60_000 || now < $0.value.since }
            for kind in over.keys { spent[kind] = nil }
            return over
        }
        for (kind, spent) in over.sorted(by: { $0.key < $1.key }) where spent.count > Self.linesPerMinute {
            logger.warning(
                "\(spent.count - Self.linesPerMinute) more such lines within a minute, not logged",
                metadata: ["kind": "\(kind)"])
        }
    }
}
