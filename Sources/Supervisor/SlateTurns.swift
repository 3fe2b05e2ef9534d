/// One worker that makes a slate after the other: with many channels a start, or the loss of their network, would else be
/// all of them at once.
package actor SlateTurns {
    private var last: Task<Void, Never>?

    package init() {}

    package func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let previous = last
        let task = Task {
            await previous?.value
            try Task.checkCancellation()
            return try await body()
        }
        last = Task { _ = await task.result }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
