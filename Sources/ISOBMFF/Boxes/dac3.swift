package import Media

/// `dac3`: a box around the configuration of `Media`. ETSI TS 102 366 V1.4.1, annex F.4.
extension AC3Configuration: Box {
    package static let boxType: FourCC = "dac3"

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        try self.init(parsing: try reader.readBytes(reader.remaining))
    }

    package func writePayload(to writer: inout ByteWriter) { writer.write(bytes: bytes) }

    package func describe(to description: inout BoxDescription) {
        description.field("sampleRate", sampleRate)
        description.field("channels", channels)
    }
}
