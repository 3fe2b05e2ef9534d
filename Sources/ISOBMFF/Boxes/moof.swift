package import Media

/// `moof`: a fragment of the movie, of one track. ISO/IEC 14496-12:2022, clause 8.8.4.
package struct MovieFragment: Box {
    package static let boxType: FourCC = "moof"

    package var header: MovieFragmentHeader
    /// Exactly one, as a CMAF chunk has it. ISO/IEC 23000-19:2024, clause 7.3.2.3.
    package var track: TrackFragment
    /// Whole `pssh` boxes.
    package var systemBoxes: [[UInt8]]

    package init(header: MovieFragmentHeader, track: TrackFragment, systemBoxes: [[UInt8]] = []) {
        self.header = header
        self.track = track
        self.systemBoxes = systemBoxes
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        var header: MovieFragmentHeader?
        var track: TrackFragment?
        systemBoxes = []
        while !reader.isAtEnd {
            let box = try reader.readBoxHeader()
            switch box.type {
            case MovieFragmentHeader.boxType: try reader.readBox(box, once: &header)
            case TrackFragment.boxType: try reader.readBox(box, once: &track)
            case ProtectionSystemSpecificHeader.boxType: systemBoxes.append(try reader.readWholeBox(box))
            default: try reader.skipBox(box)
            }
        }
        self.header = try header.required()
        self.track = try track.required()
    }

    package func writePayload(to writer: inout ByteWriter) { write(payloadTo: &writer, mediaDataHeaderSize: 8) }

    /// Offsets are written as the layout makes them: the run's data right after the header of the `mdat` that
    /// follows, `saio` at the entries of `senc`.
    func write(payloadTo writer: inout ByteWriter, mediaDataHeaderSize: Int) {
        let start = writer.count - 8
        writer.writeBox(header)
        var runStart = 0
        writer.writeBox(TrackFragment.boxType) { runStart = track.write(payloadTo: &$0, fragmentStart: start) }
        for box in systemBoxes { writer.write(bytes: box) }
        if track.run.dataOffset != nil {
            writer.patch(
                UInt32(writer.count - start + mediaDataHeaderSize), at: runStart + TrackRun.dataOffsetPosition)
        }
    }
}
