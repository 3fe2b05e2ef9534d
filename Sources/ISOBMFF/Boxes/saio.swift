package import Media

/// `saio`: where the samples' entries of `senc` begin. ISO/IEC 14496-12:2022, clause 8.7.9.
package struct SampleAuxiliaryInformationOffsets: Box {
    package static let boxType: FourCC = "saio"

    /// From the first byte of the `moof`.
    package var offsets: [UInt64]

    /// Where the first offset stands, from the start of the box.
    static let firstPosition = 16

    package init(offsets: [UInt64]) { self.offsets = offsets }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        let (version, flags) = try reader.readFullBox(maximumVersion: 1)
        if flags & 1 == 1 { try reader.skip(8) }
        let count = try reader.readCount(entrySize: version == 1 ? 8 : 4)
        offsets = []
        for _ in 0..<count { offsets.append(try reader.readTime(version: version)) }
    }

    package func writePayload(to writer: inout ByteWriter) {
        let version: UInt8 = offsets.contains { $0 > UInt64(UInt32.max) } ? 1 : 0
        writer.writeFullBox(version: version)
        writer.write(UInt32(offsets.count))
        for offset in offsets { writer.writeTime(offset, version: version) }
    }

    package func describe(to description: inout BoxDescription) {
        description.field("offsets", offsets.map(String.init).joined(separator: ","))
    }
}
