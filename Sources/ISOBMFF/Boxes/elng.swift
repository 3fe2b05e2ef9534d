package import Media

/// `elng`: the language as BCP 47 writes it. ISO/IEC 14496-12:2022, clause 8.4.6.
package struct ExtendedLanguage: Box {
    package static let boxType: FourCC = "elng"

    package var tag: String

    package init(tag: String) { self.tag = tag }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        _ = try reader.readFullBox()
        tag = try reader.readText()
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox()
        writer.write(text: tag)
    }

    package func describe(to description: inout BoxDescription) { description.field("tag", tag) }
}
