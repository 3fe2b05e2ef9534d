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
