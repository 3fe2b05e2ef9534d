import COpenSSL

/// AES-256 in cipher block chaining mode over whole messages that begin with their IV, as XML Encryption has them.
/// NIST SP 800-38A, clause 6.2; XML Encryption 1.0, clause 5.2.
package enum AES256CBC {
    package static let keySize = 32
    package static let blockSize = 16

    /// IV, then the message with PKCS#7 padding: 17 to 32 bytes more than the message.
    ///
    /// - Parameters:
    ///   - key: 32 bytes.
    ///   - iv: 16 bytes, never twice under one key.
    package static func sealed(
        _ plain: Span<UInt8>, key: Span<UInt8>, iv: [UInt8]
    ) throws(OpenSSLError) -> [UInt8] {
        guard iv.count == blockSize else { throw OpenSSLError(code: 0, during: .setIV) }
        return iv + (try whole(plain, key: key, iv: iv, .encrypt))
    }

    /// Decrypts what `sealed` makes; throws where the padding is wrong. To be called on authenticated bytes only:
    /// what a wrong padding is answered with would otherwise decrypt the message bit by bit.
    package static func opened(_ cipher: Span<UInt8>, key: Span<UInt8>) throws(OpenSSLError) -> SecretBytes {
        guard cipher.count >= 2 * blockSize, cipher.count % blockSize == 0 else {
            throw OpenSSLError(code: 0, during: .decrypt)
        }
        let iv = (0..<blockSize).map { cipher[$0] }
        var plain = try whole(cipher.extracting(blockSize..<cipher.count), key: key, iv: iv, .decrypt)
        defer { cleanse(&plain) }
        return SecretBytes(copying: plain.span)
    }

    private static func whole(
        _ input: Span<UInt8>, key: Span<UInt8>, iv: [UInt8], _ direction: CipherContext.Direction
    ) throws(OpenSSLError) -> [UInt8] {
        let context = try CipherContext(EVP_aes_256_cbc(), key: key, direction, padding: true)
        try iv.withUnsafeBufferPointer { (iv) throws(OpenSSLError) in
            guard let start = iv.baseAddress else { throw OpenSSLError(code: 0, during: .setIV) }
            try context.restart(iv: start)
        }
        var failure: OpenSSLError?
        let output = [UInt8](unsafeUninitializedCapacity: input.count + 2 * blockSize) { buffer, count in
            guard let start = buffer.baseAddress else { return }
            do throws(OpenSSLError) {
                count = try input.withUnsafeBufferPointer { (input) throws(OpenSSLError) in
                    guard let first = input.baseAddress, !input.isEmpty else { return 0 }
                    return try context.update(start, first, count: input.count)
                }
                var last: Int32 = 0
                try check(
                    EVP_CipherFinal_ex(context.pointer, start + count, &last),
                    direction == .encrypt ? .encrypt : .decrypt)
                count += Int(last)
            } catch {
                OPENSSL_cleanse(start, buffer.count)
                count = 0
                failure = error
            }
        }
        if let failure { throw failure }
        return output
    }
}
