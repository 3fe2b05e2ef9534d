package import Media

/// How a track is protected: what `sinf` in its sample entry says, and the `pssh` boxes of its header.
/// ISO/IEC 23001-7:2023, clauses 8.2 (tenc), 10.1 (cenc) and 10.4 (cbcs).
package struct TrackProtection: Sendable, Equatable {
    package var scheme: ProtectionScheme
    package var defaultKeyID: KeyID
    /// Bytes of the IV that `senc` holds for each sample: 8 or 16, or 0 where there is a constant IV.
    package var perSampleIVSize: UInt8
    /// 8 or 16 bytes; present exactly where `perSampleIVSize` is 0.
    package var constantIV: [UInt8]?
    /// The pattern in 16-byte blocks, each 0 to 15: 1 and 9 for video by cbcs, 0 and 0 for whole samples.
    package var cryptByteBlock: UInt8
    package var skipByteBlock: UInt8
    /// Whole `pssh` boxes, written at the end of `moov` as they are.
    package var systemBoxes: [[UInt8]]

    package init(
        scheme: ProtectionScheme, defaultKeyID: KeyID, perSampleIVSize: UInt8, constantIV: [UInt8]?,
        cryptByteBlock: UInt8, skipByteBlock: UInt8, systemBoxes: [[UInt8]] = []
    ) {
        self.scheme = scheme
        self.defaultKeyID = defaultKeyID
        self.perSampleIVSize = perSampleIVSize
        self.constantIV = constantIV
        self.cryptByteBlock = cryptByteBlock
        self.skipByteBlock = skipByteBlock
        self.systemBoxes = systemBoxes
    }

    /// AES-CTR with an 8-byte IV for each sample.
    package static func cenc(keyID: KeyID, systemBoxes: [[UInt8]] = []) -> TrackProtection {
        TrackProtection(
            scheme: .cenc, defaultKeyID: keyID, perSampleIVSize: 8, constantIV: nil, cryptByteBlock: 0,
            skipByteBlock: 0, systemBoxes: systemBoxes)
    }

    /// AES-CBC with one IV for all samples: 1 block of 10 of video, whole samples of audio.
    package static func cbcs(
        keyID: KeyID, constantIV: [UInt8], kind: Track.Kind, systemBoxes: [[UInt8]] = []
    ) -> TrackProtection {
        TrackProtection(
            scheme: .cbcs, defaultKeyID: keyID, perSampleIVSize: 0, constantIV: constantIV,
            cryptByteBlock: kind == .video ? 1 : 0, skipByteBlock: kind == .video ? 9 : 0, systemBoxes: systemBoxes)
    }
}
