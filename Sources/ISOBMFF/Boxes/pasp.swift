package import Media

/// `pasp`: width to height of a pixel. ISO/IEC 14496-12:2022, clause 12.1.4.2.
package struct PixelAspectRatio: Box {
    package static let boxType: FourCC = "pasp"

    package var horizontalSpacing: UInt32
    package var verticalSpacing: UInt32

    package init(horizontalSpacing: UInt32, verticalSpacing: UInt32) {
        self.horizontalSpacing = horizontalSpacing
        self.verticalSpacing = verticalSpacing
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        horizontalSpacing = try reader.read(UInt32.self)
        verticalSpacing = try reader.read(UInt32.self)
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.write(horizontalSpacing)
        writer.write(verticalSpacing)
    }

    package func describe(to description: inout BoxDescription) {
        description.field("ratio", "\(horizontalSpacing):\(verticalSpacing)")
    }
}
