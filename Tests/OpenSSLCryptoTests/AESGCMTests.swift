import OpenSSLCrypto
import Testing

@Suite struct AESGCMTests {
    // Test cases 13 and 16 of the GCM specification (McGrew, Viega).
    private let key = hex("feffe9928665731c6d6a8f9467308308 feffe9928665731c6d6a8f9467308308")
    private let nonce = hex("cafebabefacedbaddecaf888")
    private let additional = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    private let plain = hex(
        """
        d9313225f88406e5a55909c5aff5269a 86a7a9531534f7da2e4c303d8a318a72
        1c3c0c95956809532fcf0e2449a6b525 b16aedf5aa0de657ba637b39
        """)
    private let sealed = hex(
        """
        522dc1f099567d07f47f37a32a84427d 643a8cdcbfe5c0c97598a2bd2555d1aa
        8cb08e48590dbb3da7b08b1056828838 c5f61e6393ba7a0abcc9f662
        76fc6ece0f4e1768cddf8853bb2d551b
        """)

    @Test func publishedVectors() throws {
        let made = try AESGCM.seal(plain.span, key: key.span, nonce: nonce, authenticating: additional)
        #expect(made == sealed)
        let opened = try AESGCM.open(sealed.span, key: key.span, nonce: nonce, authenticating: additional)
        #expect(opened == plain)
    }

    @Test func emptyMessage() throws {
        let zeros = [UInt8](repeating: 0, count: 32)
        let none: [UInt8] = []
        let made = try AESGCM.seal(
            none.span, key: zeros.span, nonce: Array(zeros.prefix(12)), authenticating: none)
        #expect(made == hex("530f8afbc74536b9a963b4f1c4cb738b"))
        let opened = try AESGCM.open(
            made.span, key: zeros.span, nonce: Array(zeros.prefix(12)), authenticating: none)
        #expect(opened.isEmpty)
    }

    @Test func everyChangedBitIsNoticed() {
        for bit in 0..<sealed.count * 8 {
            var changed = sealed
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            let error = #expect(throws: OpenSSLError.self) {
                try AESGCM.open(changed.span, key: key.span, nonce: nonce, authenticating: additional)
            }
            #expect(error?.during == .authenticate)
        }
        for length in 0..<sealed.count {
            #expect(throws: OpenSSLError.self) {
                try AESGCM.open(
                    sealed.span.extracting(..<length), key: key.span, nonce: nonce,
                    authenticating: additional)
            }
        }
        #expect(throws: OpenSSLError.self) {
            try AESGCM.open(sealed.span, key: key.span, nonce: nonce, authenticating: plain)
        }
    }
}
