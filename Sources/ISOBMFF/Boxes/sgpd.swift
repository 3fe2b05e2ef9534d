package import Media

/// `sgpd`: what groups of samples have in common. ISO/IEC 14496-12:2022, clause 8.9.3.
package struct SampleGroupDescription: Box {
    package static let boxType: FourCC = "sgpd"

    package var groupingType: FourCC
    /// Each as its grouping type lays it out.
    package var entries: [[UInt8]]

    package init(groupingType: FourCC, entries: [[UInt8]]) {
        self.groupingType = groupingType
        self.entries = entries
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        let version = try reader.readFullBox(maximumVersion: 1).version
        guard version > 0 else { throw ParseError(.unsupported, at: 0, "version 0, which says no lengths") }
        groupingType = try reader.readFourCC()
        let commonLength = Int(try reader.read(UInt32.self))
        let count = try reader.readCount(entrySize: commonLength == 0 ? 4 : commonLength)
        entries = []
        for _ in 0..<count {
            let length = commonLength == 0 ? Int(try reader.read(UInt32.self)) : commonLength
            entries.append(try reader.readBytes(length))
        }
    }

    package func writePayload(to writer: inout ByteWriter) {
        let lengths = Set(entries.map(\.count))
        let commonLength = lengths.count == 1 ? lengths.first ?? 0 : 0
        writer.writeFullBox(version: 1)
        writer.write(groupingType)
        writer.write(UInt32(commonLength))
        writer.write(UInt32(entries.count))
        for entry in entries {
            if commonLength == 0 { writer.write(UInt32(entry.count)) }
            writer.write(bytes: entry)
        }
    }

    package func describe(to description: inout BoxDescription) {
        description.field("type", groupingType)
        description.field("entries", entries.count)
        for entry in entries {
            description.field("entry", hex: entry.prefix(40))
        }
    }
}
