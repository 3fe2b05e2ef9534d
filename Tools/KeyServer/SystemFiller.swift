import CPIX
import Foundation
import Media

/// What each DRM system needs said about one key. Only empty elements are filled in.
///
/// ClearKey and AES-128 work with this server alone. The others are well formed, for trying out signalling: their
/// licences come from elsewhere.
struct SystemFiller {
    var scheme: ProtectionScheme
    var baseURL: String

    func fill(_ element: inout DRMSystemElement) {
        let id = element.keyID
        switch element.systemID {
        case .widevine:
            let pssh = ProtectionSystemHeader(systemID: .widevine, data: Widevine.header(id, scheme)).bytes
            fill(&element, pssh: pssh, contentProtection: Self.psshElement(pssh))
            fillHLS(
                &element, uri: "data:text/plain;base64,\(base64(pssh))",
                format: "urn:uuid:\(DRMSystemID.widevine.uuid)",
                keyID: id)
        case .playReady:
            let object = PlayReady.object(id, scheme)
            let pssh = ProtectionSystemHeader(systemID: .playReady, data: object).bytes
            fill(
                &element, pssh: pssh,
                contentProtection: Self.psshElement(pssh)
                    + "<mspr:pro xmlns:mspr=\"urn:microsoft:playready\">\(base64(object))</mspr:pro>")
            fillHLS(
                &element, uri: "data:text/plain;charset=UTF-16;base64,\(base64(object))",
                format: "com.microsoft.playready")
            element.smoothStreamingProtectionHeader.fill(object)
        case .fairPlay:
            fillHLS(&element, uri: "skd://\(id.uuid)", format: "com.apple.streamingkeydelivery")
        case .clearKey:
            let pssh = ProtectionSystemHeader(systemID: .clearKey, keyIDs: [id]).bytes
            let url = "\(baseURL)/clearkey"
            fill(
                &element, pssh: pssh,
                contentProtection:
                    "<dashif:laurl xmlns:dashif=\"https://dashif.org/CPS\" licenseType=\"EME-1.0\">"
                    + "\(url)</dashif:laurl>"
            )
            fillHLS(
                &element, uri: "data:text/plain;base64,\(base64(id.bytes))", format: "org.w3.clearkey", keyID: id)
        case .common:
            let pssh = ProtectionSystemHeader(systemID: .common, keyIDs: [id]).bytes
            fill(&element, pssh: pssh, contentProtection: Self.psshElement(pssh))
        case .aes128:
            fillHLS(&element, method: "AES-128", uri: "\(baseURL)/keys/\(id.uuid)")
        default: break
        }
    }

    private func fill(_ element: inout DRMSystemElement, pssh: [UInt8], contentProtection: String) {
        element.pssh.fill(pssh)
        element.contentProtectionData.fill(contentProtection)
    }

    private func fillHLS(
        _ element: inout DRMSystemElement, method: String? = nil, uri: String, format: String? = nil,
        keyID: KeyID? = nil
    ) {
        let method = method ?? (scheme == .cbcs ? "SAMPLE-AES" : "SAMPLE-AES-CTR")
        var attributes = "METHOD=\(method),URI=\"\(uri)\""
        if let keyID { attributes += ",KEYID=0x\(keyID.hex.uppercased())" }
        if let format { attributes += ",KEYFORMAT=\"\(format)\",KEYFORMATVERSIONS=\"1\"" }
        element.hlsMedia.fill(["#EXT-X-KEY:" + attributes])
        element.hlsMultivariant.fill(["#EXT-X-SESSION-KEY:" + attributes])
        element.uriExtXKey.fill(uri)
    }

    private static func psshElement(_ pssh: [UInt8]) -> String {
        "<cenc:pssh xmlns:cenc=\"urn:mpeg:cenc:2013\">\(base64(pssh))</cenc:pssh>"
    }
}

private func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

extension Signalling {
    fileprivate mutating func fill(_ value: Value) {
        if self == .requested { self = .filled(value) }
    }
}
