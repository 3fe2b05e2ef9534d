package import Media

/// `frma`: the sample entry that protection hides. ISO/IEC 14496-12:2022, clause 8.12.2.
package struct OriginalFormat: Box {
    package static let boxType: FourCC = "frma"

    package var format: FourCC

    package init(format: FourCC) { self.format = format }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) { format = try reader.readFourCC() }

    package func writePayload(to writer: inout ByteWriter) { writer.write(format) }

    package func describe(to description: inout BoxDescription) { description.field("format", format) }
}
