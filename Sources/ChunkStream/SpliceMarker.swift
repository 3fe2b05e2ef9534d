import Media

/// A splice, in either direction: where it is in the channel's media, and what is said of it.
package struct SpliceMarker: Sendable, Equatable {
    /// In 90 kHz ticks since the epoch.
    package var time: Int64
    /// A splice_info_section, which the daemon reads for itself; 1 to `WorkerLimits.sectionBytes` bytes.
    package var section: [UInt8]

    package init(time: Int64, section: [UInt8]) {
        self.time = time
        self.section = section
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt64(bitPattern: time))
        writer.writeBlob(section)
    }

    @_lifetime(reader: copy reader)
    init(reading reader: inout ByteReader) throws(ParseError) {
        time = Int64(bitPattern: try reader.read(UInt64.self))
        section = try reader.readBlob(atMost: WorkerLimits.sectionBytes)
        guard time >= 0, !section.isEmpty else {
            throw ParseError(.invalid, at: 0, "a marker of nothing, or of no time")
        }
    }
}
