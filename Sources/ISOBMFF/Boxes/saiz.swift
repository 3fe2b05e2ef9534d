package import Media

/// `saiz`: how many bytes of `senc` each sample has. ISO/IEC 14496-12:2022, clause 8.7.8.
package struct SampleAuxiliaryInformationSizes: Box {
    package static let boxType: FourCC = "saiz"

    /// As many samples as `tfhd` and `trun` may name; see `TrackRun.maximumSampleCount`.
    package var sizes: [UInt8]

    package init(sizes: [UInt8]) { self.sizes = sizes }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        let flags = try reader.readFullBox().flags
        if flags & 1 == 1 { try reader.skip(8) }
        let commonSize = try reader.read(UInt8.self)
        if commonSize == 0 {
            sizes = try reader.readBytes(try reader.readCount(entrySize: 1))
        } else {
            let count = try reader.read(UInt32.self)
            guard count <= TrackRun.maximumSampleCount else {
                throw ParseError(.tooLarge, at: 5, "\(count) samples")
            }
            sizes = Array(repeating: commonSize, count: Int(count))
        }
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox()
        let first = sizes.first ?? 0
        let isCommon = sizes.allSatisfy { $0 == first }
        writer.write(isCommon ? first : 0)
        writer.write(UInt32(sizes.count))
        if !isCommon || first == 0 { writer.write(bytes: sizes) }
    }

    package func describe(to description: inout BoxDescription) {
        description.field("samples", sizes.count)
        description.field("bytes", sizes.reduce(0) { $0 + Int($1) })
        for size in sizes { description.entry("size=\(size)") }
    }
}
