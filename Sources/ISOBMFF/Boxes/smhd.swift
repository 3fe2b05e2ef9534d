package import Media

/// `smhd`: that the media is sound. ISO/IEC 14496-12:2022, clause 12.2.2.
package struct SoundMediaHeader: Box {
    package static let boxType: FourCC = "smhd"

    package init() {}

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        _ = try reader.readFullBox()
        try reader.skip(4)  // balance: centre
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox()
        writer.write(zeros: 4)
    }
}
