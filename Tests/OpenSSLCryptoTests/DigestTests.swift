import OpenSSLCrypto
import Testing

@Suite struct DigestTests {
    @Test func sha256Vectors() {
        // FIPS 180-4 examples, and the empty message.
        #expect(
            sha256(Array("abc".utf8)) == hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
        #expect(sha256([]) == hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
    }

    @Test func hmacVectors() {
        // RFC 4231, test case 2; and an empty key with an empty message.
        #expect(
            hmacSHA256(Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8))
                == hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
        #expect(
            hmacSHA256([], key: []) == hex("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"))
    }

    @Test func randomBytesDiffer() throws {
        #expect(try randomBytes(0).isEmpty)
        let first = try randomBytes(32)
        #expect(first.count == 32)
        #expect(try randomBytes(32) != first)
    }

    @Test func comparison() {
        #expect(constantTimeEqual([], []))
        #expect(constantTimeEqual([1, 2, 3], [1, 2, 3]))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2, 4]))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2]))
    }

    @Test func cleansedBytesAreZero() {
        var bytes: [UInt8] = [1, 2, 3]
        cleanse(&bytes)
        #expect(bytes == [0, 0, 0])
    }

    /// RFC 5869, test cases 1 to 3.
    @Test func hkdfVectors() {
        let byte0b = [UInt8](repeating: 0x0B, count: 22)
        let first = hkdfSHA256(
            byte0b.span, salt: hex("000102030405060708090a0b0c"), info: hex("f0f1f2f3f4f5f6f7f8f9"), count: 42)
        #expect(
            bytes(first)
                == hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"))
        let secret = [UInt8](0x00...0x4F)
        let second = hkdfSHA256(secret.span, salt: [UInt8](0x60...0xAF), info: [UInt8](0xB0...0xFF), count: 82)
        #expect(
            bytes(second)
                == hex(
                    """
                    b11e398dc80327a1c8e7f78c596a4934 4f012eda2d4efad8a050cc4c19afa97c
                    59045a99cac7827271cb41c65e590e09 da3275600c2f09b8367793a9aca3db71
                    cc30c58179ec3e87c14c01d5c1f3434f 1d87
                    """))
        let third = hkdfSHA256(byte0b.span, salt: [], info: [], count: 42)
        #expect(
            bytes(third)
                == hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"))
    }

    private func bytes(_ secret: SecretBytes) -> [UInt8] {
        var bytes: [UInt8] = []
        for index in 0..<secret.count { bytes.append(secret.span[index]) }
        return bytes
    }

    @Test func secretsDoNotPrint() {
        let bytes: [UInt8] = [0xAB, 0xCD]
        let secret = SecretBytes(copying: bytes.span)
        let (count, second) = (secret.span.count, secret.span[1])
        #expect(count == 2)
        #expect(second == 0xCD)
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped] {
            #expect(text.contains("redacted"))
            #expect(!text.contains("171, 205") && !text.lowercased().contains("ab, cd"))
        }
    }
}
