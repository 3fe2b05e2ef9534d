package import Media

/// `colr`: colours as the decoder gives them. ISO/IEC 14496-12:2022, clause 12.1.5.
package struct ColourInformation: Box {
    package static let boxType: FourCC = "colr"

    /// `nclx`, or a kind that is kept as it is.
    package var colourType: FourCC
    package var value: [UInt8]

    package init(colourType: FourCC, value: [UInt8]) {
        self.colourType = colourType
        self.value = value
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        colourType = try reader.readFourCC()
        value = try reader.readBytes(reader.remaining)
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.write(colourType)
        writer.write(bytes: value)
    }

    package func describe(to description: inout BoxDescription) {
        description.field("type", colourType)
        if value.count <= 16 { description.field("value", hex: value) }
    }
}
