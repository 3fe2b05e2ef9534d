package import Media

/// `schi`: what the scheme must know. ISO/IEC 14496-12:2022, clause 8.12.6.
package struct SchemeInformation: Box {
    package static let boxType: FourCC = "schi"

    package var trackEncryption: TrackEncryption

    package init(trackEncryption: TrackEncryption) {
        self.trackEncryption = trackEncryption
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        var trackEncryption: TrackEncryption?
        while !reader.isAtEnd {
            let box = try reader.readBoxHeader()
            switch box.type {
            case TrackEncryption.boxType: try reader.readBox(box, once: &trackEncryption)
            default: try reader.skipBox(box)
            }
        }
        self.trackEncryption = try trackEncryption.required()
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeBox(trackEncryption)
    }
}
