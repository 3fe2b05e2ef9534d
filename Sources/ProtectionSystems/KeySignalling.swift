package import DASH
package import HLS
import ISOBMFF
package import Media

/// How boxes, playlists and manifests name a key to one protection system.
///
/// What a provider left empty is made here, so that it is the same whoever makes it.
package struct KeySignalling: Sendable, Hashable {
    /// Whole `pssh` boxes, for `moov`, `moof` and the MPD. FairPlay and AES-128 have none.
    package var pssh: [UInt8]?
    /// EXT-X-KEY, without IV: see `Key.takesIV`. Nil for systems without a key format of their own.
    ///
    /// EXT-X-SESSION-KEY is the same value's `sessionLine`.
    package var key: Key?
    /// Nil for FairPlay and AES-128, which DASH does not know.
    package var contentProtection: ContentProtection?

    package init(pssh: [UInt8]? = nil, key: Key? = nil, contentProtection: ContentProtection? = nil) {
        self.pssh = pssh
        self.key = key
        self.contentProtection = contentProtection
    }

    /// Completes what is known of a key. A provider's `pssh` that is none of the system's is used as it is: to check
    /// it is for who received it.
    package init(completing known: SystemKey) throws(MissingSignalling) {
        self.init()
        guard let keyID = known.keyIDs.first else {
            throw MissingSignalling(systemID: known.systemID, reason: .noKeyID)
        }
        if known.systemID == .aes128 {
            guard known.scheme == nil else { throw MissingSignalling(systemID: known.systemID, reason: .otherScheme) }
            guard let uri = known.keyURI else { throw MissingSignalling(systemID: known.systemID, reason: .noKeyURI) }
            key = Key(method: .aes128, uri: uri)
            return
        }
        guard let scheme = known.scheme else { throw MissingSignalling(systemID: known.systemID, reason: .otherScheme) }
        switch known.systemID {
        case .widevine: completeWidevine(known, keyID, scheme)
        case .playReady: completePlayReady(known, scheme)
        case .fairPlay:
            guard scheme == .cbcs else { throw MissingSignalling(systemID: known.systemID, reason: .otherScheme) }
            guard let uri = known.keyURI else { throw MissingSignalling(systemID: known.systemID, reason: .noKeyURI) }
            pssh = known.pssh
            key = Key(method: scheme.hlsMethod, uri: uri, keyFormat: KeyFormat.fairPlay, keyFormatVersions: "1")
        case .clearKey: completeClearKey(known, keyID, scheme)
        case .common:
            pssh = known.pssh ?? ProtectionSystemSpecificHeader.common(keyIDs: known.keyIDs).serialize()
            contentProtection = .system(.common, pssh.map { [.pssh($0)] } ?? [])
        default:
            guard let box = known.pssh else { throw MissingSignalling(systemID: known.systemID, reason: .noPSSH) }
            pssh = box
            contentProtection = .system(known.systemID, [.pssh(box)])
        }
    }

    private mutating func completeWidevine(_ known: SystemKey, _ keyID: KeyID, _ scheme: ProtectionScheme) {
        let header = WidevineHeader(
            keyIDs: known.keyIDs, provider: known.provider, contentID: known.contentID,
            protectionScheme: scheme.fourCC)
        let box =
            known.pssh ?? ProtectionSystemSpecificHeader(systemID: .widevine, data: header.serialize()).serialize()
        pssh = box
        key = Key(
            method: scheme.hlsMethod, uri: "data:text/plain;base64,\(Base64.encode(box))",
            keyFormat: KeyFormat.widevine,
            keyFormatVersions: "1", keyID: keyID)
        contentProtection = .system(.widevine, [.pssh(box)])
    }

    private mutating func completePlayReady(_ known: SystemKey, _ scheme: ProtectionScheme) {
        let header = PlayReadyHeader(
            known.keyIDs.map { .init($0, .init(scheme), checksum: known.checksums[$0]) },
            licenseURL: known.licenseURL, version: known.playReadyVersion)
        var object = PlayReadyObject(header).serialize()
        if let given = known.pssh {
            pssh = given
            // The provider's object, wherever it is named: players compare them.
            let boxes = (try? ProtectionSystemHeaders.parse(given)) ?? []
            object = boxes.first { $0.systemID == .playReady }?.data ?? object
        } else {
            pssh = ProtectionSystemSpecificHeader(systemID: .playReady, data: object).serialize()
        }
        key = Key(
            method: scheme.hlsMethod, uri: "data:text/plain;charset=UTF-16;base64,\(Base64.encode(object))",
            keyFormat: KeyFormat.playReady, keyFormatVersions: "1")
        contentProtection = .system(
            .playReady, value: "MSPR 2.0", (pssh.map { [.pssh($0)] } ?? []) + [.playReadyObject(object)])
    }

    /// DASH names the licence server and no `pssh`, with which dash.js would ask wrongly; HLS names the key.
    private mutating func completeClearKey(_ known: SystemKey, _ keyID: KeyID, _ scheme: ProtectionScheme) {
        pssh =
            known.pssh ?? ProtectionSystemSpecificHeader(systemID: .clearKey, keyIDs: known.keyIDs).serialize()
        key = Key(
            method: scheme.hlsMethod, uri: "data:text/plain;base64,\(Base64.encode(keyID.bytes))",
            keyFormat: KeyFormat.clearKey, keyFormatVersions: "1", keyID: keyID)
        contentProtection = .system(
            .clearKey, value: "ClearKey1.0", known.licenseURL.map { [.licenseURL($0)] } ?? [])
    }
}

extension ProtectionScheme {
    /// METHOD of EXT-X-KEY for fragmented MP4. HLS, draft-pantos-hls-rfc8216bis, clause 4.4.4.4.
    package var hlsMethod: Key.Method {
        switch self {
        case .cenc: .sampleAESCTR
        case .cbcs: .sampleAES
        }
    }
}

extension KeySignalling {
    /// The common system's whole `pssh` box with one KID.
    package static func commonBox(_ keyID: KeyID) -> [UInt8] {
        ProtectionSystemSpecificHeader.common(keyIDs: [keyID]).serialize()
    }
}
