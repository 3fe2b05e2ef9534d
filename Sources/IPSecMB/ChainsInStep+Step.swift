package import OpenSSLCrypto

extension ChainsInStep {
    /// Of each message at a time: as many whole blocks as the library can count.
    package static let stepBytes = 65_520
    /// More at a time do not make it faster, and each is so much memory between the processor and its caches.
    package static let bestChains = 12

    /// The next bytes of a message.
    package struct Step {
        package var schedule: SecretBytes
        /// 16 bytes; what was enciphered last, but at first.
        package var iv: UnsafePointer<UInt8>
        package var source: UnsafePointer<UInt8>
        /// May be the source.
        package var target: UnsafeMutablePointer<UInt8>
        /// A multiple of 16, up to `stepBytes`.
        package var count: Int

        package init(
            schedule: SecretBytes, iv: UnsafePointer<UInt8>, source: UnsafePointer<UInt8>,
            target: UnsafeMutablePointer<UInt8>, count: Int
        ) {
            self.schedule = schedule
            self.iv = iv
            self.source = source
            self.target = target
            self.count = count
        }
    }
}
