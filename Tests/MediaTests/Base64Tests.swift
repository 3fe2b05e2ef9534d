import Foundation
import Testing

@testable import Media

/// RFC 4648.
@Suite struct Base64Tests {
    /// Clause 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func theVectorsOfTheStandard(text: String, base64: String) {
        let bytes = Array(text.utf8)
        #expect(Base64.encode(bytes) == base64)
        #expect(Base64.decode(base64) == bytes)
        let digits = base64.utf8.filter { $0 != UInt8(ascii: "=") }
        #expect(Base64.decode(digits, needsPadding: false) == bytes)
        #expect(Base64.decode(digits) == (digits.count % 4 == 0 ? bytes : nil))
    }

    @Test func everyByteAndAsFoundationHasIt() {
        for count in 0...257 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ count) }
            let text = Base64.encode(bytes)
            #expect(text == Data(bytes).base64EncodedString())
            #expect(Base64.decode(text) == bytes)
        }
    }

    @Test func ofURLs() {
        #expect(Base64.encodeForURL([0xFB, 0xEF, 0xFF, 0xFE]) == "--___g")
    }

    @Test func whiteSpaceIsSkipped() {
        #expect(Base64.decode(" Zm9v\r\n\tYg= =\n") == Array("foob".utf8))
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zg==Zg==", "Z=g=", "Zm9v=", "Zm-v", "Zm_v", "Zm\u{e9}v",
        "Zm\0v",
    ])
    func whatIsNone(text: String) { #expect(Base64.decode(text) == nil) }

    @Test(arguments: ["Z", "Zg=", "Zm9vY", "Zm9v="])
    func whatIsNoneWithoutPaddingEither(text: String) {
        #expect(Base64.decode(text.utf8, needsPadding: false) == nil)
    }
}
