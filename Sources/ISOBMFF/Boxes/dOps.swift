package import Media

/// `dOps`: a box around the configuration of `Media`. Encapsulation of Opus in ISO Base Media File Format, version 0.8.1, clause 4.3.2.
extension OpusConfiguration: Box {
    package static let boxType: FourCC = "dOps"

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        try self.init(parsing: try reader.readBytes(reader.remaining))
    }

    package func writePayload(to writer: inout ByteWriter) { writer.write(bytes: bytes) }

    package func describe(to description: inout BoxDescription) {
        description.field("channels", channels)
        description.field("preSkip", preSkip)
        description.field("inputSampleRate", inputSampleRate)
        description.field("family", mappingFamily)
    }
}
