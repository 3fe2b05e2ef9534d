package import Media

/// `nmhd`: that the media needs no header of its own, as text. ISO/IEC 14496-12:2022, clause 8.4.5.2.
package struct NullMediaHeader: Box {
    package static let boxType: FourCC = "nmhd"

    package init() {}

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) { _ = try reader.readFullBox() }

    package func writePayload(to writer: inout ByteWriter) { writer.writeFullBox() }
}
