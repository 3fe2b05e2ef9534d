package import Media

/// `tenc`: the key and the IVs of a track. ISO/IEC 23001-7:2023, clause 8.2.
package struct TrackEncryption: Box {
    package static let boxType: FourCC = "tenc"

    /// Which of each run of 16-byte blocks are encrypted; 0 and 0 means all.
    package struct Pattern: Sendable, Hashable {
        /// 0 to 15 each.
        package var crypt: UInt8
        package var skip: UInt8

        package init(crypt: UInt8, skip: UInt8) {
            self.crypt = crypt
            self.skip = skip
        }

        package init(byte: UInt8) { self.init(crypt: byte >> 4, skip: byte & 15) }
        package var byte: UInt8 { crypt << 4 | skip & 15 }
    }

    /// Nil in version 0, which has no patterns.
    package var pattern: Pattern?
    package var isProtected: Bool
    /// 0, 8 or 16 bytes.
    package var perSampleIVSize: UInt8
    package var keyID: KeyID
    /// 8 or 16 bytes; there exactly where samples are protected and have no IVs of their own.
    package var constantIV: [UInt8]?

    package init(
        pattern: Pattern?, isProtected: Bool, perSampleIVSize: UInt8, keyID: KeyID, constantIV: [UInt8]?
    ) {
        self.pattern = pattern
        self.isProtected = isProtected
        self.perSampleIVSize = perSampleIVSize
        self.keyID = keyID
        self.constantIV = constantIV
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        let version = try reader.readFullBox(maximumVersion: 1).version
        try reader.skip(1)
        let byte = try reader.read(UInt8.self)
        pattern = version == 0 ? nil : Pattern(byte: byte)
        (isProtected, perSampleIVSize, keyID, constantIV) = try reader.readKeyAndIVs()
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox(version: pattern == nil ? 0 : 1)
        writer.write(UInt8(0))
        writer.write(pattern?.byte ?? 0)
        writer.writeKeyAndIVs(
            isProtected: isProtected, perSampleIVSize: perSampleIVSize, keyID: keyID, constantIV: constantIV)
    }

    package func describe(to description: inout BoxDescription) {
        if let pattern { description.field("pattern", "\(pattern.crypt):\(pattern.skip)") }
        description.field("protected", isProtected)
        description.field("ivSize", perSampleIVSize)
        description.field("keyID", keyID)
        if let constantIV { description.field("constantIV", hex: constantIV) }
    }
}

/// What `tenc` and the sample group `seig` have in common.
extension ByteReader {
    @_lifetime(self: copy self)
    mutating func readKeyAndIVs() throws(ParseError) -> (Bool, UInt8, KeyID, [UInt8]?) {
        let start = offset
        let protected = try read(UInt8.self)
        guard protected <= 1 else { throw ParseError(.invalid, at: start, "isProtected \(protected)") }
        let size = try read(UInt8.self)
        guard size == 0 || size == 8 || size == 16 else {
            throw ParseError(.invalid, at: start + 1, "an IV of \(size) bytes for each sample")
        }
        let keyID = try readKeyID()
        guard protected == 1, size == 0 else { return (protected == 1, size, keyID, nil) }
        let constantSize = try read(UInt8.self)
        guard constantSize == 8 || constantSize == 16 else {
            throw ParseError(.invalid, at: offset - 1, "a constant IV of \(constantSize) bytes")
        }
        return (true, 0, keyID, try readBytes(Int(constantSize)))
    }
}

extension ByteWriter {
    mutating func writeKeyAndIVs(isProtected: Bool, perSampleIVSize: UInt8, keyID: KeyID, constantIV: [UInt8]?) {
        write(UInt8(isProtected ? 1 : 0))
        write(perSampleIVSize)
        write(bytes: keyID.bytes)
        if isProtected, perSampleIVSize == 0, let constantIV {
            write(UInt8(constantIV.count))
            write(bytes: constantIV)
        }
    }
}
