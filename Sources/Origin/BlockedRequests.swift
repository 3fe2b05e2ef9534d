import Live
import NIOConcurrencyHelpers
import NIOCore

/// Requests for what is not there yet. However many wait for the same, the channel knows of one; the others wait for
/// its answer on their event loops, each of which is told once, and hold a connection. Who hangs up waits no more.
///
/// Bounds: `maximumCount` requests at a time, `maximumOfOne` of one network, and the deadline of who came first for
/// each thing.
final class BlockedRequests: Sendable {
    enum Outcome: Sendable {
        /// There, or worth asking anew for another reason.
        case reached
        case timedOut
        case tooMany
    }

    private struct Key: Hashable {
        let channel: ObjectIdentifier
        let goal: PartGoal
    }

    /// All who wait for one thing.
    private struct Group {
        let key: Key
        /// Held, as its identity is the key.
        let channel: LiveChannel
        var count = 0
        /// Of those whose networks count.
        var networks = NetworkCounts()
        /// Of each event loop on which somebody waits.
        var promises: [ObjectIdentifier: EventLoopPromise<Outcome>] = [:]
        /// What the channel calls whoever waits; nil before it knows.
        var token: WaitingList.Token?

        func succeed(_ outcome: Outcome) { for promise in promises.values { promise.succeed(outcome) } }
    }

    private struct NetworkCounts {
        private(set) var counts: [[UInt8]: Int] = [:]

        subscript(network: [UInt8]) -> Int { counts[network, default: 0] }

        mutating func add(_ network: [UInt8]) { counts[network, default: 0] += 1 }

        mutating func subtract(_ network: [UInt8], _ count: Int = 1) {
            let left = self[network] - count
            counts[network] = left > 0 ? left : nil
        }
    }

    private struct State {
        var groups: [UInt64: Group] = [:]
        var waiting: [Key: UInt64] = [:]
        var count = 0
        var networks = NetworkCounts()
        var lastID: UInt64 = 0
        var refusals: UInt64 = 0

        mutating func group(_ key: Key, in channel: LiveChannel) -> (id: UInt64, isNew: Bool) {
            if let known = waiting[key] { return (known, false) }
            lastID += 1
            waiting[key] = lastID
            groups[lastID] = Group(key: key, channel: channel)
            return (lastID, true)
        }

        mutating func enter(
            _ id: UInt64, _ network: [UInt8]?, on eventLoop: any EventLoop
        ) -> EventLoopPromise<Outcome>? {
            count += 1
            groups[id]?.count += 1
            if let network {
                networks.add(network)
                groups[id]?.networks.add(network)
            }
            let loop = ObjectIdentifier(eventLoop)
            if groups[id]?.promises[loop] == nil {
                groups[id]?.promises[loop] = eventLoop.makePromise(of: Outcome.self)
            }
            return groups[id]?.promises[loop]
        }

        /// - Returns: the group, where nobody is left of it.
        mutating func leave(_ id: UInt64, _ network: [UInt8]?) -> Group? {
            guard groups[id] != nil else { return nil }
            count -= 1
            groups[id]?.count -= 1
            if let network {
                networks.subtract(network)
                groups[id]?.networks.subtract(network)
            }
            // At once: who comes now is not to share this group's end.
            return groups[id]?.count == 0 ? remove(id) : nil
        }

        mutating func remove(_ id: UInt64) -> Group? {
            guard let group = groups.removeValue(forKey: id) else { return nil }
            waiting[group.key] = nil
            count -= group.count
            for (network, count) in group.networks.counts { networks.subtract(network, count) }
            return group
        }
    }

    static let maximumCount = 65536
    static let maximumOfOne = 8192
    private let state = NIOLockedValueBox(State())

    /// Requests that wait now, and for how many different things.
    var counts: (requests: Int, things: Int) { state.withLockedValue { ($0.count, $0.groups.count) } }

    /// Requests that were not let wait, as too many do.
    var refusals: UInt64 { state.withLockedValue { $0.refusals } }

    /// - Returns: on the asker's event loop; of who hangs up before, something.
    func wait(
        for goal: PartGoal, in channel: LiveChannel, atMost limit: TimeAmount, by asker: Asker
    ) -> EventLoopFuture<Outcome> {
        let (eventLoop, network) = (asker.eventLoop, asker.network)
        let key = Key(channel: ObjectIdentifier(channel), goal: goal)
        let place = state.withLockedValue { state -> (id: UInt64, promise: EventLoopPromise<Outcome>, isNew: Bool)? in
            guard state.count < Self.maximumCount, network.map({ state.networks[$0] }) ?? 0 < Self.maximumOfOne else {
                state.refusals += 1
                return nil
            }
            let (id, isNew) = state.group(key, in: channel)
            return state.enter(id, network, on: eventLoop).map { (id, $0, isNew) }
        }
        guard let (id, promise, isNew) = place else { return eventLoop.makeSucceededFuture(.tooMany) }
        asker.callWhenGone { self.leave(id, network) }
        guard isNew else { return promise.futureResult }
        if let token = channel.wait(for: goal, { self.finish(id, .reached) }) {
            state.withLockedValue { $0.groups[id]?.token = token }
            let timeout = eventLoop.scheduleTask(in: limit) {
                channel.stopWaiting(token)
                self.finish(id, .timedOut)
            }
            promise.futureResult.whenComplete { _ in timeout.cancel() }
        } else {
            finish(id, .tooMany)
        }
        return promise.futureResult
    }

    private func finish(_ id: UInt64, _ outcome: Outcome) {
        state.withLockedValue { $0.remove(id) }?.succeed(outcome)
    }

    private func leave(_ id: UInt64, _ network: [UInt8]?) {
        guard let left = state.withLockedValue({ $0.leave(id, network) }) else { return }
        if let token = left.token { left.channel.stopWaiting(token) }
        left.succeed(.timedOut)
    }
}
