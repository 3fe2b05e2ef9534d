package import Media

/// `avcC`: a box around the record of `Media`. ISO/IEC 14496-15:2022, clause 5.4.2.1.
extension AVCDecoderConfigurationRecord: Box {
    package static let boxType: FourCC = "avcC"

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        try self.init(parsing: try reader.readBytes(reader.remaining))
    }

    package func writePayload(to writer: inout ByteWriter) { write(to: &writer) }

    package func describe(to description: inout BoxDescription) {
        description.field("codec", rfc6381)
        description.field("sps", sequenceParameterSets.count)
        description.field("pps", pictureParameterSets.count)
        description.field("nalLength", nalUnitLengthSize)
    }
}
