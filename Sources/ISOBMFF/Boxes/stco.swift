package import Media

/// `stco`: where chunks of the movie itself begin. ISO/IEC 14496-12:2022, clause 8.7.5.
package struct ChunkOffsets: Box {
    package static let boxType: FourCC = "stco"

    package var offsets: [UInt32]

    package init(offsets: [UInt32] = []) { self.offsets = offsets }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        _ = try reader.readFullBox()
        let count = try reader.readCount(entrySize: 4)
        offsets = []
        for _ in 0..<count { offsets.append(try reader.read(UInt32.self)) }
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox()
        writer.write(UInt32(offsets.count))
        for offset in offsets { writer.write(offset) }
    }

    package func describe(to description: inout BoxDescription) {
        description.field("entries", offsets.count)
        for offset in offsets { description.entry("offset=\(offset)") }
    }
}
