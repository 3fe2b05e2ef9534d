import CommonEncryption
import Media
import OpenSSLCrypto
import Synchronization

/// Which keys a provider has given before, by digest: a key that comes again under another KID is a stale one, and
/// another key under the same KID would leave what is encrypted already without its key.
final class KnownKeys: Sendable {
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

    /// What these keys contradict of those before, if anything.
    func conflict(with keys: PeriodKeys) -> Conflict? {
        state.withLock { state in
            for (_, key) in keys.entries {
                let digest = sha256(key.key.bytes)
                if let known = state.digests[key.keyID], known != digest { return .changed(key.keyID) }
                if let owner = state.owners[digest], owner != key.keyID { return .repeated(key.keyID, before: owner) }
            }
            return nil
        }
    }

    func remember(_ keys: PeriodKeys) {
        state.withLock { state in
            for (_, key) in keys.entries {
                let digest = sha256(key.key.bytes)
                state.digests[key.keyID] = digest
                if state.owners.updateValue(key.keyID, forKey: digest) == nil { state.order.append(digest) }
            }
            while state.order.count > Self.capacity {
                let digest = state.order.removeFirst()
                if let owner = state.owners.removeValue(forKey: digest) { state.digests[owner] = nil }
            }
        }
    }
}
