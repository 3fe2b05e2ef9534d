import COpenSSL

/// SHA-256. FIPS 180-4. Always 32 bytes.
package func sha256(_ bytes: Span<UInt8>) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 32) { digest, count in
        let result = bytes.withUnsafeBufferPointer { SHA256($0.baseAddress, $0.count, digest.baseAddress) }
        guard result != nil else {
            preconditionFailure("SHA-256 is missing")  // why: only an OpenSSL without its own provider gets here
        }
        count = 32
    }
}

/// SHA-256 of an array.
package func sha256(_ bytes: [UInt8]) -> [UInt8] { sha256(bytes.span) }

/// HMAC with SHA-256. RFC 2104. Always 32 bytes.
///
/// - Parameter key: at most 2 GiB; more stops the program.
package func hmacSHA256(_ message: Span<UInt8>, key: Span<UInt8>) -> [UInt8] {
    hmac(EVP_sha256(), size: 32, message, key: key)
}

/// - Parameter size: of the digest, in bytes.
func hmac(_ digest: OpaquePointer?, size: Int, _ message: Span<UInt8>, key: Span<UInt8>) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: size) { output, count in
        var length: UInt32 = 0
        // A nil key would mean "the key of before": an empty key still needs an address.
        var empty: UInt8 = 0
        let result = key.withUnsafeBufferPointer { key in
            withUnsafePointer(to: &empty) { empty in
                message.withUnsafeBufferPointer { message in
                    HMAC(
                        digest, key.baseAddress ?? empty, Int32(key.count), message.baseAddress ?? empty,
                        message.count, output.baseAddress, &length)
                }
            }
        }
        guard result != nil, length == size else {
            preconditionFailure("HMAC is missing")  // why: only an OpenSSL without its own provider gets here
        }
        count = size
    }
}

/// HMAC with SHA-256 of arrays.
package func hmacSHA256(_ message: [UInt8], key: [UInt8]) -> [UInt8] { hmacSHA256(message.span, key: key.span) }

/// Bytes from OpenSSL's generator, seeded by the system.
///
/// - Parameter count: 0 to 2^31 - 1.
package func randomBytes(_ count: Int) throws(OpenSSLError) -> [UInt8] {
    precondition((0...Int(Int32.max)).contains(count), "a count that OpenSSL can take")
    var bytes = [UInt8](repeating: 0, count: count)
    try check(RAND_bytes(&bytes, Int32(count)), .random)
    return bytes
}

/// Whether both are the same, in a time that depends on the lengths alone.
package func constantTimeEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    guard left.count > 0 else { return true }
    return left.withUnsafeBufferPointer { left in
        right.withUnsafeBufferPointer { right in CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0 }
    }
}

/// Whether both are the same, in a time that depends on the lengths alone.
package func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool { constantTimeEqual(left.span, right.span) }

/// Overwrites bytes with zeros in a way the compiler keeps.
package func cleanse(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
}

/// The same of memory that is nobody else's.
package func cleanse(_ memory: UnsafeMutableRawBufferPointer) { OPENSSL_cleanse(memory.baseAddress, memory.count) }
