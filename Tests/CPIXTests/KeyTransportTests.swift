import CPIX
import CommonEncryption
import Foundation
import Media
import OpenSSLCrypto
import Testing

/// A key pair of the `openssl` program's making.
private struct Identity {
    let key: [UInt8]
    let certificate: [UInt8]

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "cpix-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        let keyFile = folder.appending(path: "key.pem")
        let certificateFile = folder.appending(path: "cert.pem")
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = [
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=packager", "-keyout",
            keyFile.path, "-out", certificateFile.path,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        key = Array(try Data(contentsOf: keyFile))
        certificate = try X509Certificate(pem: Array(try Data(contentsOf: certificateFile)).span).der
    }
}

@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"))) struct KeyTransportTests {
    private let identity: Identity

    init() throws { identity = try Identity() }

    /// An answer with two keys, encrypted for `identity`, as it came over the wire.
    private func answer(_ change: (inout CPIXDocument) -> Void = { _ in }) throws -> CPIXDocument {
        var document = try example()
        let other = try #require(KeyID(bytes: [UInt8](repeating: 9, count: 16)))
        document.contentKeys.append(
            ContentKeyElement(
                keyID: other, commonEncryptionScheme: "cbcs",
                key: ContentKey(copying: [UInt8](repeating: 0x5a, count: 16).span)))
        document.deliveryData = [DeliveryDataElement(id: "us", certificate: identity.certificate)]
        try document.encryptKeys()
        change(&document)
        return try CPIXDocument(parsing: document.xml)
    }

    private func open(_ document: inout CPIXDocument) throws {
        try document.decryptKeys(with: try RSAPrivateKey(pem: identity.key.span), certificate: identity.certificate)
    }

    @Test func keysComeBackAndNeverCrossInTheClear() throws {
        var document = try answer()
        let text = String(decoding: document.xml, as: UTF8.self)
        #expect(!text.contains("PlainValue") && !text.contains("AAECAwQFBgcICQoLDA0ODw"))
        #expect(document.contentKeys.allSatisfy { $0.key == nil && $0.isEncrypted })
        #expect(document.contentKeys.allSatisfy { $0.encrypted?.cipherValue.count == 48 })
        try open(&document)
        #expect(document.contentKeys[0].key == ContentKey(copying: [UInt8](0..<16).span))
        #expect(document.contentKeys[1].key == ContentKey(copying: [UInt8](repeating: 0x5a, count: 16).span))
    }

    @Test func theTextIsThatOfTheStandard() throws {
        let text = String(decoding: try answer().xml, as: UTF8.self)
        for part in [
            #"xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:enc="http://www.w3.org/2001/04/xmlenc#">"#,
            "<cpix:DeliveryDataList>\n  <cpix:DeliveryData id=\"us\">\n   <cpix:DeliveryKey>\n    <ds:X509Data>",
            "<cpix:DocumentKey Algorithm=\"http://www.w3.org/2001/04/xmlenc#aes256-cbc\">\n    <cpix:Data>\n"
                + "     <pskc:Secret>\n      <pskc:EncryptedValue>\n       <enc:EncryptionMethod "
                + "Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/>\n       <enc:CipherData>\n"
                + "        <enc:CipherValue>",
            "<cpix:MACMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#hmac-sha512\">\n    <cpix:Key>\n"
                + "     <pskc:EncryptedValue>",
            "</pskc:EncryptedValue>\n     <pskc:ValueMAC>",
        ] { #expect(text.contains(part), "\(part)") }
    }

    @Test func twoRecipientsOpenTheSameDocument() throws {
        let other = try Identity()
        var document = try example()
        document.deliveryData = [
            DeliveryDataElement(certificate: other.certificate), DeliveryDataElement(certificate: identity.certificate),
        ]
        try document.encryptKeys()
        var copy = document
        try open(&document)
        try copy.decryptKeys(with: try RSAPrivateKey(pem: other.key.span), certificate: other.certificate)
        #expect(document.contentKeys[0].key != nil && document.contentKeys == copy.contentKeys)
    }

    @Test func whateverChangedOnTheWayIsFoundBeforeAnythingIsDecrypted() throws {
        func failure(_ change: (inout CPIXDocument) -> Void) throws -> String {
            var document = try answer(change)
            let error = try #require(throws: CPIXError.self) { try open(&document) }
            #expect(error.code == .encryption)
            #expect(document.contentKeys[0].key == nil)
            return error.reason
        }
        let id = "00112233-4455-6677-8899-aabbccddeeff"
        for place in [0, 15, 16, 47] {
            #expect(
                try failure { $0.contentKeys[0].encrypted?.cipherValue[place] ^= 1 }
                    == "the ValueMAC of KID \(id) is wrong")
        }
        #expect(
            try failure { $0.contentKeys[0].encrypted?.valueMAC?[63] ^= 1 } == "the ValueMAC of KID \(id) is wrong")
        #expect(
            try failure { $0.contentKeys[0].encrypted?.valueMAC?.removeLast() }
                == "the ValueMAC of KID \(id) is wrong")
        #expect(try failure { $0.contentKeys[0].encrypted?.valueMAC = nil }.hasSuffix("has no ValueMAC"))
        // Keys swapped between KIDs are whole: the MAC does not cover the KID. That is the standard's doing.
        #expect(try failure { $0.deliveryData = [] }.hasPrefix("the document has no DocumentKey"))
        #expect(try failure { $0.deliveryData[0].macKey = nil }.hasPrefix("the document has no DocumentKey"))
        #expect(
            try failure { $0.deliveryData[0].macKey?.cipherValue[9] ^= 1 }
                == "the MACMethod's key is not encrypted for our certificate, or broken")
        #expect(
            try failure { $0.deliveryData[0].documentKey?.cipherValue[9] ^= 1 }
                == "the DocumentKey is not encrypted for our certificate, or broken")
        #expect(
            try failure { $0.deliveryData[0].macKey = $0.deliveryData[0].documentKey }
                == "the MACMethod's key does not have 64 bytes")
        #expect(
            try failure {
                $0.contentKeys[1].encrypted = nil; $0.contentKeys[1].key = ContentKey([UInt8](0..<16))
            }
            .hasSuffix("came in the clear"))
        #expect(
            try failure { $0.contentKeys[1].key = ContentKey([UInt8](0..<16)) }
                .hasSuffix("came encrypted and in the clear"))
        #expect(
            try failure { $0.deliveryData[0].macAlgorithm = "http://www.w3.org/2000/09/xmldsig#hmac-sha1" }
                .hasPrefix("MACMethod@Algorithm is not"))
        #expect(
            try failure { $0.contentKeys[0].encrypted?.algorithm = "http://www.w3.org/2001/04/xmlenc#aes128-cbc" }
                .hasPrefix("the algorithm of KID \(id) is not"))
    }

    @Test func anotherRecipientsAnswerDoesNotOpen() throws {
        var document = try answer()
        let stranger = try Identity()
        let error = try #require(throws: CPIXError.self) {
            try document.decryptKeys(with: try RSAPrivateKey(pem: stranger.key.span))
        }
        #expect(error == CPIXError(.encryption, "the MACMethod's key is not encrypted for our certificate, or broken"))
    }

    @Test func withoutAUsableCertificateNothingIsEncryptedAndNothingChanges() throws {
        for delivery in [[], [DeliveryDataElement(certificate: nil)], [DeliveryDataElement(certificate: [1, 2])]] {
            var document = try example()
            document.deliveryData = delivery
            let before = document
            let error = try #require(throws: CPIXError.self) { try document.encryptKeys() }
            #expect(error.code == .encryption && document == before)
        }
    }
}
