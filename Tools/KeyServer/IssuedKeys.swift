import Media
import Synchronization

/// For which content keys were asked for, so that a token for another one is refused in words.
///
/// What this does not know, after a start or after many keys, is guarded all the same: by how keys are derived.
final class IssuedKeys: Sendable {
    private struct State {
        var contents: [KeyID: String] = [:]
        var order: [KeyID] = []
    }

    private static let limit = 65_536
    private let state = Mutex(State())

    func note(_ keyIDs: [KeyID], of content: String) {
        state.withLock { state in
            for id in keyIDs where state.contents.updateValue(content, forKey: id) == nil { state.order.append(id) }
            guard state.order.count > Self.limit else { return }
            for id in state.order.prefix(Self.limit / 4) { state.contents[id] = nil }
            state.order.removeFirst(Self.limit / 4)
        }
    }

    /// Whether the key is known to be another content's.
    func isForeign(_ keyID: KeyID, to content: String) -> Bool {
        state.withLock { $0.contents[keyID].map { $0 != content } ?? false }
    }
}
