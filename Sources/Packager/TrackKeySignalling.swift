import CommonEncryption
import DASH
import HLS
import Keys
import Media
import ProtectionSystems
import Settings

/// What playlists, manifests and boxes say of a key: the provider's words, and our own where it gave none.
extension TrackKey {
    /// EXT-X-KEY of each system, in the endpoint's order, without IVs.
    func playlistKeys(_ encryption: EndpointEncryption) -> [Key] {
        encryption.systems.flatMap { system in
            mediaKeys(system, encryption).map { key in
                var key = key
                key.method = encryption.hlsMethod
                key.iv = nil
                return key
            }
        }
    }

    /// EXT-X-SESSION-KEY of each system, so that players may ask ahead; none where the key is a plain fetch.
    func sessionKeys(_ encryption: EndpointEncryption) -> [Key] {
        encryption.systems.filter { $0 != .aes128 }.flatMap { system in
            let given = (signalling[system]?.hlsMultivariant ?? []).compactMap { try? Key(parsingLine: $0) }
            let keys = given.isEmpty ? (completed(system, encryption)?.key.map { [$0] } ?? []) : given
            return keys.map { key in
                var key = key
                key.method = encryption.hlsMethod
                key.iv = nil
                return key
            }
        }
    }

    /// The systems' `ContentProtection`, without the one that names the scheme.
    func contentProtections(_ encryption: EndpointEncryption) -> [ContentProtection] {
        encryption.systems.compactMap { system in
            let own = completed(system, encryption)?.contentProtection
            guard let fragment = signalling[system]?.contentProtectionData else { return own }
            return .system(system, value: own?.value, [.fragment(fragment)])
        }
    }

    /// Whole `pssh` boxes for `moov`.
    ///
    /// None for ClearKey: browsers would hand it to players as a request that they then cannot make (dash.js fails).
    func systemBoxes(_ encryption: EndpointEncryption) -> [[UInt8]] {
        encryption.systems.filter { $0 != .clearKey }.compactMap { system in
            signalling[system]?.pssh ?? completed(system, encryption)?.pssh
        }
    }

    /// Whole `pssh` boxes for each `moof`. Browsers read ClearKey's KID from the common system's box alone.
    func fragmentBoxes(_ encryption: EndpointEncryption) -> [[UInt8]] {
        let boxes = systemBoxes(encryption)
        guard encryption.systems.contains(.clearKey), !encryption.systems.contains(.common) else { return boxes }
        return boxes + [KeySignalling.commonBox(keyID)]
    }

    private func mediaKeys(_ system: DRMSystemID, _ encryption: EndpointEncryption) -> [Key] {
        let given = (signalling[system]?.hlsMedia ?? []).compactMap { try? Key(parsingLine: $0) }
        if system == .aes128 {
            guard let uri = signalling[system]?.keyURI ?? given.first?.uri else { return [] }
            return [.identity(encryption.hlsMethod, uri: uri)]
        }
        if !given.isEmpty { return given }
        return completed(system, encryption)?.key.map { [$0] } ?? []
    }

    /// Nil where only the provider can say it, and did not.
    private func completed(_ system: DRMSystemID, _ encryption: EndpointEncryption) -> KeySignalling? {
        let given = signalling[system]
        return try? KeySignalling(
            completing: SystemKey(
                system, scheme: encryption.scheme, keyIDs: [keyID], pssh: given?.pssh, keyURI: given?.keyURI))
    }
}

extension EndpointEncryption {
    /// METHOD of EXT-X-KEY.
    var hlsMethod: Key.Method {
        switch method {
        case .aes128: .aes128
        case .sampleAES: .sampleAES
        case .commonEncryption(let scheme): scheme.hlsMethod
        }
    }
}
