package import Media

/// `seig`, an entry of `sgpd`: the key of the samples of a group. ISO/IEC 23001-7:2023, clause 6.
package struct SampleEncryptionGroupEntry: Sendable, Equatable {
    package static let groupingType: FourCC = "seig"

    package var pattern: TrackEncryption.Pattern
    package var isProtected: Bool
    package var perSampleIVSize: UInt8
    package var keyID: KeyID
    package var constantIV: [UInt8]?

    /// The same as the track's own defaults, said again in the fragment.
    package init(_ protection: TrackProtection) {
        pattern = TrackEncryption.Pattern(crypt: protection.cryptByteBlock, skip: protection.skipByteBlock)
        isProtected = true
        perSampleIVSize = protection.perSampleIVSize
        keyID = protection.defaultKeyID
        constantIV = protection.constantIV
    }

    package init(parsing bytes: [UInt8]) throws(ParseError) {
        var reader = ByteReader(bytes.span)
        try reader.skip(1)
        pattern = TrackEncryption.Pattern(byte: try reader.read(UInt8.self))
        (isProtected, perSampleIVSize, keyID, constantIV) = try reader.readKeyAndIVs()
        guard reader.isAtEnd else { throw ParseError(.invalid, at: reader.offset, "seig is too long") }
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 37)
        writer.write(UInt8(0))
        writer.write(pattern.byte)
        writer.writeKeyAndIVs(
            isProtected: isProtected, perSampleIVSize: perSampleIVSize, keyID: keyID, constantIV: constantIV)
        return writer.bytes
    }
}
