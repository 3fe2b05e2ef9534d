package import Media

/// `mvex`: that fragments follow, and their defaults. ISO/IEC 14496-12:2022, clause 8.8.1.
package struct MovieExtends: Box {
    package static let boxType: FourCC = "mvex"

    package var trackDefaults: TrackExtends

    package init(trackDefaults: TrackExtends) {
        self.trackDefaults = trackDefaults
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        var trackDefaults: TrackExtends?
        while !reader.isAtEnd {
            let box = try reader.readBoxHeader()
            switch box.type {
            case TrackExtends.boxType: try reader.readBox(box, once: &trackDefaults)
            default: try reader.skipBox(box)
            }
        }
        self.trackDefaults = try trackDefaults.required()
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeBox(trackDefaults)
    }
}
