package import Media

/// `dref`: the files that hold the media: this one. ISO/IEC 14496-12:2022, clause 8.7.2.
package struct DataReference: Box {
    package static let boxType: FourCC = "dref"

    package init() {}

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        _ = try reader.readFullBox()
        let count = try reader.readCount(entrySize: 12)
        for _ in 0..<count {
            let header = try reader.readBoxHeader()
            var payload = try reader.readSlice(header.payloadSize)
            let flags = try payload.readFullBox().flags
            guard flags & 1 == 1 else {
                throw ParseError(.unsupported, at: reader.offset, "media data in another file")
            }
        }
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox()
        writer.write(UInt32(1))
        writer.writeBox("url ") { $0.writeFullBox(flags: 1) }
    }
}
