import COpenSSL

/// A public key that checks others' signatures, by the one algorithm that goes with its kind.
///
/// Reading an `EVP_PKEY` from several threads is safe (OpenSSL's manual of openssl-threads); nothing here writes to it.
package final class VerifyingKey: @unchecked Sendable {  // why: read only after init, as above
    /// What JSON Web Algorithms call it. RFC 7518, clause 3.1; RFC 8037, clause 3.1.
    package enum Algorithm: String, Sendable {
        /// ECDSA over P-256 with SHA-256: r and s, 32 bytes each.
        case es256 = "ES256"
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        case rs256 = "RS256"
        /// Ed25519.
        case eddsa = "EdDSA"
    }

    package let algorithm: Algorithm
    private let pointer: OpaquePointer

    /// Reads PEM text: a SubjectPublicKeyInfo of an RSA key of 2048 to 8192 bits, of P-256 or of Ed25519.
    package init(pem: Span<UInt8>) throws(OpenSSLError) {
        let bio = try MemoryBIO(reading: pem, .loadPublicKey)
        guard let key = sluice_read_public_key(bio.pointer) else { throw .last(.loadPublicKey) }
        guard let algorithm = Self.algorithm(of: key) else {
            EVP_PKEY_free(key)
            throw OpenSSLError(code: 0, during: .loadPublicKey)
        }
        self.algorithm = algorithm
        pointer = key
    }

    deinit { EVP_PKEY_free(pointer) }

    private static func algorithm(of key: OpaquePointer) -> Algorithm? {
        switch EVP_PKEY_get_base_id(key) {
        case EVP_PKEY_RSA:
            let bits = Int(EVP_PKEY_get_bits(key))
            return (RSAPrivateKey.minimumBits...8192).contains(bits) ? .rs256 : nil
        case EVP_PKEY_EC:
            var name = [CChar](repeating: 0, count: 32)
            var count = 0
            guard EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1 else { return nil }
            let group = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            return group.elementsEqual("prime256v1".utf8) ? .es256 : nil
        case EVP_PKEY_ED25519: return .eddsa
        default: return nil
        }
    }

    /// Whether the owner of the key has signed this message.
    ///
    /// - Parameter signature: as JSON Web Signatures have it.
    package func isValid(_ signature: Span<UInt8>, of message: Span<UInt8>) -> Bool {
        let encoded: [UInt8]?
        switch algorithm {
        case .es256: encoded = Self.derSignature(signature)
        case .rs256, .eddsa:
            encoded = [UInt8](unsafeUninitializedCapacity: signature.count) { buffer, count in
                for index in 0..<signature.count { buffer[index] = signature[index] }
                count = signature.count
            }
        }
        guard let encoded, let context = EVP_MD_CTX_new() else { return false }
        defer {
            EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        guard EVP_DigestVerifyInit(context, nil, algorithm == .eddsa ? nil : EVP_sha256(), nil, pointer) == 1 else {
            return false
        }
        return message.withUnsafeBufferPointer { message in
            EVP_DigestVerify(context, encoded, encoded.count, message.baseAddress, message.count) == 1
        }
    }

    /// Two numbers of 32 bytes as OpenSSL reads them; nil for other lengths. RFC 7518, clause 3.4; X9.62.
    private static func derSignature(_ raw: Span<UInt8>) -> [UInt8]? {
        guard raw.count == 64, let signature = ECDSA_SIG_new() else { return nil }
        defer { ECDSA_SIG_free(signature) }
        let numbers = raw.withUnsafeBufferPointer { bytes in
            (BN_bin2bn(bytes.baseAddress, 32, nil), BN_bin2bn(bytes.baseAddress.map { $0 + 32 }, 32, nil))
        }
        // Takes both over.
        guard ECDSA_SIG_set0(signature, numbers.0, numbers.1) == 1 else {
            BN_free(numbers.0)
            BN_free(numbers.1)
            return nil
        }
        let size = i2d_ECDSA_SIG(signature, nil)
        guard size > 0 else { return nil }
        return [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
            var place = buffer.baseAddress
            count = Int(max(0, i2d_ECDSA_SIG(signature, &place)))
        }
    }
}
