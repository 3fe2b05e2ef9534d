package import Media

/// `moov`: the movie of one track, whose samples are all in fragments. ISO/IEC 14496-12:2022, clause 8.2.1.
package struct Movie: Box {
    package static let boxType: FourCC = "moov"

    package var header: MovieHeader
    /// Exactly one, as CMAF has it. ISO/IEC 23000-19:2024, clause 7.3.1.
    package var track: TrackBox
    package var extends: MovieExtends
    /// Whole `pssh` boxes.
    package var systemBoxes: [[UInt8]]

    package init(header: MovieHeader, track: TrackBox, extends: MovieExtends, systemBoxes: [[UInt8]] = []) {
        self.header = header
        self.track = track
        self.extends = extends
        self.systemBoxes = systemBoxes
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        var header: MovieHeader?
        var track: TrackBox?
        var extends: MovieExtends?
        systemBoxes = []
        while !reader.isAtEnd {
            let box = try reader.readBoxHeader()
            switch box.type {
            case MovieHeader.boxType: try reader.readBox(box, once: &header)
            case TrackBox.boxType: try reader.readBox(box, once: &track)
            case MovieExtends.boxType: try reader.readBox(box, once: &extends)
            case ProtectionSystemSpecificHeader.boxType: systemBoxes.append(try reader.readWholeBox(box))
            default: try reader.skipBox(box)
            }
        }
        self.header = try header.required()
        self.track = try track.required()
        self.extends = try extends.required()
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeBox(header)
        writer.writeBox(track)
        writer.writeBox(extends)
        for box in systemBoxes { writer.write(bytes: box) }
    }
}
