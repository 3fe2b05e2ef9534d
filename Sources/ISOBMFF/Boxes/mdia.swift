package import Media

/// `mdia`: the media of a track. ISO/IEC 14496-12:2022, clause 8.4.1.
package struct MediaBox: Box {
    package static let boxType: FourCC = "mdia"

    package var header: MediaHeader
    package var extendedLanguage: ExtendedLanguage?
    package var handler: HandlerReference
    package var information: MediaInformation

    package init(
        header: MediaHeader, extendedLanguage: ExtendedLanguage? = nil, handler: HandlerReference,
        information: MediaInformation
    ) {
        self.header = header
        self.extendedLanguage = extendedLanguage
        self.handler = handler
        self.information = information
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        var header: MediaHeader?
        var extendedLanguage: ExtendedLanguage?
        var handler: HandlerReference?
        var information: MediaInformation?
        while !reader.isAtEnd {
            let box = try reader.readBoxHeader()
            switch box.type {
            case MediaHeader.boxType: try reader.readBox(box, once: &header)
            case ExtendedLanguage.boxType: try reader.readBox(box, once: &extendedLanguage)
            case HandlerReference.boxType: try reader.readBox(box, once: &handler)
            case MediaInformation.boxType: try reader.readBox(box, once: &information)
            default: try reader.skipBox(box)
            }
        }
        self.header = try header.required()
        self.extendedLanguage = extendedLanguage
        self.handler = try handler.required()
        self.information = try information.required()
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeBox(header)
        writer.writeBox(extendedLanguage)
        writer.writeBox(handler)
        writer.writeBox(information)
    }
}
