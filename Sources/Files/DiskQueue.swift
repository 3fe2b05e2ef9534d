import Dispatch
import Synchronization

/// What a channel does to its disk, in order, on a thread of its own: a caller waits for it, but only so long.
///
/// A disk that takes seconds for a flush, because somebody else fills its queue, makes late what is asked of it; late is
/// not failed: it is done in its turn. While something has been waiting longer than the patience, nobody waits again, so
/// that an outage costs callers one patience in all. Bound: `limit` jobs; what comes on top is refused.
package final class DiskQueue: Sendable {
    package enum Outcome<Value: Sendable>: Sendable {
        case done(Value)
        /// It will be done, after this has returned.
        case late
        /// It will never be done: too much is waiting.
        case refused
    }

    package static let limit = 1024

    private let queue = DispatchQueue(label: "disk")  // why: its thread may stand still in the kernel
    private let patience: UInt64
    /// Nanoseconds after which a thread that was to wake had no turn.
    private static let pause: UInt64 = 100_000_000
    /// When each job that is not done yet came, oldest first, in nanoseconds of a clock that only runs forward.
    private let waiting = Mutex<[UInt64]>([])

    package init(patienceMilliseconds: Int = 400) { patience = UInt64(max(patienceMilliseconds, 0)) * 1_000_000 }

    /// Whether something has been waiting for longer than anybody waits.
    package var isStuck: Bool {
        waiting.withLock { $0.first.map { DispatchTime.now().uptimeNanoseconds > $0 + patience } ?? false }
    }

    /// Does it, and waits until it is done or out of patience.
    /// - Parameter atLeast: waits so many milliseconds whatever waits already, where going on without is of no use.
    package func perform<Value: Sendable>(
        atLeast: Int = 0, _ job: @escaping @Sendable () -> Value
    ) -> Outcome<Value> {
        let result = Result<Value>()
        let queued = enqueue {
            let value = job()
            return { result.set(value) }
        }
        guard let first = queued else { return .refused }
        let patient = DispatchTime.now().uptimeNanoseconds + UInt64(max(atLeast, 0)) * 1_000_000
        return result.wait(until: max(first + patience, patient)).map { .done($0) } ?? .late
    }

    /// Does it in its turn; false where too much waits.
    @discardableResult
    package func post(_ job: @escaping @Sendable () -> Void) -> Bool {
        enqueue {
            job()
            return {}
        } != nil
    }

    /// Returns when all that was asked before is done, and what that has asked for.
    package func finish() {
        repeat { queue.sync {} } while waiting.withLock { !$0.isEmpty }
    }

    /// - Parameter job: gives what tells of its end, once it does not count any more.
    /// - Returns: when the oldest that is not done came; nil where this is refused.
    private func enqueue(_ job: @escaping @Sendable () -> () -> Void) -> UInt64? {
        waiting.withLock { waiting in
            guard waiting.count < Self.limit else { return nil }
            waiting.append(DispatchTime.now().uptimeNanoseconds)
            // Under the lock: the order of the times is that of the jobs.
            queue.async { [self] in
                let tell = job()
                self.waiting.withLock { _ = $0.removeFirst() }
                tell()
            }
            return waiting.first
        }
    }

    private final class Result<Value: Sendable>: Sendable {
        private let value = Mutex<Value?>(nil)
        private let isSet = DispatchSemaphore(value: 0)

        func set(_ value: Value) {
            self.value.withLock { $0 = value }
            isSet.signal()
        }

        func wait(until nanoseconds: UInt64) -> Value? {
            let isPatient = DispatchTime.now().uptimeNanoseconds < nanoseconds
            let isLate = isSet.wait(timeout: DispatchTime(uptimeNanoseconds: nanoseconds)) == .timedOut
            // Who wakes long after that has stood still itself, as may have what it waits for.
            if isPatient, isLate, DispatchTime.now().uptimeNanoseconds > nanoseconds + DiskQueue.pause {
                _ = isSet.wait(timeout: .now() + .nanoseconds(Int(DiskQueue.pause)))
            }
            return value.withLock { $0 }
        }
    }
}
