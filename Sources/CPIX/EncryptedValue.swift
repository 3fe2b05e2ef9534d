/// A secret encrypted for a recipient. RFC 6030, clause 6.1 (`EncryptedValue`); XML Encryption 1.0, clause 3.1.
package struct EncryptedValue: Sendable, Equatable {
    /// RSA-OAEP with SHA-1 and MGF1 of SHA-1: for the keys of the document.
    package static let rsaOAEP = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
    /// AES-256-CBC with its IV in front: for the content keys.
    package static let aes256CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
    package static let hmacSHA512 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512"

    /// `EncryptionMethod@Algorithm`.
    package var algorithm: String?
    package var cipherValue: [UInt8]
    /// `ValueMAC`: over the cipher value.
    package var valueMAC: [UInt8]?

    package init(algorithm: String?, cipherValue: [UInt8], valueMAC: [UInt8]? = nil) {
        self.algorithm = algorithm
        self.cipherValue = cipherValue
        self.valueMAC = valueMAC
    }

    /// Nil where `element` has no `EncryptedValue` in it.
    ///
    /// - Parameter subject: what the value is, for errors.
    init?(within element: ElementTree, _ subject: String) throws(CPIXError) {
        guard let value = element.first("EncryptedValue") else { return nil }
        algorithm = value.first("EncryptionMethod")?.attributes["Algorithm"]
        let text = (value.first("CipherData") ?? value).first("CipherValue")?.text ?? ""
        guard let cipher = text.base64Bytes else {
            throw CPIXError(.invalid, "\(subject): its CipherValue is not base64")
        }
        cipherValue = cipher
        if let text = element.first("ValueMAC")?.text, !text.isEmpty {
            guard let mac = text.base64Bytes else {
                throw CPIXError(.invalid, "\(subject): its ValueMAC is not base64")
            }
            valueMAC = mac
        }
    }

    func write(to writer: inout XMLTextWriter) {
        writer.element("pskc:EncryptedValue") { writer in
            writer.element("enc:EncryptionMethod", [("Algorithm", algorithm)])
            writer.element("enc:CipherData") { $0.element("enc:CipherValue", text: cipherValue.base64) }
        }
        if let valueMAC { writer.element("pskc:ValueMAC", text: valueMAC.base64) }
    }
}
