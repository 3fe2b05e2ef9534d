package import Media

/// `stsc`: which samples lie together. ISO/IEC 14496-12:2022, clause 8.7.4.
package struct SampleToChunk: Box {
    package static let boxType: FourCC = "stsc"

    package struct Entry: Sendable, Equatable {
        package var firstChunk: UInt32
        package var samplesPerChunk: UInt32
        package var sampleDescriptionIndex: UInt32

        package init(firstChunk: UInt32, samplesPerChunk: UInt32, sampleDescriptionIndex: UInt32) {
            self.firstChunk = firstChunk
            self.samplesPerChunk = samplesPerChunk
            self.sampleDescriptionIndex = sampleDescriptionIndex
        }
    }

    package var entries: [Entry]

    package init(entries: [Entry] = []) { self.entries = entries }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        _ = try reader.readFullBox()
        let count = try reader.readCount(entrySize: 12)
        entries = []
        for _ in 0..<count {
            entries.append(
                Entry(
                    firstChunk: try reader.read(UInt32.self),
                    samplesPerChunk: try reader.read(UInt32.self),
                    sampleDescriptionIndex: try reader.read(UInt32.self)))
        }
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox()
        writer.write(UInt32(entries.count))
        for entry in entries {
            writer.write(entry.firstChunk)
            writer.write(entry.samplesPerChunk)
            writer.write(entry.sampleDescriptionIndex)
        }
    }

    package func describe(to description: inout BoxDescription) {
        description.field("entries", entries.count)
        for entry in entries {
            description.entry(
                "firstChunk=\(entry.firstChunk) samplesPerChunk=\(entry.samplesPerChunk) sampleDescriptionIndex=\(entry.sampleDescriptionIndex)"
            )
        }
    }
}
