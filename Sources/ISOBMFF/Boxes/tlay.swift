package import Media

/// `tlay`: how the pictures of a sheet lie in it. Our own: the standard knows samples of one picture, and such a track is
/// never served as a file.
package struct TileLayout: Box {
    package static let boxType: FourCC = "tlay"

    package var columns: UInt8
    package var rows: UInt8

    package init(columns: UInt8, rows: UInt8) {
        self.columns = columns
        self.rows = rows
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        columns = try reader.read(UInt8.self)
        rows = try reader.read(UInt8.self)
        guard columns > 0, rows > 0 else { throw ParseError(.invalid, at: 0, "\(columns)x\(rows) pictures") }
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.write(columns)
        writer.write(rows)
    }

    package func describe(to description: inout BoxDescription) {
        description.field("columns", columns)
        description.field("rows", rows)
    }
}
