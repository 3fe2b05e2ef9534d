package import Media

/// `av1C`: a box around the record of `Media`. AV1 Codec ISO Media File Format Binding v1.2, clause 2.3.
extension AV1CodecConfigurationRecord: Box {
    package static let boxType: FourCC = "av1C"

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        try self.init(parsing: try reader.readBytes(reader.remaining))
    }

    package func writePayload(to writer: inout ByteWriter) { write(to: &writer) }

    package func describe(to description: inout BoxDescription) {
        description.field("codec", rfc6381)
        description.field("hasSequenceHeader", sequenceHeader != nil)
    }
}
