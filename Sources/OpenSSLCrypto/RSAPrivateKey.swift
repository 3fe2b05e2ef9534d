import COpenSSL

/// An RSA key pair, for what others encrypt for us. Freed, and so wiped by OpenSSL, on deinit; never prints.
///
/// Reading an `EVP_PKEY` from several threads is safe (OpenSSL's manual of openssl-threads); nothing here writes to it.
package struct RSAPrivateKey: ~Copyable, @unchecked Sendable {  // why: read only after init, as above
    let pointer: OpaquePointer
    /// Bits of the modulus.
    package var bits: Int { Int(EVP_PKEY_get_bits(pointer)) }

    package static let minimumBits = 2048

    /// Reads PEM text: PKCS#8 or PKCS#1, without a passphrase; at least 2048 bits.
    package init(pem: Span<UInt8>) throws(OpenSSLError) {
        let bio = try MemoryBIO(reading: pem, .loadKey)
        guard let key = sluice_read_private_key(bio.pointer) else { throw .last(.loadKey) }
        guard EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA, EVP_PKEY_get_bits(key) >= Int32(Self.minimumBits) else {
            EVP_PKEY_free(key)
            throw OpenSSLError(code: 0, during: .loadKey)
        }
        pointer = key
    }

    deinit { EVP_PKEY_free(pointer) }

    /// Decrypts RSA-OAEP with SHA-1 and MGF1 of SHA-1. RFC 8017, clause 7.1.2; XML Encryption 1.0, clause 5.4.2.
    ///
    /// Throws `.transportKey` without a code for whatever is wrong with `cipher`.
    package borrowing func openedOAEP(_ cipher: Span<UInt8>) throws(OpenSSLError) -> SecretBytes {
        let context = try OAEPContext(pointer, EVP_PKEY_decrypt_init)
        var output = [UInt8](repeating: 0, count: Int(EVP_PKEY_get_size(pointer)))
        defer { cleanse(&output) }
        var count = output.count
        let result = cipher.withUnsafeBufferPointer { cipher in
            output.withUnsafeMutableBufferPointer { output in
                EVP_PKEY_decrypt(context.pointer, output.baseAddress, &count, cipher.baseAddress, cipher.count)
            }
        }
        guard result == 1, count <= output.count else {
            ERR_clear_error()
            throw OpenSSLError(code: 0, during: .transportKey)
        }
        return SecretBytes(copying: output.span.extracting(0..<count))
    }
}

/// A public-key operation with OAEP padding of SHA-1.
struct OAEPContext: ~Copyable {
    let pointer: OpaquePointer

    init(
        _ key: OpaquePointer, _ start: (OpaquePointer?) -> Int32
    ) throws(OpenSSLError) {
        guard let context = EVP_PKEY_CTX_new(key, nil) else { throw .last(.allocate) }
        let isReady =
            start(context) == 1 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1
            && EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha1()) == 1
            && EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha1()) == 1
        guard isReady else {
            EVP_PKEY_CTX_free(context)
            throw .last(.setKey)
        }
        pointer = context
    }

    deinit { EVP_PKEY_CTX_free(pointer) }
}

/// Bytes that OpenSSL reads as from a file; it copies none of them.
struct MemoryBIO: ~Copyable {
    let pointer: OpaquePointer
    private let bytes: SecretBytes

    /// - Parameter bytes: at most 1 MiB.
    init(reading bytes: Span<UInt8>, _ operation: OpenSSLError.Operation) throws(OpenSSLError) {
        guard (1...1 << 20).contains(bytes.count) else { throw OpenSSLError(code: 0, during: operation) }
        // A copy of our own, since a span's place is good for the length of a closure alone.
        let copy = SecretBytes(copying: bytes)
        let made = copy.span.withUnsafeBufferPointer { BIO_new_mem_buf($0.baseAddress, Int32($0.count)) }
        guard let made else { throw .last(.allocate) }
        self.bytes = copy
        pointer = made
    }

    deinit { BIO_free(pointer) }
}
