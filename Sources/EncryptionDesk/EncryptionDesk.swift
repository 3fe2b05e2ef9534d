package import CommonEncryption
import IPSecMB
package import MediaMemory
import OpenSSLCrypto
import Synchronization

/// Encrypts segments as a whole (`METHOD=AES-128`), all that are wanted at the time in step.
///
/// A segment is one chain, of which a core makes little more than a gigabyte a second. Of several at a time it makes as
/// many times that as there are, up to five or six. Nobody waits for company: what is there is begun, and what comes
/// meanwhile joins between two steps of 64 kB.
package final class EncryptionDesk: Sendable {
    package typealias Outcome = Result<MediaBytes, ProtectionError>

    struct Order {
        var job: AES128Job
        var then: @Sendable (Outcome) -> Void
    }

    private struct State {
        /// First come, first served.
        var waiting: [Order] = []
        /// Threads that are at it, or will be at once.
        var runs = 0
        var counters = Counters()
    }

    package struct Counters: Sendable, Equatable {
        package var segments: UInt64 = 0
        /// Of them, those that were in step with others at some time.
        package var inStep: UInt64 = 0
    }

    private let submit: @Sendable (@escaping @Sendable () -> Void) -> Void
    private let maximumRuns: Int
    private let maximumChains: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - maximumRuns: at a time, at least one.
    ///   - inStep: false: one segment after the other, as where the processor has no AES instructions.
    ///   - submit: runs what it is given on a thread that may be kept busy, after what was submitted before.
    package init(
        maximumRuns: Int, inStep: Bool = true,
        submit: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void
    ) {
        self.maximumRuns = max(maximumRuns, 1)
        maximumChains = inStep && ChainsInStep.isPossible ? ChainsInStep.bestChains : 1
        self.submit = submit
    }

    package var counters: Counters { state.withLock { $0.counters } }
    /// Segments that no run has taken yet.
    package var waiting: Int { state.withLock { $0.waiting.count } }

    /// - Parameter then: gets the encrypted segment, on a thread of `submit`; it must not block.
    package func encrypt(_ job: AES128Job, then: @escaping @Sendable (Outcome) -> Void) {
        let begins = state.withLock { state in
            state.waiting.append(Order(job: job, then: then))
            // A run takes more as it goes; another one is for what it has no room for.
            guard state.runs < maximumRuns, state.waiting.count > state.runs * maximumChains else { return false }
            state.runs += 1
            return true
        }
        if begins { submit { self.run() } }
    }

    private func run() {
        var run = EncryptionRun()
        while true {
            let orders = state.withLock { state in
                let orders = Array(state.waiting.prefix(maximumChains - run.count))
                state.waiting.removeFirst(orders.count)
                if run.count + orders.count == 0 { state.runs -= 1 }
                return orders
            }
            run.take(orders)
            guard run.count > 0 else { break }
            let done = run.advance()
            guard done != Counters() else { continue }
            state.withLock { state in
                state.counters.segments += done.segments
                state.counters.inStep += done.inStep
            }
        }
        run.inStep?.giveBack()
    }
}
