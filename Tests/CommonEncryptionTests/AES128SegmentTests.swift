import CommonEncryption
import MediaMemory
import OpenSSLCrypto
import Testing

@Suite struct AES128SegmentTests {
    @Test func agreesWithTheOpenSSLCommand() throws {
        // openssl enc -aes-128-cbc -K 000102...0f -iv f0f1...ff, of the bytes 0 to 255 over and over.
        let key = try #require(ContentKey([UInt8](0..<16)))
        let iv = [UInt8](0xF0...0xFF)
        let plain = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        let protected = try AES128Segment.protect(plain.span, key: key, iv: iv)
        #expect(protected.count == 1008)
        #expect(AES128Segment.protectedSize(of: 1000) == 1008)
        #expect(AES128Segment.protectedSize(of: 992) == 1008)
        #expect(hex(sha256(protected)) == "b2e0b832f08d2c7ba90eb2fdfbc35a4772f29ef4eaf8aad73d961834a3edad8d")
        #expect(try AES128Segment.open(protected.span, key: key, iv: iv) == plain)
    }

    @Test(arguments: [0, 1, 15, 16, 17, 1000]) func inPlaceGivesTheSame(_ count: Int) throws {
        let key = try #require(ContentKey([UInt8](0..<16)))
        let iv = [UInt8](0xF0...0xFF)
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let expected = try AES128Segment.protect(bytes.span, key: key, iv: iv)
        var draft = MediaDraft(capacity: count + 16)
        draft.append(bytes.span)
        try AES128Segment.protect(inPlace: &draft, key: key, iv: iv)
        #expect(draft.finish().array == expected)
        #expect(try AES128Segment.draft(bytes.span, key: key, iv: iv).finish().array == expected)
        #expect(throws: ProtectionError.invalidIV) {
            var draft = MediaDraft(capacity: 16)
            try AES128Segment.protect(inPlace: &draft, key: key, iv: [])
        }
        #expect(throws: ProtectionError.invalidIV) {
            _ = try AES128Segment.draft(bytes.span, key: key, iv: []).finish()
        }
    }

    @Test func refusesAnotherIVSize() throws {
        let key = try #require(ContentKey([UInt8](0..<16)))
        let plain: [UInt8] = [1]
        #expect(throws: ProtectionError.invalidIV) {
            _ = try AES128Segment.protect(plain.span, key: key, iv: [UInt8](repeating: 0, count: 8))
        }
        #expect(throws: ProtectionError.self) {
            _ = try AES128Segment.open(plain.span, key: key, iv: [UInt8](repeating: 0, count: 16))
        }
    }
}
