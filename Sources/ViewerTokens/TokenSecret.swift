import OpenSSLCrypto

/// The secret under which viewer tokens are signed, shared by who mints them and who checks them. Never prints.
package struct TokenSecret: Sendable {
    /// HS256 asks for a key as long as its hash. RFC 7518, clause 3.2.
    package static let minimumSize = 32

    private let bytes: SecretBytes
    /// 8 hexadecimal digits by which tokens say under which secret they were signed. Not secret.
    package let keyID: String

    /// A copy; nil for fewer than 32 bytes.
    package init?(copying bytes: Span<UInt8>) {
        guard bytes.count >= Self.minimumSize else { return nil }
        self.bytes = SecretBytes(copying: bytes)
        let digest = hmacSHA256(Array("sluice token key id 1".utf8).span, key: bytes)
        keyID = digest.prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// A copy; nil for fewer than 32 bytes. The caller still has to clear its own.
    package init?(_ bytes: [UInt8]) { self.init(copying: bytes.span) }

    /// The secret in a file: its bytes as they are, without a line's end after them, so that other people's programs
    /// can sign under the same text. Made anew, as 64 hexadecimal digits, where there is no file and `makes` says so.
    package static func file(_ path: String, makes: Bool = false) throws(SecretFileError) -> TokenSecret {
        let file = SecretFile(path)
        var bytes: [UInt8] = makes ? try file.readOrMake(newText) : try file.read()
        defer { cleanse(&bytes) }
        var count = bytes.count
        while count > 0, bytes[count - 1] == 0x0A || bytes[count - 1] == 0x0D { count -= 1 }
        guard let secret = TokenSecret(copying: bytes.span.extracting(first: count)) else {
            throw SecretFileError(
                path: path, reason: "has \(count) bytes; a token secret has \(minimumSize) or more")
        }
        return secret
    }

    private static func newText() -> [UInt8]? {
        guard var random = try? randomBytes(minimumSize) else { return nil }
        defer { cleanse(&random) }
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(2 * minimumSize + 1)
        for byte in random {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        text.append(0x0A)
        return text
    }

    func signature(of text: some Sequence<UInt8>) -> [UInt8] {
        let message = Array(text)
        return hmacSHA256(message.span, key: bytes.span)
    }
}

extension TokenSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "TokenSecret(\(keyID), redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
