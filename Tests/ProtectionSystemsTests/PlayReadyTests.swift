import CommonEncryption
import Foundation
import Media
import ProtectionSystems
import Testing

@Suite struct PlayReadyTests {
    private let id: KeyID
    private let other: KeyID
    private let key: ContentKey

    init() throws {
        id = try #require(KeyID(parsing: "00112233-4455-6677-8899-aabbccddeeff"))
        other = try #require(KeyID(parsing: "ffeeddcc-bbaa-9988-7766-554433221100"))
        key = try #require(ContentKey(Array(0..<16)))
    }

    /// The KID as Windows orders it, in base64.
    private let value = "MyIRAFVEd2aImaq7zN3u/w=="
    private let start = #"<WRMHEADER xmlns="http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader" version=""#

    /// 4.0 and 4.3 are what Shaka Packager 3.8.0 writes for this key, but for the licence URL.
    @Test func eachVersionSaysItItsOwnWay() throws {
        let checksum = try PlayReadyHeader.checksum(id, key)
        let counter = PlayReadyHeader.Key(id, .aesCTR, checksum: checksum)
        let sum = Data(checksum).base64EncodedString()
        let texts: [(PlayReadyHeader, String)] = [
            (
                PlayReadyHeader([counter], licenseURL: "https://a/?b&c"),
                "4.0.0.0\"><DATA><PROTECTINFO><KEYLEN>16</KEYLEN><ALGID>AESCTR</ALGID></PROTECTINFO><KID>\(value)</KID>"
                    + "<CHECKSUM>\(sum)</CHECKSUM><LA_URL>https://a/?b&amp;c</LA_URL></DATA></WRMHEADER>"
            ),
            (
                PlayReadyHeader([counter], version: .v41),
                "4.1.0.0\"><DATA><PROTECTINFO><KID ALGID=\"AESCTR\" CHECKSUM=\"\(sum)\" VALUE=\"\(value)\"></KID>"
                    + "</PROTECTINFO></DATA></WRMHEADER>"
            ),
            (
                PlayReadyHeader([counter, .init(other, .aesCTR)]),
                "4.2.0.0\"><DATA><PROTECTINFO><KIDS><KID ALGID=\"AESCTR\" CHECKSUM=\"\(sum)\" VALUE=\"\(value)\"></KID>"
                    + "<KID ALGID=\"AESCTR\" VALUE=\"zN3u/6q7iJl3ZlVEMyIRAA==\"></KID></KIDS></PROTECTINFO></DATA>"
                    + "</WRMHEADER>"
            ),
            (
                // AES-CBC has no checksum, even where one is at hand.
                PlayReadyHeader([.init(id, .aesCBC, checksum: checksum)]),
                "4.3.0.0\"><DATA><PROTECTINFO><KIDS><KID ALGID=\"AESCBC\" VALUE=\"\(value)\"></KID></KIDS></PROTECTINFO>"
                    + "</DATA></WRMHEADER>"
            ),
        ]
        for (header, text) in texts {
            #expect(header.text == start + text)
            var expected = header
            if header.version == .v43 { expected.keys[0].checksum = nil }
            #expect(try PlayReadyHeader(parsing: header.serialize()) == expected)
        }
    }

    @Test func anOlderVersionThanThatCanSayItIsNotWritten() {
        #expect(PlayReadyHeader([.init(id, .aesCBC)], version: .v40).version == .v43)
        #expect(PlayReadyHeader([.init(id, .aesCTR), .init(other, .aesCTR)], version: .v41).version == .v42)
        #expect(PlayReadyHeader([.init(id, .aesCTR)], version: .v43).version == .v43)
    }

    /// AES-128 ECB of the GUID's bytes under 00 01 .. 0f, by `openssl enc -aes-128-ecb -nopad`.
    @Test func theChecksumIsTheEncryptedKID() throws {
        #expect(try PlayReadyHeader.checksum(id, key) == [0x2A, 0x93, 0xAF, 0x5D, 0x12, 0xD4, 0x5D, 0xFB])
    }

    @Test func theObjectIsLittleEndian() throws {
        let object = PlayReadyObject(records: [.init(type: 1, value: [1, 2]), .init(type: 3, value: [9])])
        let bytes: [UInt8] = [17, 0, 0, 0, 2, 0, 1, 0, 2, 0, 1, 2, 3, 0, 1, 0, 9]
        #expect(object.serialize() == bytes)
        #expect(try PlayReadyObject(parsing: bytes) == object)
        #expect(try PlayReadyObject(parsing: bytes + [0, 0]) == object)
        for count in bytes.indices {
            #expect(throws: ParseError.self) { try PlayReadyObject(parsing: Array(bytes.prefix(count))) }
        }
        for size in [0, 5, 18] as [UInt8] {
            #expect(throws: ParseError.self) { try PlayReadyObject(parsing: [size] + bytes.dropFirst()) }
        }
    }

    private func utf16(_ text: String) -> [UInt8] { text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] } }

    /// The example of the PlayReady Header Specification, clause 3.6.1, with white space and attributes of its own.
    @Test func headersOfOthersAreRead() throws {
        let text = """
            \u{FEFF}<WRMHEADER version='4.0.0.0' xmlns="http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader">
              <DATA>
                <PROTECTINFO><ALGID>AESCTR</ALGID><KEYLEN>16</KEYLEN></PROTECTINFO>
                <KID>q5HgCTj40kGeNVhTH9Gexw==</KID>
                <CHECKSUM>w+OZVr8vzrQ=</CHECKSUM>
                <LA_URL>
                  http://rm.contoso.com/a.asmx?b=1&amp;c=&#50;
                </LA_URL>
                <CUSTOMATTRIBUTES><x:A xmlns:x="urn:x" KID="no"/><IIS_DRM_VERSION>8</IIS_DRM_VERSION></CUSTOMATTRIBUTES>
              </DATA>
            </WRMHEADER>\0\0
            """
        let header = try PlayReadyHeader(parsing: utf16(text))
        #expect(header.version == .v40)
        #expect(header.keys.map(\.keyID.uuid) == ["09e091ab-f838-41d2-9e35-58531fd19ec7"])
        #expect(header.keys.first?.algorithm == .aesCTR)
        #expect(header.keys.first?.checksum == [0xC3, 0xE3, 0x99, 0x56, 0xBF, 0x2F, 0xCE, 0xB4])
        #expect(header.licenseURL == "http://rm.contoso.com/a.asmx?b=1&c=2")
        // In 4.3 the algorithm may be missing.
        let bare =
            start
            + "4.3.0.0\"><DATA><PROTECTINFO><KIDS><KID VALUE=\"\(value)\"/></KIDS></PROTECTINFO></DATA></WRMHEADER>"
        #expect(try PlayReadyHeader(parsing: utf16(bare)).keys == [.init(id, nil)])
    }

    @Test func brokenHeadersAreRefused() throws {
        let good = PlayReadyHeader([.init(id, .aesCBC)], licenseURL: "https://a/").text
        for count in 0..<good.count {
            #expect(throws: ParseError.self) { try PlayReadyHeader(parsing: utf16(String(good.prefix(count)))) }
        }
        let broken = [
            good + "<A></A>", "<?xml version=\"1.0\"?>" + good, "<!DOCTYPE a>" + good, "<a>\(good)</a>",
            good.replacing("4.3.0.0", with: "5.0.0.0"), good.replacing(value, with: "AAAA"),
            good.replacing("</DATA>", with: "</B>"), good.replacing("https://a/", with: "&unknown;"),
            good.replacing("https://a/", with: "&#xD800;"), good.replacing(" ALGID=", with: " ALGID"),
            good.replacing("<DATA>", with: "<DATA>" + String(repeating: "<a></a>", count: 2000)),
        ]
        for text in broken {
            #expect(throws: ParseError.self, "\(text.prefix(200))") { try PlayReadyHeader(parsing: utf16(text)) }
        }
        #expect(throws: ParseError.self) { try PlayReadyHeader(parsing: utf16(good) + [0]) }
        #expect(throws: ParseError.self) { try PlayReadyHeader(parsing: utf16("<") + [0, 0xD8] + utf16(good)) }
    }
}
