import CPIX
import CommonEncryption
import Media
import MemoryScan
import OpenSSLCrypto
import Testing

/// What of a key stays in memory once nobody needs it.
@Suite struct KeyRemainsTests {
    private static let id = KeyID(bytes: [UInt8](repeating: 7, count: 16))

    /// The wire text of a document with a key that nobody else has, and what to look for: the key and its base64.
    private static func text() throws -> (xml: [UInt8], key: MemoryScan.Needle, base64: MemoryScan.Needle) {
        var bytes = try randomBytes(16)
        defer { cleanse(&bytes) }
        let id = try #require(Self.id)
        var document = CPIXDocument(contentID: "a")
        document.contentKeys = [
            ContentKeyElement(keyID: id, commonEncryptionScheme: "cbcs", key: ContentKey(copying: bytes.span))
        ]
        let xml = document.xml
        let opening = Array("PlainValue>".utf8)
        let start = try #require(xml.indices.first { xml[$0...].starts(with: opening) }) + opening.count
        return (xml, MemoryScan.Needle(bytes.span), MemoryScan.Needle(xml.span.extracting(start..<start + 22)))
    }

    @Test func nothingButTheKeyItselfAndThenNothing() throws {
        var (xml, key, base64) = try Self.text()
        #expect(try MemoryScan.count(of: base64) == 1, "the text on the wire, to show that the search finds it")
        var document: CPIXDocument? = try CPIXDocument(parsing: xml.span)
        cleanse(&xml)
        #expect(document?.contentKeys.first?.key != nil)
        #expect(try MemoryScan.count(of: base64) == 0)
        #expect(try MemoryScan.count(of: key) == 1)
        document = nil
        #expect(try MemoryScan.count(of: key) == 0)
    }

    @Test func aBrokenDocumentLeavesNothingBehindEither() throws {
        var (xml, key, base64) = try Self.text()
        #expect(throws: CPIXError.self) { try CPIXDocument(parsing: xml.span.extracting(..<(xml.count - 20))) }
        cleanse(&xml)
        #expect(try MemoryScan.count(of: base64) == 0)
        #expect(try MemoryScan.count(of: key) == 0)
    }
}
