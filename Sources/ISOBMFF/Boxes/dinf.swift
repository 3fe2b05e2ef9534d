package import Media

/// `dinf`: where the media data is. ISO/IEC 14496-12:2022, clause 8.7.1.
package struct DataInformation: Box {
    package static let boxType: FourCC = "dinf"

    package var references: DataReference

    package init(references: DataReference) {
        self.references = references
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        var references: DataReference?
        while !reader.isAtEnd {
            let box = try reader.readBoxHeader()
            switch box.type {
            case DataReference.boxType: try reader.readBox(box, once: &references)
            default: try reader.skipBox(box)
            }
        }
        self.references = try references.required()
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeBox(references)
    }
}
