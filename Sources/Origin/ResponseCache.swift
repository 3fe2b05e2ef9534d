import NIOConcurrencyHelpers
package import NIOCore

/// Made responses by URL, within a budget of bytes; and at most one making of each at a time.
///
/// Policy at the bound: what was used longest ago leaves first. Reads take one short lock and copy nothing.
package final class ResponseCache: Sendable {
    package enum Lookup {
        case hit(CachedResponse)
        /// Somebody is making it: wait.
        case wait(EventLoopFuture<CachedResponse>)
        /// Make it, and call `complete` or `fail` for this key, whatever happens.
        case make(EventLoopFuture<CachedResponse>)
    }

    private struct Entry {
        var response: CachedResponse
        /// Of both bodies, and of the bookkeeping beside them.
        var bytes: Int {
            // What was taken for them: NIO rounds up to a power of two, and in the end all of it is in memory.
            response.body.storageCapacity + (response.gzipBody?.storageCapacity ?? 0) + keyBytes + overhead
        }
        /// Of its name, which strangers can make long.
        var keyBytes: Int
        /// Value of the clock of uses when it was last used.
        var lastUse: UInt64
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var pending: [String: EventLoopPromise<CachedResponse>] = [:]
        var bytes = 0
        var uses: UInt64 = 0
        var counters = Counters()
    }

    package struct Counters: Sendable {
        package var hits: UInt64 = 0
        package var misses: UInt64 = 0
        package var waits: UInt64 = 0
        package var evictions: UInt64 = 0
        package var bytes = 0
        package var entries = 0
    }

    /// Bookkeeping of an entry beside its body.
    private static let overhead = 512
    private let maximumBytes: Int
    private let state = NIOLockedValueBox(State())

    package init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    package func lookUp(_ key: String, on eventLoop: any EventLoop) -> Lookup {
        state.withLockedValue { state in
            state.uses += 1
            if state.entries[key] != nil {
                state.entries[key]?.lastUse = state.uses
                state.counters.hits += 1
                if let response = state.entries[key]?.response { return .hit(response) }
            }
            if let promise = state.pending[key] {
                state.counters.waits += 1
                return .wait(promise.futureResult.hop(to: eventLoop))
            }
            state.counters.misses += 1
            let promise = eventLoop.makePromise(of: CachedResponse.self)
            state.pending[key] = promise
            return .make(promise.futureResult)
        }
    }

    /// - Parameter isKept: false for answers that are true at this moment only (errors): those who wait get
    ///   it, later requests make it again.
    package func complete(_ key: String, _ response: CachedResponse, isKept: Bool) {
        let promise = state.withLockedValue { state in
            let entry = Entry(response: response, keyBytes: key.utf8.count, lastUse: state.uses)
            if isKept, entry.bytes <= maximumBytes / 4 {
                if let old = state.entries.updateValue(entry, forKey: key) { state.bytes -= old.bytes }
                state.bytes += entry.bytes
                evict(&state)
            }
            return state.pending.removeValue(forKey: key)
        }
        promise?.succeed(response)
    }

    package var counters: Counters {
        state.withLockedValue { state in
            var counters = state.counters
            counters.bytes = state.bytes
            counters.entries = state.entries.count
            return counters
        }
    }

    /// Evicts down to nine tenths, oldest use first: one sort for many evictions.
    private func evict(_ state: inout State) {
        guard state.bytes > maximumBytes else { return }
        for (key, entry) in state.entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
            state.entries[key] = nil
            state.bytes -= entry.bytes
            state.counters.evictions += 1
            if state.bytes <= maximumBytes / 10 * 9 { return }
        }
    }
}
