import Live
import NIOConcurrencyHelpers
import NIOCore

/// Requests for what is not there yet. However many wait for the same, the channel knows of one; the others wait for
/// its answer on their event loops, and hold a connection and a future each. Who hangs up waits no more.
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
        let id: UInt64
        let promise: EventLoopPromise<Outcome>
        /// With the network of each, where that counts.
        var waiters: [UInt64: [UInt8]?]
        /// What the channel calls whoever waits; nil before it knows.
        var token: WaitingList.Token?
    }

    private struct State {
        var waiting: [Key: Group] = [:]
        var count = 0
        var networks: [[UInt8]: Int] = [:]
        var lastID: UInt64 = 0
        var refusals: UInt64 = 0

        mutating func nextID() -> UInt64 {
            lastID += 1
            return lastID
        }

        mutating func forget(_ network: [UInt8]?) {
            count -= 1
            guard let network, let count = networks[network] else { return }
            networks[network] = count > 1 ? count - 1 : nil
        }
    }

    static let maximumCount = 65536
    static let maximumOfOne = 8192
    private let state = NIOLockedValueBox(State())

    /// Requests that wait now, and for how many different things.
    var counts: (requests: Int, things: Int) { state.withLockedValue { ($0.count, $0.waiting.count) } }

    /// Requests that were not let wait, as too many do.
    var refusals: UInt64 { state.withLockedValue { $0.refusals } }

    /// - Returns: on the asker's event loop; of who hangs up before, something.
    func wait(
        for goal: PartGoal, in channel: LiveChannel, atMost limit: TimeAmount, by asker: Asker
    ) -> EventLoopFuture<Outcome> {
        let (eventLoop, network) = (asker.eventLoop, asker.network)
        let key = Key(channel: ObjectIdentifier(channel), goal: goal)
        let place = state.withLockedValue { state -> (group: Group, waiter: UInt64, isFirst: Bool)? in
            let held = network.map { state.networks[$0, default: 0] } ?? 0
            guard state.count < Self.maximumCount, held < Self.maximumOfOne else {
                state.refusals += 1
                return nil
            }
            state.count += 1
            if let network { state.networks[network] = held + 1 }
            let (isKnown, waiter) = (state.waiting[key] != nil, state.nextID())
            if !isKnown {
                let promise = eventLoop.makePromise(of: Outcome.self)
                state.waiting[key] = Group(id: waiter, promise: promise, waiters: [:])
            }
            // In its place: a copy of all who wait, for each who comes, would be of thousands.
            state.waiting[key]?.waiters[waiter] = .some(network)
            return state.waiting[key].map { ($0, waiter, !isKnown) }
        }
        guard let (group, waiter, isFirst) = place else { return eventLoop.makeSucceededFuture(.tooMany) }
        let id = group.id
        // The channel is held as long: its identity is the key.
        asker.callWhenGone { self.leave(key, id, waiter, channel) }
        if isFirst {
            if let token = channel.wait(for: goal, { self.finish(key, id, .reached) }) {
                state.withLockedValue { state in
                    if state.waiting[key]?.id == id { state.waiting[key]?.token = token }
                }
                let timeout = eventLoop.scheduleTask(in: limit) {
                    channel.stopWaiting(token)
                    self.finish(key, id, .timedOut)
                }
                group.promise.futureResult.whenComplete { _ in timeout.cancel() }
            } else {
                finish(key, id, .tooMany)
            }
        }
        return group.promise.futureResult.hop(to: eventLoop)
    }

    private func finish(_ key: Key, _ id: UInt64, _ outcome: Outcome) {
        let group = state.withLockedValue { state -> Group? in
            guard let group = state.waiting[key], group.id == id else { return nil }
            state.waiting[key] = nil
            for network in group.waiters.values { state.forget(network) }
            return group
        }
        group?.promise.succeed(outcome)
    }

    private func leave(_ key: Key, _ id: UInt64, _ waiter: UInt64, _ channel: LiveChannel) {
        let left = state.withLockedValue { state -> Group? in
            guard state.waiting[key]?.id == id, let network = state.waiting[key]?.waiters.removeValue(forKey: waiter)
            else { return nil }
            state.forget(network)
            guard state.waiting[key]?.waiters.isEmpty == true else { return nil }
            // At once: who comes now is not to share this group's end.
            return state.waiting.removeValue(forKey: key)
        }
        guard let left else { return }
        if let token = left.token { channel.stopWaiting(token) }
        left.promise.succeed(.timedOut)
    }
}
