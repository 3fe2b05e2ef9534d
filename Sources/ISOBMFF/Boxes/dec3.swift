package import Media

/// `dec3`: a box around the configuration of `Media`. ETSI TS 102 366 V1.4.1, annex F.6.
extension EAC3Configuration: Box {
    package static let boxType: FourCC = "dec3"

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        try self.init(parsing: try reader.readBytes(reader.remaining))
    }

    package func writePayload(to writer: inout ByteWriter) { writer.write(bytes: bytes) }

    package func describe(to description: inout BoxDescription) {
        description.field("sampleRate", sampleRate ?? 0)
        description.field("channels", channels)
        description.field("dataRate", dataRate)
        description.field("substreams", substreams.count)
    }
}
