package import Media

/// `stts`: durations of the samples of the movie itself. ISO/IEC 14496-12:2022, clause 8.6.1.2.
package struct TimeToSample: Box {
    package static let boxType: FourCC = "stts"

    package struct Entry: Sendable, Equatable {
        package var sampleCount: UInt32
        package var sampleDuration: UInt32

        package init(sampleCount: UInt32, sampleDuration: UInt32) {
            self.sampleCount = sampleCount
            self.sampleDuration = sampleDuration
        }
    }

    package var entries: [Entry]

    package init(entries: [Entry] = []) { self.entries = entries }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        _ = try reader.readFullBox()
        let count = try reader.readCount(entrySize: 8)
        entries = []
        for _ in 0..<count {
            entries.append(
                Entry(
                    sampleCount: try reader.read(UInt32.self),
                    sampleDuration: try reader.read(UInt32.self)))
        }
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox()
        writer.write(UInt32(entries.count))
        for entry in entries {
            writer.write(entry.sampleCount)
            writer.write(entry.sampleDuration)
        }
    }

    package func describe(to description: inout BoxDescription) {
        description.field("entries", entries.count)
        for entry in entries {
            description.entry("sampleCount=\(entry.sampleCount) sampleDuration=\(entry.sampleDuration)")
        }
    }
}
