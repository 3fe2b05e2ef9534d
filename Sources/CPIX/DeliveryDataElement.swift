/// One recipient of a document's keys, and in an answer what that recipient needs to open them. CPIX 2.4,
/// `DeliveryData`.
package struct DeliveryDataElement: Sendable, Equatable {
    package var id: String?
    /// The recipient's certificate, DER: `DeliveryKey/X509Data/X509Certificate`.
    package var certificate: [UInt8]?
    /// `DocumentKey`: the key of the content keys, encrypted by the certificate's.
    package var documentKey: EncryptedValue?
    /// `DocumentKey@Algorithm`: what the document key is for.
    package var documentKeyAlgorithm: String?
    /// `MACMethod`: the key of the MACs, encrypted by the certificate's.
    package var macKey: EncryptedValue?
    /// `MACMethod@Algorithm`.
    package var macAlgorithm: String?

    package init(id: String? = nil, certificate: [UInt8]?) {
        self.id = id
        self.certificate = certificate
    }

    init(reading element: ElementTree) throws(CPIXError) {
        id = element.attributes["id"]
        if let key = element.first("DeliveryKey") {
            let text = (key.first("X509Data") ?? key).first("X509Certificate")?.text ?? ""
            guard let der = text.base64Bytes else {
                throw CPIXError(.invalid, "the X509Certificate of a DeliveryKey is not base64")
            }
            certificate = der.isEmpty ? nil : der
        }
        if let key = element.first("DocumentKey") {
            documentKeyAlgorithm = key.attributes["Algorithm"]
            documentKey = try EncryptedValue(within: Self.value(in: key), "the DocumentKey")
        }
        if let method = element.first("MACMethod") {
            macAlgorithm = method.attributes["Algorithm"]
            if let key = method.first("Key") {
                macKey = try EncryptedValue(within: Self.value(in: key), "the MACMethod's key")
            }
        }
    }

    /// Where the value of a key stands: `Data/Secret`, for some `Secret` alone, or without either.
    private static func value(in element: ElementTree) -> ElementTree {
        let data = element.first("Data") ?? element
        return data.first("Secret") ?? data
    }

    func write(to writer: inout XMLTextWriter) {
        writer.element("cpix:DeliveryData", [("id", id)]) { writer in
            writer.element("cpix:DeliveryKey") { writer in
                writer.element("ds:X509Data") { $0.element("ds:X509Certificate", text: certificate?.base64) }
            }
            if let documentKey {
                writer.element("cpix:DocumentKey", [("Algorithm", documentKeyAlgorithm)]) { writer in
                    writer.element("cpix:Data") { $0.element("pskc:Secret") { documentKey.write(to: &$0) } }
                }
            }
            if let macKey {
                writer.element("cpix:MACMethod", [("Algorithm", macAlgorithm)]) { writer in
                    writer.element("cpix:Key") { macKey.write(to: &$0) }
                }
            }
        }
    }
}
