import COpenSSL

/// AES-128 in cipher block chaining mode without padding, in place, with one key. NIST SP 800-38A, clause 6.2.
///
/// The chain lies in OpenSSL's context, so no method is mutating; the type is neither copyable nor Sendable,
/// and so calls never overlap.
package struct AESCBC: ~Copyable {
    package enum Direction: Sendable { case encrypt, decrypt }

    private let context: CipherContext
    package static let blockSize = 16

    /// - Parameter key: 16 bytes; any other count throws.
    package init(key: Span<UInt8>, _ direction: Direction = .encrypt) throws(OpenSSLError) {
        context = try CipherContext(
            EVP_aes_128_cbc(), key: key, direction == .encrypt ? .encrypt : .decrypt)
    }

    /// Starts a new chain.
    ///
    /// - Parameter iv: 16 bytes; any other count throws.
    package func restart(iv: [UInt8]) throws(OpenSSLError) {
        guard iv.count == Self.blockSize else { throw OpenSSLError(code: 0, during: .setIV) }
        try iv.withUnsafeBufferPointer { (iv) throws(OpenSSLError) in
            try context.restart(iv: iv.baseAddress!)
        }
    }

    /// Goes on with the chain over a range of `bytes`.
    ///
    /// - Parameter range: within `bytes` and whole blocks, else the program stops.
    package func apply(to bytes: inout MutableSpan<UInt8>, in range: Range<Int>) throws(OpenSSLError) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "a range within the bytes")
        precondition(range.count % Self.blockSize == 0, "whole blocks")
        guard !range.isEmpty else { return }
        try bytes.withUnsafeMutableBufferPointer { (buffer) throws(OpenSSLError) in
            let start = buffer.baseAddress! + range.lowerBound
            _ = try context.update(start, start, count: range.count)
        }
    }

    /// Goes on with the chain over `count` bytes at `source`, which are whole blocks, into as many at `target`: the same
    /// place, or another.
    package func apply(
        _ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, count: Int
    ) throws(OpenSSLError) {
        precondition(count % Self.blockSize == 0, "whole blocks")
        _ = try context.update(target, source, count: count)
    }

    /// Goes on with the chain over all of `bytes`, which are whole blocks.
    package func apply(to bytes: inout MutableSpan<UInt8>) throws(OpenSSLError) {
        try apply(to: &bytes, in: 0..<bytes.count)
    }

    /// Encrypts a whole message with PKCS#7 padding (RFC 5652, clause 6.3): 1 to 16 bytes more.
    ///
    /// - Parameters:
    ///   - key: 16 bytes.
    ///   - iv: 16 bytes.
    package static func sealed(
        _ plain: Span<UInt8>, key: Span<UInt8>, iv: [UInt8]
    ) throws(OpenSSLError) -> [UInt8] {
        let count = plain.count + blockSize - plain.count % blockSize
        return try whole(plain, key: key, iv: iv, .encrypt, capacity: count)
    }

    /// The same behind what is in `output`, which has room for it.
    package static func seal(
        _ plain: Span<UInt8>, key: Span<UInt8>, iv: [UInt8], to output: inout OutputSpan<UInt8>
    ) throws(OpenSSLError) {
        let padding = blockSize - plain.count % blockSize
        precondition(output.freeCapacity >= plain.count + padding, "room for the message and its padding")
        guard iv.count == blockSize else { throw OpenSSLError(code: 0, during: .setIV) }
        let context = try CipherContext(EVP_aes_128_cbc(), key: key, .encrypt, padding: true)
        try iv.withUnsafeBufferPointer { (iv) throws(OpenSSLError) in try context.restart(iv: iv.baseAddress!) }
        var failure: OpenSSLError?
        output.withUnsafeMutableBufferPointer { buffer, count in
            do throws(OpenSSLError) {
                let start = buffer.baseAddress! + count
                var done = try plain.withUnsafeBufferPointer { (input) throws(OpenSSLError) in
                    input.isEmpty ? 0 : try context.update(start, input.baseAddress!, count: input.count)
                }
                var last: Int32 = 0
                try check(EVP_CipherFinal_ex(context.pointer, start + done, &last), .encrypt)
                done += Int(last)
                count += done
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Decrypts what `sealed` makes; throws where the padding is wrong, as by a wrong key nearly always.
    package static func opened(
        _ cipher: Span<UInt8>, key: Span<UInt8>, iv: [UInt8]
    ) throws(OpenSSLError) -> [UInt8] {
        guard cipher.count > 0, cipher.count % blockSize == 0 else { throw OpenSSLError(code: 0, during: .decrypt) }
        return try whole(cipher, key: key, iv: iv, .decrypt, capacity: cipher.count + blockSize)
    }

    private static func whole(
        _ input: Span<UInt8>, key: Span<UInt8>, iv: [UInt8], _ direction: CipherContext.Direction, capacity: Int
    ) throws(OpenSSLError) -> [UInt8] {
        guard iv.count == blockSize else { throw OpenSSLError(code: 0, during: .setIV) }
        let context = try CipherContext(EVP_aes_128_cbc(), key: key, direction, padding: true)
        try iv.withUnsafeBufferPointer { (iv) throws(OpenSSLError) in try context.restart(iv: iv.baseAddress!) }
        var failure: OpenSSLError?
        let output = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            do throws(OpenSSLError) {
                let start = buffer.baseAddress!
                count = try input.withUnsafeBufferPointer { (input) throws(OpenSSLError) in
                    input.isEmpty ? 0 : try context.update(start, input.baseAddress!, count: input.count)
                }
                var last: Int32 = 0
                try check(
                    EVP_CipherFinal_ex(context.pointer, start + count, &last),
                    direction == .encrypt ? .encrypt : .decrypt)
                count += Int(last)
            } catch {
                count = 0
                failure = error
            }
        }
        if let failure { throw failure }
        return output
    }
}
