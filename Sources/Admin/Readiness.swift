import Synchronization

/// Whether this node wants requests and encoders at all; `/readyz` says so to whoever spreads them.
package final class Readiness: Sendable {
    private let draining = Atomic(false)

    package init() {}

    package var isDraining: Bool { draining.load(ordering: .relaxed) }

    package func beginDraining() { draining.store(true, ordering: .relaxed) }
}
