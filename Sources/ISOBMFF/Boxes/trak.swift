package import Media

/// `trak`: one track. ISO/IEC 14496-12:2022, clause 8.3.1.
package struct TrackBox: Box {
    package static let boxType: FourCC = "trak"

    package var header: TrackHeader
    package var media: MediaBox

    package init(header: TrackHeader, media: MediaBox) {
        self.header = header
        self.media = media
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        var header: TrackHeader?
        var media: MediaBox?
        while !reader.isAtEnd {
            let box = try reader.readBoxHeader()
            switch box.type {
            case TrackHeader.boxType: try reader.readBox(box, once: &header)
            case MediaBox.boxType: try reader.readBox(box, once: &media)
            default: try reader.skipBox(box)
            }
        }
        self.header = try header.required()
        self.media = try media.required()
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeBox(header)
        writer.writeBox(media)
    }
}
