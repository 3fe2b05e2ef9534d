import Foundation

/// Runs blocking calls on a thread of their own: the pool of all tests has as many threads as there are cores, and what a
/// call waits for may need one of them.
package func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
