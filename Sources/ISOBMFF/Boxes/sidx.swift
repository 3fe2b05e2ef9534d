package import Media

/// `sidx`: an index of the segments that follow. ISO/IEC 14496-12:2022, clause 8.16.3.
package struct SegmentIndex: Box {
    package static let boxType: FourCC = "sidx"

    package struct Reference: Sendable, Equatable {
        /// Whether it points at another `sidx` rather than at media.
        package var isIndex: Bool
        /// In bytes, 31 bits.
        package var size: UInt32
        /// In ticks.
        package var duration: UInt32
        /// starts_with_SAP, SAP_type and SAP_delta_time, as they are written.
        package var accessPoint: UInt32

        package init(isIndex: Bool = false, size: UInt32, duration: UInt32, accessPoint: UInt32 = 0x9000_0000) {
            self.isIndex = isIndex
            self.size = size
            self.duration = duration
            self.accessPoint = accessPoint
        }
    }

    package var referenceID: UInt32
    package var timescale: UInt32
    package var earliestPresentationTime: UInt64
    /// From the end of this box to the first segment.
    package var firstOffset: UInt64
    package var references: [Reference]

    package init(
        referenceID: UInt32 = 1, timescale: UInt32, earliestPresentationTime: UInt64, firstOffset: UInt64 = 0,
        references: [Reference]
    ) {
        self.referenceID = referenceID
        self.timescale = timescale
        self.earliestPresentationTime = earliestPresentationTime
        self.firstOffset = firstOffset
        self.references = references
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        let version = try reader.readFullBox(maximumVersion: 1).version
        referenceID = try reader.read(UInt32.self)
        timescale = try reader.read(UInt32.self)
        earliestPresentationTime = try reader.readTime(version: version)
        firstOffset = try reader.readTime(version: version)
        try reader.skip(2)
        let count = try reader.read(UInt16.self)
        references = []
        for _ in 0..<count {
            let typeAndSize = try reader.read(UInt32.self)
            references.append(
                Reference(
                    isIndex: typeAndSize >> 31 == 1, size: typeAndSize & 0x7FFF_FFFF,
                    duration: try reader.read(UInt32.self), accessPoint: try reader.read(UInt32.self)))
        }
    }

    /// Writes at most 65535 references, which is what the count can say.
    package func writePayload(to writer: inout ByteWriter) {
        let version: UInt8 = max(earliestPresentationTime, firstOffset) > UInt64(UInt32.max) ? 1 : 0
        writer.writeFullBox(version: version)
        writer.write(referenceID)
        writer.write(timescale)
        writer.writeTime(earliestPresentationTime, version: version)
        writer.writeTime(firstOffset, version: version)
        writer.write(zeros: 2)
        let written = references.prefix(Int(UInt16.max))
        writer.write(UInt16(written.count))
        for reference in written {
            writer.write((reference.isIndex ? 0x8000_0000 : 0) | reference.size & 0x7FFF_FFFF)
            writer.write(reference.duration)
            writer.write(reference.accessPoint)
        }
    }

    package func describe(to description: inout BoxDescription) {
        description.field("timescale", timescale)
        description.field("earliestPresentationTime", earliestPresentationTime)
        description.field("references", references.count)
        for reference in references { description.entry("size=\(reference.size) duration=\(reference.duration)") }
    }
}
