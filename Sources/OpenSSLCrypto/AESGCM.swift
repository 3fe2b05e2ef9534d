import COpenSSL

/// AES-256-GCM over whole messages: what keeps secrets at rest. NIST SP 800-38D.
package enum AESGCM {
    package static let keySize = 32
    package static let nonceSize = 12
    package static let tagSize = 16

    /// Encrypts and authenticates.
    ///
    /// - Parameters:
    ///   - key: 32 bytes.
    ///   - nonce: 12 bytes that are never used twice with one key.
    ///   - authenticating: bytes that are not encrypted but must be the same to open.
    ///   - header: goes in front of the answer as it is.
    /// - Returns: the header, the cipher text, as long as `plain`, and the 16-byte tag.
    package static func seal(
        _ plain: Span<UInt8>, key: Span<UInt8>, nonce: [UInt8], authenticating: [UInt8], after header: [UInt8] = []
    ) throws(OpenSSLError) -> [UInt8] {
        let context = try start(key: key, nonce: nonce, authenticating: authenticating, .encrypt)
        var failure: OpenSSLError?
        let output = [UInt8](unsafeUninitializedCapacity: header.count + plain.count + tagSize) { buffer, count in
            do throws(OpenSSLError) {
                _ = buffer.initialize(fromContentsOf: header)
                let start = buffer.baseAddress! + header.count
                count = try update(context, start, plain)
                var none: Int32 = 0
                try check(EVP_CipherFinal_ex(context.pointer, start + count, &none), .encrypt)
                try check(
                    EVP_CIPHER_CTX_ctrl(context.pointer, EVP_CTRL_AEAD_GET_TAG, Int32(tagSize), start + count),
                    .encrypt)
                count += header.count + tagSize
            } catch {
                count = 0
                failure = error
            }
        }
        if let failure { throw failure }
        return output
    }

    /// Checks and decrypts what `seal` made; throws with `.authenticate` where any bit differs.
    package static func open(
        _ sealed: Span<UInt8>, key: Span<UInt8>, nonce: [UInt8], authenticating: [UInt8]
    ) throws(OpenSSLError) -> [UInt8] {
        guard sealed.count >= tagSize else { throw OpenSSLError(code: 0, during: .authenticate) }
        let length = sealed.count - tagSize
        var failure: OpenSSLError?
        // One byte of room keeps the base address for an empty message.
        let output = [UInt8](unsafeUninitializedCapacity: max(length, 1)) { buffer, count in
            do throws(OpenSSLError) {
                try open(sealed, into: buffer, key: key, nonce: nonce, authenticating: authenticating)
                count = length
            } catch { failure = error }
        }
        if let failure { throw failure }
        return output
    }

    /// The same, into memory of the caller's; where it throws, that is overwritten with zeros.
    ///
    /// - Parameter output: as long as the plain text, or longer.
    package static func open(
        _ sealed: Span<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>, key: Span<UInt8>, nonce: [UInt8],
        authenticating: [UInt8]
    ) throws(OpenSSLError) {
        let length = sealed.count - tagSize
        guard length >= 0, output.count >= length, let place = output.baseAddress else {
            throw OpenSSLError(code: 0, during: .authenticate)
        }
        do throws(OpenSSLError) {
            let context = try start(key: key, nonce: nonce, authenticating: authenticating, .decrypt)
            let count = try update(context, place, sealed.extracting(..<length))
            var tag = (UInt64(0), UInt64(0))
            let result = withUnsafeMutableBytes(of: &tag) { tag in
                for index in 0..<tagSize { tag[index] = sealed[length + index] }
                return EVP_CIPHER_CTX_ctrl(context.pointer, EVP_CTRL_AEAD_SET_TAG, Int32(tagSize), tag.baseAddress)
            }
            try check(result, .authenticate)
            var none: Int32 = 0
            try check(EVP_CipherFinal_ex(context.pointer, place + count, &none), .authenticate)
        } catch {
            OPENSSL_cleanse(place, output.count)
            throw error
        }
    }

    private static func start(
        key: Span<UInt8>, nonce: [UInt8], authenticating: [UInt8], _ direction: CipherContext.Direction
    ) throws(OpenSSLError) -> CipherContext {
        guard nonce.count == nonceSize else { throw OpenSSLError(code: 0, during: .setIV) }
        let context = try CipherContext(EVP_aes_256_gcm(), key: key, direction)
        try nonce.withUnsafeBufferPointer { (nonce) throws(OpenSSLError) in
            try context.restart(iv: nonce.baseAddress!)
        }
        guard authenticating.count > 0 else { return context }
        guard let length = Int32(exactly: authenticating.count) else {
            throw OpenSSLError(code: 0, during: .authenticate)
        }
        let result = authenticating.withUnsafeBufferPointer { bytes in
            var done: Int32 = 0
            return EVP_CipherUpdate(context.pointer, nil, &done, bytes.baseAddress, length)
        }
        try check(result, .authenticate)
        return context
    }

    private static func update(
        _ context: borrowing CipherContext, _ output: UnsafeMutablePointer<UInt8>, _ input: Span<UInt8>
    ) throws(OpenSSLError) -> Int {
        guard input.count > 0 else { return 0 }
        return try input.withUnsafeBufferPointer { (input) throws(OpenSSLError) in
            try context.update(output, input.baseAddress!, count: input.count)
        }
    }
}
