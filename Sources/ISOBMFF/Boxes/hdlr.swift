package import Media

/// `hdlr`: what kind of media a track is. ISO/IEC 14496-12:2022, clause 8.4.3.
package struct HandlerReference: Box {
    package static let boxType: FourCC = "hdlr"

    /// `vide` or `soun`.
    package var handlerType: FourCC
    /// For people.
    package var name: String

    package init(handlerType: FourCC, name: String) {
        self.handlerType = handlerType
        self.name = name
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        _ = try reader.readFullBox()
        try reader.skip(4)
        handlerType = try reader.readFourCC()
        try reader.skip(12)
        name = try reader.readText()
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox()
        writer.write(zeros: 4)
        writer.write(handlerType)
        writer.write(zeros: 12)
        writer.write(text: name)
    }

    package func describe(to description: inout BoxDescription) {
        description.field("handler", handlerType)
        description.field("name", "\"\(name)\"")
    }
}
