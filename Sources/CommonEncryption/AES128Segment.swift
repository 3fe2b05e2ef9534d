import OpenSSLCrypto

/// Whole-segment encryption of HLS, `METHOD=AES-128`. RFC 8216, clause 4.3.2.4: AES-128-CBC with PKCS#7 padding.
package enum AES128Segment {
    /// - Parameters:
    ///   - bytes: one whole segment (or one EXT-X-MAP file).
    ///   - iv: 16 bytes, as the playlist's IV attribute says.
    /// - Returns: 1 to 16 bytes more than `bytes`.
    package static func protect(
        _ bytes: Span<UInt8>, key: ContentKey, iv: [UInt8]
    ) throws(ProtectionError) -> [UInt8] {
        guard iv.count == 16 else { throw .invalidIV }
        do throws(OpenSSLError) {
            return try AESCBC.sealed(bytes, key: key.bytes, iv: iv)
        } catch {
            throw .cipher(error)
        }
    }

    /// The reverse of `protect`, for probes. Throws where the padding is wrong.
    package static func open(
        _ bytes: Span<UInt8>, key: ContentKey, iv: [UInt8]
    ) throws(ProtectionError) -> [UInt8] {
        guard iv.count == 16 else { throw .invalidIV }
        do throws(OpenSSLError) {
            return try AESCBC.opened(bytes, key: key.bytes, iv: iv)
        } catch {
            throw .cipher(error)
        }
    }

    /// Bytes of a protected segment whose clear form has `count`: known before it is made.
    package static func protectedSize(of count: Int) -> Int { count + 16 - count % 16 }
}
