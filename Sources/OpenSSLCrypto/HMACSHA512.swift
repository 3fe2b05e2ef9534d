import COpenSSL

/// HMAC with SHA-512. RFC 2104. Always 64 bytes.
///
/// - Parameter key: at most 2 GiB; more stops the program.
package func hmacSHA512(_ message: Span<UInt8>, key: Span<UInt8>) -> [UInt8] {
    hmac(EVP_sha512(), size: 64, message, key: key)
}
