import COpenSSL

/// Owns one `EVP_CIPHER_CTX`: keyed once, restarted with a new IV as often as wanted, wiped and freed on deinit.
///
/// `EVP_CIPHER_CTX_free` cleanses the key schedule. A context has state, so this type is neither
/// copyable nor Sendable: two uses can never overlap.
struct CipherContext: ~Copyable {
    enum Direction: Int32 { case decrypt = 0, encrypt = 1 }

    let pointer: OpaquePointer
    let direction: Direction

    /// - Parameter key: exactly as many bytes as the cipher wants.
    init(
        _ cipher: OpaquePointer?, key: Span<UInt8>, _ direction: Direction, padding: Bool = false
    ) throws(OpenSSLError) {
        pointer = try Self.keyed(cipher, key, direction, padding: padding)
        self.direction = direction
    }

    private static func keyed(
        _ cipher: OpaquePointer?, _ key: Span<UInt8>, _ direction: Direction, padding: Bool
    ) throws(OpenSSLError) -> OpaquePointer {
        guard let cipher, key.count == Int(EVP_CIPHER_get_key_length(cipher)) else {
            throw OpenSSLError(code: 0, during: .setKey)
        }
        guard let context = EVP_CIPHER_CTX_new() else { throw .last(.allocate) }
        do throws(OpenSSLError) {
            let result = key.withUnsafeBufferPointer { key in
                EVP_CipherInit_ex(context, cipher, nil, key.baseAddress, nil, direction.rawValue)
            }
            try check(result, .setKey)
            // Encrypting, padding changes EVP_CipherFinal_ex alone, which no block mode calls here without it; decrypting,
            // the last block would be held back for it. Where nothing must be said nothing is: each later
            // EVP_CipherInit_ex would say it again, by names, which takes longer than a short audio frame.
            if !padding, direction == .decrypt { try check(EVP_CIPHER_CTX_set_padding(context, 0), .setKey) }
        } catch {
            EVP_CIPHER_CTX_free(context)
            throw error
        }
        return context
    }

    deinit { EVP_CIPHER_CTX_free(pointer) }

    /// Starts again with the key that is there.
    func restart(iv: UnsafePointer<UInt8>) throws(OpenSSLError) {
        // -1 keeps the direction; a nil cipher and key keep both, and so the expanded key.
        try check(EVP_CipherInit_ex(pointer, nil, nil, nil, iv, -1), .setIV)
    }

    /// Turns `count` bytes of `input` into as many at `output`, which may be the same place.
    /// Without padding and with whole blocks, or with a stream mode, nothing is held back.
    func update(
        _ output: UnsafeMutablePointer<UInt8>, _ input: UnsafePointer<UInt8>, count: Int
    ) throws(OpenSSLError) -> Int {
        var done = 0
        var written = 0
        while done < count {
            // why: the C function counts in Int32; a multiple of the block keeps the pieces seamless.
            let piece = min(count - done, 1 << 30)
            var length: Int32 = 0
            try check(
                EVP_CipherUpdate(pointer, output + written, &length, input + done, Int32(piece)),
                direction == .encrypt ? .encrypt : .decrypt)
            done += piece
            written += Int(length)
        }
        return written
    }
}
