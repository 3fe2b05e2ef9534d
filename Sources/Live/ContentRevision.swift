import Synchronization

/// Counts the states of an endpoint, so that what was made of one can be known to be old without looking at the next.
package final class ContentRevision: Sendable {
    private let current = Atomic<UInt64>(0)

    package init() {}

    /// - Returns: the stamp of a new state; those of all before it are not current any more.
    package func advance() -> ContentStamp {
        ContentStamp(revision: self, value: current.add(1, ordering: .acquiringAndReleasing).newValue)
    }

    func isCurrent(_ value: UInt64) -> Bool { current.load(ordering: .acquiring) == value }
}

/// Which state of an endpoint something was made of. Holds on to a counter, and not to the state.
package struct ContentStamp: Sendable {
    let revision: ContentRevision
    let value: UInt64

    /// Whether the endpoint still has that state: one load.
    package var isCurrent: Bool { revision.isCurrent(value) }
}

extension LiveChannel.State {
    mutating func nextStamp(of endpoint: String) -> ContentStamp {
        if let revision = revisions[endpoint] { return revision.advance() }
        let revision = ContentRevision()
        revisions[endpoint] = revision
        return revision.advance()
    }

    /// No state that was ever shown is current any more.
    func outdate() { for revision in revisions.values { _ = revision.advance() } }
}
