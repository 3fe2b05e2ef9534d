/// A key made of another key, for one purpose: HKDF with SHA-256. RFC 5869, clause 2.
///
/// - Parameters:
///   - salt: need not be secret; may be empty.
///   - info: what the key is for.
///   - count: 1 to 8160; another stops the program.
package func hkdfSHA256(_ secret: Span<UInt8>, salt: [UInt8], info: [UInt8], count: Int = 32) -> SecretBytes {
    precondition((1...255 * 32).contains(count), "a count that HKDF can make")
    var extracted = hmacSHA256(secret, key: salt.span)
    defer { cleanse(&extracted) }
    return SecretBytes(count: count) { output in
        var block: [UInt8] = []
        var message: [UInt8] = []
        for start in stride(from: 0, to: count, by: 32) {
            cleanse(&message)
            // A capacity of its own from the start: growing would leave copies behind.
            message = []
            message.reserveCapacity(32 + info.count + 1)
            message += block
            message += info
            message.append(UInt8(start / 32 + 1))
            cleanse(&block)
            block = hmacSHA256(message.span, key: extracted.span)
            for index in start..<min(start + 32, count) { output[index] = block[index - start] }
        }
        cleanse(&message)
        cleanse(&block)
    }
}
