package import Media

/// `vmhd`: that the media is video. ISO/IEC 14496-12:2022, clause 12.1.2.
package struct VideoMediaHeader: Box {
    package static let boxType: FourCC = "vmhd"

    package init() {}

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        _ = try reader.readFullBox()
        try reader.skip(8)  // graphics mode and colour: copy
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox(flags: 1)
        writer.write(zeros: 8)
    }
}
