package import OpenSSLCrypto

/// A key for one purpose of the host: seals messages, each bound to what it is.
///
/// Every message has a key of its own, made by HKDF of this one and of 24 random bytes that lie in front of it, and is
/// encrypted by AES-256-GCM with the nonce 0: no nonce is ever used twice with a key, however many messages there are.
/// What the message is (`context`) is authenticated with it: put in another's place, it does not open.
///
///     8 bytes   "sluice", 0, 1: the format
///     24 bytes  random
///     n bytes   cipher text
///     16 bytes  tag
package struct SealingKey: Sendable {
    /// What a sealed message is longer than the plain one.
    package static let overhead = header + AESGCM.tagSize

    private static let mark: [UInt8] = Array("sluice".utf8) + [0, 1]
    private static let saltSize = 24
    private static let header = mark.count + saltSize
    private static let nonce = [UInt8](repeating: 0, count: AESGCM.nonceSize)
    private static let info = Array("sluice sealed message 1".utf8)

    private let secret: SecretBytes

    init(secret: SecretBytes) { self.secret = secret }

    /// - Parameter context: what the message is, such as `["segment", channel, track, number]`; needed to open it.
    package func seal(_ plain: Span<UInt8>, context: [String]) throws(OpenSSLError) -> [UInt8] {
        let salt = try randomBytes(Self.saltSize)
        let key = hkdfSHA256(secret.span, salt: salt, info: Self.info)
        return try AESGCM.seal(
            plain, key: key.span, nonce: Self.nonce, authenticating: Self.bytes(of: context), after: Self.mark + salt)
    }

    /// Checks and decrypts; nil where it is not what this key sealed for this context, whole and unchanged.
    package func open(_ sealed: Span<UInt8>, context: [String]) -> [UInt8]? {
        guard let key = key(of: sealed) else { return nil }
        return try? AESGCM.open(
            sealed.extracting(Self.header...), key: key.span, nonce: Self.nonce,
            authenticating: Self.bytes(of: context))
    }

    /// The same, into memory for secrets.
    package func openSecret(_ sealed: Span<UInt8>, context: [String]) -> SecretBytes? {
        guard let key = key(of: sealed) else { return nil }
        return try? SecretBytes(count: sealed.count - Self.overhead) { (output) throws(OpenSSLError) in
            try AESGCM.open(
                sealed.extracting(Self.header...), into: output, key: key.span, nonce: Self.nonce,
                authenticating: Self.bytes(of: context))
        }
    }

    private func key(of sealed: Span<UInt8>) -> SecretBytes? {
        guard sealed.count >= Self.overhead else { return nil }
        for index in Self.mark.indices where sealed[index] != Self.mark[index] { return nil }
        let salt = (Self.mark.count..<Self.header).map { sealed[$0] }
        return hkdfSHA256(secret.span, salt: salt, info: Self.info)
    }

    /// Each word after its length, so that no two contexts have the same bytes.
    private static func bytes(of context: [String]) -> [UInt8] {
        mark + context.flatMap { word in Array("\(word.utf8.count):\(word)".utf8) }
    }
}

extension SealingKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "SealingKey(redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
