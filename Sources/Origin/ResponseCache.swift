import NIOConcurrencyHelpers
package import NIOCore

/// Made responses by URL, within a budget of bytes; and at most one making of each at a time.
///
/// Policy at the bound: what left its window leaves first, then what was used longest ago. Reads take one short lock and
/// copy nothing. What could not be made is not tried again for `failureSeconds`.
package final class ResponseCache: Sendable {
    package enum Lookup {
        case hit(CachedResponse)
        /// Somebody is making it: wait.
        case wait(EventLoopFuture<CachedResponse>)
        /// Make it, and call `complete` for this key, whatever happens.
        ///
        /// - Parameter by: as was said by who asked for it.
        case make(EventLoopFuture<CachedResponse>, by: Maker)
        /// Too much is being made, or too many wait.
        case overloaded
    }

    /// Who makes it. Each has a load of its own: what stands still, or is asked for without end, stops its own kind alone.
    package enum Maker: Sendable, CaseIterable {
        /// Of the live edge, and what is in memory: so much is there to be asked for, and no more.
        case live
        /// Manifests of other times and of fewer renditions: as many as somebody can think of.
        case asked
        /// What has to be read from the disk.
        case disk
    }

    private struct Entry {
        var response: CachedResponse
        /// Of both bodies, and of the bookkeeping beside them.
        var bytes: Int {
            // What was taken for them: NIO rounds up to a power of two, and in the end all of it is in memory.
            response.body.storageCapacity + (response.gzip?.largestSize ?? 0) + keyBytes + overhead
        }
        /// Of its name, which strangers can make long.
        var keyBytes: Int
        /// In the order of eviction.
        var slot: Int
    }

    private struct Failure {
        var response: CachedResponse
        var until: NIODeadline
    }

    private struct Pending {
        var promise: EventLoopPromise<CachedResponse>
        var cost: Int
        let maker: Maker
        var requests = 1
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var order = EvictionOrder()
        var failures: [String: Failure] = [:]
        var pending: [String: Pending] = [:]
        var loads: [Maker: PackagingLoad]
        var bytes = 0
        var counters = Counters()
    }

    package struct Counters: Sendable {
        package var hits: UInt64 = 0
        package var misses: UInt64 = 0
        package var waits: UInt64 = 0
        package var evictions: UInt64 = 0
        /// Answered with what had just failed.
        package var failures: UInt64 = 0
        /// What failed, and is not tried again for a moment or has not been asked for since.
        package var failuresKept = 0
        package var bytes = 0
        package var entries = 0
        /// What is being made, by cost, and who waits for it.
        package var bytesBeingMade = 0
        package var requestsForIt = 0
        /// Requests that were refused as that was too much.
        package var overloads: UInt64 = 0
    }

    /// Bookkeeping of an entry beside its body.
    private static let overhead = 512
    private static let failureSeconds: Int64 = 1
    private static let maximumFailures = 1024
    private let maximumBytes: Int
    private let now: @Sendable () -> NIODeadline
    private let state: NIOLockedValueBox<State>

    /// - Parameters:
    ///   - maximumBytes: of what is kept.
    ///   - maximumBytesBeingMade: by cost, at a time; nil: a second of it, about, of the machine's cores.
    ///   - maximumRequestsForIt: that wait for what is being made.
    ///   - now: a clock that does not go back.
    package init(
        maximumBytes: Int, maximumBytesBeingMade: Int? = nil, maximumRequestsForIt: Int = 65536,
        now: @escaping @Sendable () -> NIODeadline = { .now() }
    ) {
        self.maximumBytes = maximumBytes
        self.now = now
        let load = PackagingLoad(
            maximumBytes: maximumBytesBeingMade ?? Self.bytesOfACore * max(System.coreCount, 1),
            maximumRequests: maximumRequestsForIt)
        state = NIOLockedValueBox(
            State(loads: Dictionary(uniqueKeysWithValues: Maker.allCases.map { ($0, load) })))
    }

    /// What a core packages in a second, or somewhat more.
    private static let bytesOfACore = 1 << 30

    /// - Parameters:
    ///   - cost: bytes that it is made of, or that take as long.
    ///   - isUrgent: never refused, as of who has waited already.
    ///   - maker: who is to make it; looked at only where it is to be made.
    package func lookUp(
        _ key: String, cost: Int = 0, isUrgent: Bool = false, by maker: @autoclosure () -> Maker = .live,
        on eventLoop: any EventLoop
    ) -> Lookup {
        state.withLockedValue { state in
            if let entry = state.entries[key] {
                state.order.use(entry.slot)
                state.counters.hits += 1
                return .hit(entry.response)
            }
            if !state.failures.isEmpty, let failure = state.failures[key] {
                guard failure.until <= now() else {
                    state.counters.failures += 1
                    return .hit(failure.response)
                }
                state.failures[key] = nil
            }
            if let pending = state.pending[key] {
                let promise = pending.promise
                guard state.loads[pending.maker]?.join(isUrgent: isUrgent) == true else {
                    state.counters.overloads += 1
                    return .overloaded
                }
                state.pending[key]?.requests += 1
                state.counters.waits += 1
                return .wait(promise.futureResult.hop(to: eventLoop))
            }
            let maker = maker()
            guard state.loads[maker]?.begin(cost: cost, isUrgent: isUrgent) == true else {
                state.counters.overloads += 1
                return .overloaded
            }
            state.counters.misses += 1
            let promise = eventLoop.makePromise(of: CachedResponse.self)
            state.pending[key] = Pending(promise: promise, cost: cost, maker: maker)
            return .make(promise.futureResult, by: maker)
        }
    }

    /// - Parameters:
    ///   - isKept: false for answers that are true at this moment only (errors): those who wait get
    ///     it, later requests make it again.
    ///   - hasFailed: of those, who asks for it within `failureSeconds` gets it too.
    ///   - residence: of media.
    func complete(
        _ key: String, _ response: CachedResponse, isKept: Bool, hasFailed: Bool = false,
        of residence: EvictionOrder.Residence? = nil
    ) {
        let (pending, leaving) = state.withLockedValue { state in
            var leaving: [Entry] = []
            if hasFailed {
                if state.failures.count >= Self.maximumFailures { state.failures.removeAll(keepingCapacity: true) }
                state.failures[key] = Failure(response: response, until: now() + .seconds(Self.failureSeconds))
            }
            var entry = Entry(response: response, keyBytes: key.utf8.count, slot: 0)
            if isKept, entry.bytes <= maximumBytes / 4 {
                if let old = remove(key, from: &state) { leaving.append(old) }
                entry.slot = state.order.insert(key, residence)
                state.entries[key] = entry
                state.bytes += entry.bytes
                leaving += evict(&state)
            }
            let pending = state.pending.removeValue(forKey: key)
            if let pending { state.loads[pending.maker]?.end(cost: pending.cost, requests: pending.requests) }
            return (pending, leaving)
        }
        // Not under the lock, which every event loop takes: megabytes are given back to the system.
        withExtendedLifetime(leaving) {}
        pending?.promise.succeed(response)
    }

    package var counters: Counters {
        state.withLockedValue { state in
            var counters = state.counters
            counters.bytes = state.bytes
            counters.entries = state.entries.count
            counters.failuresKept = state.failures.count
            counters.bytesBeingMade = state.loads.values.reduce(0) { $0 + $1.bytes }
            counters.requestsForIt = state.loads.values.reduce(0) { $0 + $1.requests }
            return counters
        }
    }

    /// - Returns: what leaves.
    private func evict(_ state: inout State) -> [Entry] {
        var leaving: [Entry] = []
        while state.bytes > maximumBytes, let key = state.order.next {
            if let entry = remove(key, from: &state) { leaving.append(entry) }
            state.counters.evictions += 1
        }
        return leaving
    }

    private func remove(_ key: String, from state: inout State) -> Entry? {
        guard let entry = state.entries.removeValue(forKey: key) else { return nil }
        state.order.remove(entry.slot)
        state.bytes -= entry.bytes
        return entry
    }
}
