package import CommonEncryption
package import Media
import OpenSSLCrypto

/// One key of a document. CPIX 2.4, `ContentKey`.
package struct ContentKeyElement: Sendable, Equatable {
    package var keyID: KeyID
    /// `@commonEncryptionScheme` as it stands there: `cenc`, `cbcs` and others; with CPIX 2.4 also the METHOD of an
    /// EXT-X-KEY.
    package var commonEncryptionScheme: String?
    /// `@explicitIV`, 16 bytes.
    package var explicitIV: [UInt8]?
    /// Nil in a request, and in an answer that is encrypted.
    package var key: ContentKey?
    /// The key as a recipient of the document's `deliveryData` can open it.
    package var encrypted: EncryptedValue?
    /// `HDCPData@HLSHDCPLevel`. SPEKE 2.1.
    package var hlsHDCPLevel: String?
    /// `HDCPData/HDCPOutputProtectionData`: XML that goes into the MPD. SPEKE 2.1.
    package var hdcpOutputProtection: Signalling<String> = .absent

    /// Whether the key came encrypted for a recipient.
    package var isEncrypted: Bool { encrypted != nil }

    package init(keyID: KeyID, commonEncryptionScheme: String?, explicitIV: [UInt8]? = nil, key: ContentKey? = nil) {
        self.keyID = keyID
        self.commonEncryptionScheme = commonEncryptionScheme
        self.explicitIV = explicitIV
        self.key = key
    }

    init(reading element: ElementTree) throws(CPIXError) {
        self.init(
            keyID: try element.keyID("kid"), commonEncryptionScheme: element.attributes["commonEncryptionScheme"])
        if let text = element.attributes["explicitIV"], !text.isEmpty {
            guard let iv = text.base64Bytes, iv.count == 16 else {
                throw CPIXError(.invalid, "ContentKey@explicitIV of KID \(keyID) is not 16 bytes in base64")
            }
            explicitIV = iv
        }
        let data = element.first("Data")
        if let secret = data?.first("Secret") ?? data {
            encrypted = try EncryptedValue(within: secret, "the key of KID \(keyID)")
            if let value = secret.first("PlainValue") {
                guard let bytes = value.secret else { throw Self.notAKey(keyID) }
                // An empty element is one that nobody has filled in.
                if bytes.count > 0 {
                    guard let key = ContentKey(copying: bytes.span) else { throw Self.notAKey(keyID) }
                    self.key = key
                }
            }
        }
        if let hdcp = element.first("HDCPData") {
            hlsHDCPLevel = hdcp.attributes["HLSHDCPLevel"]
            if let child = hdcp.first("HDCPOutputProtectionData") {
                hdcpOutputProtection = try child.signalledText("KID \(keyID)")
            }
        }
    }

    private static func notAKey(_ keyID: KeyID) -> CPIXError {
        CPIXError(.invalid, "the key of KID \(keyID) is not 16 bytes in base64")
    }

    /// Takes from a duplicate what is missing here. There is one key for each KID.
    mutating func merge(_ other: ContentKeyElement) throws(CPIXError) {
        if let key, let another = other.key, key != another {
            throw CPIXError(.invalid, "two different keys for KID \(keyID)")
        }
        if let encrypted, let another = other.encrypted, encrypted != another {
            throw CPIXError(.invalid, "two different encrypted keys for KID \(keyID)")
        }
        commonEncryptionScheme = commonEncryptionScheme ?? other.commonEncryptionScheme
        explicitIV = explicitIV ?? other.explicitIV
        key = key ?? other.key
        encrypted = encrypted ?? other.encrypted
        hlsHDCPLevel = hlsHDCPLevel ?? other.hlsHDCPLevel
        hdcpOutputProtection.merge(other.hdcpOutputProtection)
    }

    func write(to writer: inout XMLTextWriter) {
        let attributes = [
            ("kid", keyID.uuid), ("commonEncryptionScheme", commonEncryptionScheme), ("explicitIV", explicitIV?.base64),
        ]
        let hasHDCP = hlsHDCPLevel != nil || hdcpOutputProtection != .absent
        guard key != nil || encrypted != nil || hasHDCP else {
            return writer.element("cpix:ContentKey", attributes)
        }
        writer.element("cpix:ContentKey", attributes) { writer in
            if key != nil || encrypted != nil {
                writer.element("cpix:Data") { writer in
                    writer.element("pskc:Secret") { writer in
                        if let key { writer.element("pskc:PlainValue", secret: key.bytes) }
                        encrypted?.write(to: &writer)
                    }
                }
            }
            if hasHDCP {
                writer.element("cpix:HDCPData", [("HLSHDCPLevel", hlsHDCPLevel)]) { writer in
                    if hdcpOutputProtection != .absent {
                        writer.element(
                            "cpix:HDCPOutputProtectionData", text: hdcpOutputProtection.value?.utf8.base64)
                    }
                }
            }
        }
    }
}
