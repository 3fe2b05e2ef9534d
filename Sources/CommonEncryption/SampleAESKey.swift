/// What the protected elementary streams of a transport stream are encrypted with, `METHOD=SAMPLE-AES`.
///
/// The IV is no secret: it stands in the playlist, or comes with the key. Printing shows it and not the key.
package struct SampleAESKey: Sendable, Equatable {
    package let key: ContentKey
    /// 16 bytes: where every NAL unit and every audio frame begins its chain.
    package let iv: [UInt8]

    /// - Throws: `invalidIV` where `iv` has not 16 bytes.
    package init(key: ContentKey, iv: [UInt8]) throws(ProtectionError) {
        guard iv.count == 16 else { throw .invalidIV }
        self.key = key
        self.iv = iv
    }
}
