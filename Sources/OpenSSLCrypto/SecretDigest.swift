import COpenSSL

/// The SHA-256 digest of a secret, without an array: digests compare in a time that tells nothing of the secrets.
package struct SecretDigest: Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    package init(_ bytes: Span<UInt8>) {
        let isMade = withUnsafeMutableBytes(of: &words) { digest in
            bytes.withUnsafeBufferPointer { bytes in
                SHA256(bytes.baseAddress, bytes.count, digest.assumingMemoryBound(to: UInt8.self).baseAddress) != nil
            }
        }
        guard isMade else {
            preconditionFailure("SHA-256 is missing")  // why: only an OpenSSL without its own provider gets here
        }
    }

    /// Whether both are of the same bytes. Always the same work.
    package func isEqual(to other: SecretDigest) -> Bool {
        (words.0 ^ other.words.0) | (words.1 ^ other.words.1) | (words.2 ^ other.words.2) | (words.3 ^ other.words.3)
            == 0
    }
}

extension SecretDigest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "SecretDigest(redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
