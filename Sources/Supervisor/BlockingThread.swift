import CLinux
import Glibc

/// A thread of its own for work that blocks, so that neither the cooperative pool nor an event loop waits for it.
enum BlockingThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs `body` on a new thread and returns what it returns. Cancellation is the caller's: close what it waits on.
    /// - Returns: nil where the system has no more threads: `body` has not run. Not in the pool of all that waits, which has as
    ///   many threads as there are cores: two publications would stop the keys of all channels.
    static func run<Value: Sendable>(_ name: String, _ body: @escaping @Sendable () -> Value) async -> Value? {
        await withCheckedContinuation { continuation in
            let work = Body {
                _ = sluice_name_thread(name)
                continuation.resume(returning: body())
            }
            var thread = pthread_t()
            let argument = Unmanaged.passRetained(work)
            let code = pthread_create(
                &thread, nil,
                { argument in
                    if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                    return nil
                }, argument.toOpaque())
            if code == 0 {
                pthread_detach(thread)
            } else {
                argument.release()
                continuation.resume(returning: nil)
            }
        }
    }
}
