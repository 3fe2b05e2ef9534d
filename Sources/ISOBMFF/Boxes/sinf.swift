package import Media

/// `sinf`: how a sample entry is protected. ISO/IEC 14496-12:2022, clause 8.12.1.
package struct ProtectionSchemeInformation: Box {
    package static let boxType: FourCC = "sinf"

    package var originalFormat: OriginalFormat
    package var schemeType: SchemeType
    package var schemeInformation: SchemeInformation

    package init(originalFormat: OriginalFormat, schemeType: SchemeType, schemeInformation: SchemeInformation) {
        self.originalFormat = originalFormat
        self.schemeType = schemeType
        self.schemeInformation = schemeInformation
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        var originalFormat: OriginalFormat?
        var schemeType: SchemeType?
        var schemeInformation: SchemeInformation?
        while !reader.isAtEnd {
            let box = try reader.readBoxHeader()
            switch box.type {
            case OriginalFormat.boxType: try reader.readBox(box, once: &originalFormat)
            case SchemeType.boxType: try reader.readBox(box, once: &schemeType)
            case SchemeInformation.boxType: try reader.readBox(box, once: &schemeInformation)
            default: try reader.skipBox(box)
            }
        }
        self.originalFormat = try originalFormat.required()
        self.schemeType = try schemeType.required()
        self.schemeInformation = try schemeInformation.required()
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeBox(originalFormat)
        writer.writeBox(schemeType)
        writer.writeBox(schemeInformation)
    }
}
