import COpenSSL

/// HMAC with SHA-512. RFC 2104. Always 64 bytes.
///
/// - Parameter key: at most 2 GiB; more stops the program.
package func hmacSHA512(_ message: Span<UInt8>, key: Span<UInt8>) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 64) { digest, count in
        var length: UInt32 = 0
        // A nil key would mean "the key of before": an empty key still needs an address.
        var empty: UInt8 = 0
        let result = key.withUnsafeBufferPointer { key in
            withUnsafePointer(to: &empty) { empty in
                message.withUnsafeBufferPointer { message in
                    HMAC(
                        EVP_sha512(), key.baseAddress ?? empty, Int32(key.count), message.baseAddress ?? empty,
                        message.count, digest.baseAddress, &length)
                }
            }
        }
        guard result != nil, length == 64 else {
            preconditionFailure("HMAC-SHA-512 is missing")  // why: only an OpenSSL without its own provider gets here
        }
        count = 64
    }
}
