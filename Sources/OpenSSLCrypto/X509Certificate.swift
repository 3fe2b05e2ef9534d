import COpenSSL

/// A certificate with an RSA key, to encrypt for its owner. RFC 5280.
///
/// Nothing is verified about it: SPEKE's document certificates are self-signed, and who owns one follows from the
/// channel it came by.
package struct X509Certificate: ~Copyable, @unchecked Sendable {  // why: read only after init, as an EVP_PKEY is
    /// The whole certificate, DER.
    package let der: [UInt8]
    private let key: OpaquePointer

    /// Reads DER: one certificate with an RSA key of at least 2048 bits, and nothing behind it.
    package init(der: [UInt8]) throws(OpenSSLError) {
        let certificate = der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var place = bytes.baseAddress
            guard let found = d2i_X509(nil, &place, bytes.count) else { return nil }
            guard place == bytes.baseAddress.map({ $0 + bytes.count }) else {
                X509_free(found)
                return nil
            }
            return found
        }
        guard let certificate else { throw .last(.loadCertificate) }
        defer { X509_free(certificate) }
        key = try Self.rsaKey(of: certificate)
        self.der = der
    }

    /// Reads the first certificate of PEM text.
    package init(pem: Span<UInt8>) throws(OpenSSLError) {
        let bio = try MemoryBIO(reading: pem, .loadCertificate)
        guard let certificate = sluice_read_certificate(bio.pointer) else { throw .last(.loadCertificate) }
        defer { X509_free(certificate) }
        let size = i2d_X509(certificate, nil)
        guard size > 0 else { throw .last(.loadCertificate) }
        let der = [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
            var place = buffer.baseAddress
            count = Int(max(0, i2d_X509(certificate, &place)))
        }
        key = try Self.rsaKey(of: certificate)
        self.der = der
    }

    deinit { EVP_PKEY_free(key) }

    private static func rsaKey(of certificate: OpaquePointer) throws(OpenSSLError) -> OpaquePointer {
        guard let key = X509_get_pubkey(certificate) else { throw .last(.loadCertificate) }
        guard EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA,
            EVP_PKEY_get_bits(key) >= Int32(RSAPrivateKey.minimumBits)
        else {
            EVP_PKEY_free(key)
            throw OpenSSLError(code: 0, during: .loadCertificate)
        }
        return key
    }

    /// Whether the private key is the one that belongs to this certificate.
    package borrowing func belongs(to privateKey: borrowing RSAPrivateKey) -> Bool {
        defer { ERR_clear_error() }
        return EVP_PKEY_eq(key, privateKey.pointer) == 1
    }

    /// Encrypts for the owner by RSA-OAEP with SHA-1 and MGF1 of SHA-1, differently each time. RFC 8017, clause 7.1.1.
    ///
    /// - Parameter plain: at most 42 bytes fewer than the key has: 214 for 2048 bits; more throws.
    package borrowing func sealedOAEP(_ plain: Span<UInt8>) throws(OpenSSLError) -> [UInt8] {
        let context = try OAEPContext(key, EVP_PKEY_encrypt_init)
        var output = [UInt8](repeating: 0, count: Int(EVP_PKEY_get_size(key)))
        var count = output.count
        let result = plain.withUnsafeBufferPointer { plain in
            output.withUnsafeMutableBufferPointer { output in
                EVP_PKEY_encrypt(context.pointer, output.baseAddress, &count, plain.baseAddress, plain.count)
            }
        }
        try check(result, .encrypt)
        output.removeLast(output.count - min(count, output.count))
        return output
    }
}
