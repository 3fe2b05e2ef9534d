import CommonEncryption
import Media
package import OpenSSLCrypto
package import ViewerTokens

/// What every key is derived from: 32 bytes. Never prints.
package struct MasterSecret: Sendable {
    package static let size = 32

    private let bytes: SecretBytes

    private init(moving bytes: inout [UInt8]) {
        self.bytes = SecretBytes(copying: bytes.span)
        cleanse(&bytes)
    }

    /// A new secret that nobody keeps: keys change with the next start.
    package static func random() throws(OpenSSLError) -> MasterSecret {
        var bytes = try randomBytes(size)
        return MasterSecret(moving: &bytes)
    }

    /// The secret in a file, which is made with random bytes if it is not there. Refuses one that others may read.
    package static func file(_ path: String) throws(SecretFileError) -> MasterSecret {
        var bytes = try SecretFile(path).readOrMake { try? randomBytes(size) }
        guard bytes.count == size else {
            cleanse(&bytes)
            throw SecretFileError(
                path: path, reason: "must have exactly \(size) bytes; remove it to have it made anew")
        }
        return MasterSecret(moving: &bytes)
    }

    /// The first 16 bytes of HMAC-SHA-256(secret, "sluice-keyserver" ++ KID), or with a content id
    /// of HMAC-SHA-256(secret, "sluice-keyserver content" ++ SHA-256(content id) ++ KID).
    ///
    /// - Parameter content: where viewers need leave for one content: a token for another one then gets bytes that
    ///   open nothing, without a list of which key is whose.
    func key(for keyID: KeyID, of content: String?) -> ContentKey {
        var input = Array("sluice-keyserver".utf8)
        if let content { input += Array(" content".utf8) + sha256(Array(content.utf8)) }
        var digest = hmacSHA256((input + keyID.bytes).span, key: bytes.span)
        defer { cleanse(&digest) }
        guard let key = ContentKey(copying: digest.span.extracting(first: ContentKey.size)) else {
            preconditionFailure("not 16 bytes")  // why: the digest has 32
        }
        return key
    }
}

extension MasterSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "MasterSecret(redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
