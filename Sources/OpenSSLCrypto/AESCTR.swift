import COpenSSL

/// AES-128 in counter mode, in place, with one key. NIST SP 800-38A, clause 6.5.
///
/// Encrypting and decrypting are the same operation. The running counter lies in OpenSSL's context, so no
/// method is mutating; the type is neither copyable nor Sendable, and so calls never overlap.
package struct AESCTR: ~Copyable {
    private let context: CipherContext

    /// - Parameter key: 16 bytes; any other count throws.
    package init(key: Span<UInt8>) throws(OpenSSLError) {
        context = try CipherContext(EVP_aes_128_ctr(), key: key, .encrypt)
    }

    /// Sets the first counter block: `high` then `low`, each big-endian.
    /// Common Encryption with 8-byte IVs has the IV as `high` and counts blocks in `low` from 0.
    package func restart(high: UInt64, low: UInt64 = 0) throws(OpenSSLError) {
        var block = (high.bigEndian, low.bigEndian)
        let result = withUnsafeBytes(of: &block) { bytes in
            Result<Void, OpenSSLError> { () throws(OpenSSLError) in
                try context.restart(iv: bytes.assumingMemoryBound(to: UInt8.self).baseAddress!)
            }
        }
        try result.get()
    }

    /// Encrypts a range of `bytes`; the key stream goes on where the range before it ended, mid-block included.
    ///
    /// - Parameter range: within `bytes`, else the program stops.
    package func apply(to bytes: inout MutableSpan<UInt8>, in range: Range<Int>) throws(OpenSSLError) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "a range within the bytes")
        guard !range.isEmpty else { return }
        try bytes.withUnsafeMutableBufferPointer { (buffer) throws(OpenSSLError) in
            let start = buffer.baseAddress! + range.lowerBound
            _ = try context.update(start, start, count: range.count)
        }
    }

    /// Encrypts `count` bytes at `source` into as many at `target`; the key stream goes on as above.
    package func apply(
        _ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, count: Int
    ) throws(OpenSSLError) {
        _ = try context.update(target, source, count: count)
    }

    /// Encrypts all of `bytes`.
    package func apply(to bytes: inout MutableSpan<UInt8>) throws(OpenSSLError) {
        try apply(to: &bytes, in: 0..<bytes.count)
    }
}
