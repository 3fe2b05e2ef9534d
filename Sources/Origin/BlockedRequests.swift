import Live
import NIOConcurrencyHelpers
import NIOCore

/// Requests for what is not there yet. However many wait for the same, the channel knows of one; the others wait for
/// its answer on their event loops, and hold a connection and a future each.
///
/// Bounds: `maximumCount` requests at a time, and the deadline of who came first for each thing.
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

    private struct State {
        var waiting: [Key: (promise: EventLoopPromise<Outcome>, count: Int)] = [:]
        var count = 0
    }

    static let maximumCount = 65536
    private let state = NIOLockedValueBox(State())

    /// Requests that wait now.
    var count: Int { state.withLockedValue { $0.count } }

    func wait(
        for goal: PartGoal, in channel: LiveChannel, atMost limit: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Outcome> {
        let key = Key(channel: ObjectIdentifier(channel), goal: goal)
        let (promise, isFirst) = state.withLockedValue { state -> (EventLoopPromise<Outcome>?, Bool) in
            guard state.count < Self.maximumCount else { return (nil, false) }
            state.count += 1
            let known = state.waiting[key]
            let promise = known?.promise ?? eventLoop.makePromise(of: Outcome.self)
            state.waiting[key] = (promise, (known?.count ?? 0) + 1)
            return (promise, known == nil)
        }
        guard let promise else { return eventLoop.makeSucceededFuture(.tooMany) }
        if isFirst {
            let token = channel.wait(for: goal) { self.finish(key, .reached) }
            if let token {
                // The channel is held as long: its identity is the key.
                let timeout = eventLoop.scheduleTask(in: limit) {
                    channel.stopWaiting(token)
                    self.finish(key, .timedOut)
                }
                promise.futureResult.whenComplete { _ in timeout.cancel() }
            } else {
                finish(key, .tooMany)
            }
        }
        return promise.futureResult.hop(to: eventLoop)
    }

    private func finish(_ key: Key, _ outcome: Outcome) {
        let entry = state.withLockedValue { state in
            let entry = state.waiting.removeValue(forKey: key)
            state.count -= entry?.count ?? 0
            return entry
        }
        entry?.promise.succeed(outcome)
    }
}
