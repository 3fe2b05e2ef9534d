package import Media

/// `hvcC`: a box around the record of `Media`. ISO/IEC 14496-15:2022, clause 8.4.1.1.
extension HEVCDecoderConfigurationRecord: Box {
    package static let boxType: FourCC = "hvcC"

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        try self.init(parsing: try reader.readBytes(reader.remaining))
    }

    package func writePayload(to writer: inout ByteWriter) { write(to: &writer) }

    package func describe(to description: inout BoxDescription) {
        description.field("codec", rfc6381)
        for array in arrays { description.field("type\(array.type.rawValue)", array.units.count) }
        description.field("nalLength", nalUnitLengthSize)
    }
}
