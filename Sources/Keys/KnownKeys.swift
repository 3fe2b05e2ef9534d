import CommonEncryption
import Media
import OpenSSLCrypto
import Synchronization

/// Which keys a provider has given before, by digest: a key that comes again under another KID is a stale one, and
/// another key under the same KID would leave what is encrypted already without its key.
///
/// The clients of one channel may share them: the key of another endpoint is stale too.
package final class KnownKeys: Sendable {
    package init() {}

    enum Conflict: Sendable, Equatable {
        /// The key had another KID before.
        case repeated(KeyID, before: KeyID)
        /// The KID had another key before.
        case changed(KeyID)
    }

    private struct State {
        var owners: [[UInt8]: KeyID] = [:]
        var digests: [KeyID: [UInt8]] = [:]
        /// The oldest first.
        var order: [[UInt8]] = []
    }

    /// Some hundred periods of the finest contract.
    private static let capacity = 4096
    private let state = Mutex(State())

    /// Takes keys in, unless they contradict those before: one step, since answers for other contracts come meanwhile.
    ///
    /// - Parameter acceptsRepeated: the provider may give one key under several KIDs.
    /// - Returns: the contradiction; nil where they are taken in.
    func admit(_ keys: PeriodKeys, acceptsRepeated: Bool) -> Conflict? {
        state.withLock { state in
            let given = keys.entries.map { (id: $0.key.keyID, digest: sha256($0.key.key.bytes)) }
            for (id, digest) in given {
                if let known = state.digests[id], known != digest { return .changed(id) }
                if !acceptsRepeated, let owner = state.owners[digest], owner != id {
                    return .repeated(id, before: owner)
                }
            }
            for (id, digest) in given {
                state.digests[id] = digest
                if state.owners.updateValue(id, forKey: digest) == nil { state.order.append(digest) }
            }
            while state.order.count > Self.capacity {
                let digest = state.order.removeFirst()
                if let owner = state.owners.removeValue(forKey: digest) { state.digests[owner] = nil }
            }
            return nil
        }
    }
}
