package import Media

/// `stsz`: sizes of the samples of the movie itself. ISO/IEC 14496-12:2022, clause 8.7.3.2.
package struct SampleSizes: Box {
    package static let boxType: FourCC = "stsz"

    /// Not 0: the size of each of `sampleCount` samples, and `sizes` is empty.
    package var commonSize: UInt32
    package var sampleCount: UInt32
    package var sizes: [UInt32]

    package init() {
        commonSize = 0
        sampleCount = 0
        sizes = []
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        _ = try reader.readFullBox()
        commonSize = try reader.read(UInt32.self)
        sizes = []
        if commonSize != 0 {
            sampleCount = try reader.read(UInt32.self)
        } else {
            let count = try reader.readCount(entrySize: 4)
            sampleCount = UInt32(count)
            for _ in 0..<count { sizes.append(try reader.read(UInt32.self)) }
        }
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox()
        writer.write(commonSize)
        writer.write(sampleCount)
        for size in sizes { writer.write(size) }
    }

    package func describe(to description: inout BoxDescription) {
        description.field("samples", sampleCount)
        if commonSize != 0 { description.field("size", commonSize) }
        for size in sizes { description.entry("size=\(size)") }
    }
}
