import CommonEncryption
import Media
import OpenSSLCrypto
import Synchronization

/// Which keys a provider has given before, by digest: a key that comes again under another KID is a stale one.
final class KnownKeys: Sendable {
    private struct State {
        var owners: [[UInt8]: KeyID] = [:]
        /// The oldest first.
        var order: [[UInt8]] = []
    }

    /// Some hundred periods of the finest contract.
    private static let capacity = 4096
    private let state = Mutex(State())

    /// The KID under which one of these keys came before, if that was another.
    func earlierOwner(in keys: PeriodKeys) -> (key: KeyID, owner: KeyID)? {
        state.withLock { state in
            for (_, key) in keys.entries {
                if let owner = state.owners[sha256(key.key.bytes)], owner != key.keyID { return (key.keyID, owner) }
            }
            return nil
        }
    }

    func remember(_ keys: PeriodKeys) {
        state.withLock { state in
            for (_, key) in keys.entries {
                let digest = sha256(key.key.bytes)
                if state.owners.updateValue(key.keyID, forKey: digest) == nil { state.order.append(digest) }
            }
            while state.order.count > Self.capacity { state.owners[state.order.removeFirst()] = nil }
        }
    }
}
