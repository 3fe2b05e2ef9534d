package import Media

/// `sbgp`: which samples belong to which group. ISO/IEC 14496-12:2022, clause 8.9.2.
package struct SampleToGroup: Box {
    package static let boxType: FourCC = "sbgp"
    /// The index of the first description in the fragment's own `sgpd`. ISO/IEC 14496-12:2022, clause 8.9.4.
    package static let firstOfFragment: UInt32 = 0x1_0001

    package struct Entry: Sendable, Equatable {
        package var sampleCount: UInt32
        /// From 1 in the header's descriptions, from `firstOfFragment` in the fragment's own; 0 for none.
        package var descriptionIndex: UInt32

        package init(sampleCount: UInt32, descriptionIndex: UInt32) {
            self.sampleCount = sampleCount
            self.descriptionIndex = descriptionIndex
        }
    }

    package var groupingType: FourCC
    package var entries: [Entry]

    package init(groupingType: FourCC, entries: [Entry]) {
        self.groupingType = groupingType
        self.entries = entries
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        let version = try reader.readFullBox(maximumVersion: 1).version
        groupingType = try reader.readFourCC()
        if version == 1 { try reader.skip(4) }
        let count = try reader.readCount(entrySize: 8)
        entries = []
        for _ in 0..<count {
            entries.append(
                Entry(
                    sampleCount: try reader.read(UInt32.self), descriptionIndex: try reader.read(UInt32.self)))
        }
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox()
        writer.write(groupingType)
        writer.write(UInt32(entries.count))
        for entry in entries {
            writer.write(entry.sampleCount)
            writer.write(entry.descriptionIndex)
        }
    }

    package func describe(to description: inout BoxDescription) {
        description.field("type", groupingType)
        description.field("entries", entries.count)
        for entry in entries { description.entry("samples=\(entry.sampleCount) index=\(entry.descriptionIndex)") }
    }
}
