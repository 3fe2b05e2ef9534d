package import Keys
import Synchronization

/// A clock that moves when the test says so. Milliseconds since the epoch.
package final class ManualClock: Sendable {
    private struct State {
        var now: Int64
        var sleepers: [UInt64: (until: Int64, continuation: CheckedContinuation<Void, Never>)] = [:]
        var lastID: UInt64 = 0
    }

    private let state: Mutex<State>

    package init(_ now: Int64) { state = Mutex(State(now: now)) }

    package var now: Int64 { state.withLock { $0.now } }

    package var keyClock: KeyClock {
        KeyClock(now: { self.now }, sleep: { try await self.sleep(until: $0) })
    }

    package func advance(milliseconds: Int64) {
        let due = state.withLock { state in
            state.now += milliseconds
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    private func sleep(until time: Int64) async throws {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.now >= time || Task.isCancelled { return true }
                    state.sleepers[id] = (time, continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: id) }?.continuation.resume()
        }
        try Task.checkCancellation()
    }
}
