package import Media
import OpenSSLCrypto

extension KeyID {
    /// The KID of one key of one key period: the same on every node, so that all ask a provider for the same key.
    ///
    /// The first 16 bytes of SHA-256 over "sluice key id 1", then each text as its 4-byte length and its
    /// UTF-8, then interval (4 bytes), period (8 bytes) and, where it is not 0, its edition (4 bytes),
    /// all big-endian; then marked as a UUID of version 8, variant 10 (RFC 9562, clause 5.8).
    ///
    /// - Parameters:
    ///   - contentID: the CPIX content id.
    ///   - scheme: `cenc`, `cbcs` or `AES-128`: schemes never share a key.
    ///   - entry: the entry of the encryption contract, such as `VIDEO` or `SD`.
    ///   - rotationIntervalSeconds: 0 where keys do not rotate.
    ///   - period: the key period.
    package static func derived(
        contentID: String, scheme: String, entry: String, rotationIntervalSeconds: UInt32, period: KeyPeriod
    ) -> KeyID {
        var input = ByteWriter(capacity: 128)
        input.write(bytes: "sluice key id 1".utf8)
        for text in [contentID, scheme, entry] {
            input.write(UInt32(clamping: text.utf8.count))
            input.write(bytes: text.utf8)
        }
        input.write(rotationIntervalSeconds)
        input.write(period.index)
        if period.edition > 0 { input.write(period.edition) }
        var bytes = Array(sha256(input.bytes).prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        guard let id = KeyID(bytes: bytes) else { preconditionFailure("not 16 bytes") }  // why: a prefix of 32 bytes
        return id
    }
}
