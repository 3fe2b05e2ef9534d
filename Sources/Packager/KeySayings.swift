import CommonEncryption
import DASH
import HLS
import Keys
import Media
import ProtectionSystems
import Settings
import Synchronization

/// What manifests say of keys, kept from one revision to the next: to find it means reading what the provider answered, or
/// making boxes, for each system anew.
///
/// Bound: `maximumCount` keys; at that all go.
final class KeySayings: Sendable {
    private struct Saying {
        let encryption: EndpointEncryption
        let signalling: [DRMSystemID: SystemSignalling]
        /// EXT-X-KEY without IVs.
        var keys: [Key]?
        var sessionKeys: [Key]?
        var protections: [ContentProtection]?
    }

    private static let maximumCount = 256

    private let sayings = Mutex<[KeyID: Saying]>([:])

    /// EXT-X-KEY of each system, in the endpoint's order, without IVs.
    func playlistKeys(of key: TrackKey, _ encryption: EndpointEncryption) -> [Key] {
        known(key, encryption, \.keys) { key.playlistKeys(encryption) }
    }

    /// EXT-X-SESSION-KEY of each system.
    func sessionKeys(of key: TrackKey, _ encryption: EndpointEncryption) -> [Key] {
        known(key, encryption, \.sessionKeys) { key.sessionKeys(encryption) }
    }

    /// The systems' `ContentProtection`.
    func protections(of key: TrackKey, _ encryption: EndpointEncryption) -> [ContentProtection] {
        known(key, encryption, \.protections) { key.contentProtections(encryption) }
    }

    private func known<Value: Sendable>(
        _ key: TrackKey, _ encryption: EndpointEncryption, _ place: WritableKeyPath<Saying, Value?>,
        make: () -> Value
    ) -> Value {
        sayings.withLock { sayings in
            var saying = sayings[key.keyID]
            if saying?.encryption != encryption || saying?.signalling != key.signalling { saying = nil }
            if let value = saying?[keyPath: place] { return value }
            if saying == nil, sayings.count >= Self.maximumCount { sayings.removeAll() }
            var changed = saying ?? Saying(encryption: encryption, signalling: key.signalling)
            let value = make()
            changed[keyPath: place] = value
            sayings[key.keyID] = changed
            return value
        }
    }
}

extension [Key] {
    /// With what a segment was encrypted with, where a player must be told.
    func with(iv: [UInt8]) -> [Key] {
        map { key in
            var key = key
            key.iv = key.takesIV ? iv : nil
            return key
        }
    }
}
