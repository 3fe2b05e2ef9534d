import CPIX
import CommonEncryption
import HLS
import ISOBMFF
import Media
import ProtectionSystems

/// What each DRM system needs said about one key. Only empty elements are filled in.
///
/// ClearKey and AES-128 work with this server alone. The others are well formed, for trying out signalling: their
/// licences come from elsewhere. A system that we do not know gets a `pssh` box that lists the KID.
struct SystemFiller {
    /// Of the request; nil where it is for whole segments.
    var scheme: ProtectionScheme?
    var baseURL: String

    /// What SPEKE 1.0 calls AES-128.
    static let aes128OfSPEKE1 = DRMSystemID(parsing: "81376844-f976-481e-a84e-cc25d39b0b33")

    func fill(_ element: inout DRMSystemElement, _ key: ContentKey) throws(Refusal) {
        let made = try signalling(element, key)
        if let pssh = made.pssh { element.pssh.fill(pssh) }
        if let protection = made.contentProtection { element.contentProtectionData.fill(protection.fragment) }
        if let tag = made.key {
            element.hlsMedia.fill([tag.line])
            element.hlsMultivariant.fill([tag.sessionLine])
            if let uri = tag.uri { element.uriExtXKey.fill(uri) }
            element.keyFormat.fill(tag.keyFormat ?? "identity")
            element.keyFormatVersions.fill(tag.keyFormatVersions ?? "1")
        }
        if element.systemID == .playReady, let box = made.pssh.flatMap({ try? ProtectionSystemHeaders.parse($0).first })
        {
            element.smoothStreamingProtectionHeader.fill(box.data)
            element.protectionHeader.fill(box.data)
        }
    }

    private func signalling(_ element: DRMSystemElement, _ key: ContentKey) throws(Refusal) -> KeySignalling {
        let id = element.keyID
        let system = element.systemID == Self.aes128OfSPEKE1 ? .aes128 : element.systemID
        var known = SystemKey(system, scheme: system == .aes128 ? nil : scheme, keyIDs: [id])
        switch system {
        case .aes128: known.keyURI = "\(baseURL)/keys/\(id.uuid)"
        case .fairPlay: known.keyURI = "skd://\(id.uuid)"
        case .clearKey: known.licenseURL = "\(baseURL)/clearkey"
        case .playReady where scheme == .cenc:
            if let checksum = try? PlayReadyHeader.checksum(id, key) { known.checksums[id] = checksum }
        case .playReady, .widevine, .common: break
        default: known.pssh = ProtectionSystemSpecificHeader(systemID: system, keyIDs: [id]).serialize()
        }
        do throws(MissingSignalling) { return try KeySignalling(completing: known) } catch {
            throw Refusal(text: "\(error)")
        }
    }
}

extension Signalling {
    fileprivate mutating func fill(_ value: Value) {
        if self == .requested { self = .filled(value) }
    }
}
