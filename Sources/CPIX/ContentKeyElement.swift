package import CommonEncryption
package import Media

/// One key of a document. CPIX 2.3, `ContentKey`.
package struct ContentKeyElement: Sendable, Equatable {
    package var keyID: KeyID
    /// `@commonEncryptionScheme` as it stands there: `cenc`, `cbcs` and others.
    package var commonEncryptionScheme: String?
    /// `@explicitIV`, 16 bytes.
    package var explicitIV: [UInt8]?
    /// Nil in a request.
    package var key: ContentKey?
    /// Whether the key came encrypted for a recipient, which is not supported.
    package private(set) var isEncrypted = false

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
        let secret = element.first(CPIXDocument.namespace, "Data")?.first(CPIXDocument.pskcNamespace, "Secret")
        isEncrypted = secret?.first(CPIXDocument.pskcNamespace, "EncryptedValue") != nil
        if let value = secret?.first(CPIXDocument.pskcNamespace, "PlainValue"), !value.text.isEmpty {
            var bytes = value.text.base64Bytes ?? []
            guard let key = ContentKey(moving: &bytes) else {
                throw CPIXError(.invalid, "the key of KID \(keyID) is not 16 bytes in base64")
            }
            self.key = key
        }
    }

    /// Takes from a duplicate what is missing here.
    mutating func merge(_ other: ContentKeyElement) {
        commonEncryptionScheme = commonEncryptionScheme ?? other.commonEncryptionScheme
        explicitIV = explicitIV ?? other.explicitIV
        key = key ?? other.key
        isEncrypted = isEncrypted || other.isEncrypted
    }

    func write(to writer: inout XMLTextWriter) {
        let attributes = [
            ("kid", keyID.uuid), ("commonEncryptionScheme", commonEncryptionScheme), ("explicitIV", explicitIV?.base64),
        ]
        guard let key else { return writer.element("cpix:ContentKey", attributes) }
        let text = (0..<key.bytes.count).map { key.bytes[$0] }.base64
        writer.element("cpix:ContentKey", attributes) { writer in
            writer.element("cpix:Data") { $0.element("pskc:Secret") { $0.element("pskc:PlainValue", text: text) } }
        }
    }
}
