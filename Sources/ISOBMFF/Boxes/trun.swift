package import Media

/// `trun`: the samples of a fragment, whose data lie back to back. ISO/IEC 14496-12:2022, clause 8.8.8.
///
/// A column that is nil holds for all samples what `tfhd` or `trex` says.
package struct TrackRun: Box {
    package static let boxType: FourCC = "trun"
    /// A run whose columns are all nil takes no bytes a sample: this bounds it. 18 minutes at 60 frames a second.
    package static let maximumSampleCount = 65536

    package var sampleCount: Int
    /// From the first byte of the `moof` to the first sample's.
    package var dataOffset: Int32?
    /// Instead of the default flags, for the first sample only.
    package var firstSampleFlags: SampleFlags?
    package var durations: [UInt32]?
    package var sizes: [UInt32]?
    package var flags: [SampleFlags]?
    package var compositionOffsets: [Int32]?

    private enum Flag {
        static let dataOffset: UInt32 = 0x1
        static let firstSampleFlags: UInt32 = 0x4
        static let durations: UInt32 = 0x100
        static let sizes: UInt32 = 0x200
        static let flags: UInt32 = 0x400
        static let compositionOffsets: UInt32 = 0x800
    }

    package init(
        sampleCount: Int, dataOffset: Int32? = nil, firstSampleFlags: SampleFlags? = nil, durations: [UInt32]? = nil,
        sizes: [UInt32]? = nil, flags: [SampleFlags]? = nil, compositionOffsets: [Int32]? = nil
    ) {
        self.sampleCount = sampleCount
        self.dataOffset = dataOffset
        self.firstSampleFlags = firstSampleFlags
        self.durations = durations
        self.sizes = sizes
        self.flags = flags
        self.compositionOffsets = compositionOffsets
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        let (version, present) = try reader.readFullBox(maximumVersion: 1)
        let count = Int(try reader.read(UInt32.self))
        guard count <= Self.maximumSampleCount else { throw ParseError(.tooLarge, at: 4, "\(count) samples") }
        sampleCount = count
        if present & Flag.dataOffset != 0 { dataOffset = Int32(bitPattern: try reader.read(UInt32.self)) }
        if present & Flag.firstSampleFlags != 0 {
            firstSampleFlags = SampleFlags(rawValue: try reader.read(UInt32.self))
        }
        let columns = (present & 0xF00).nonzeroBitCount
        guard count * columns * 4 <= reader.remaining else {
            throw ParseError(.truncated, at: 4, "\(count) samples in \(reader.remaining) bytes")
        }
        let table = try reader.readTable(count: count * columns)
        // The columns lie row by row, in the order of their flags.
        var column = 0
        func next() -> [UInt32] {
            defer { column += 1 }
            return (0..<count).map { table[$0 * columns + column] }
        }
        if present & Flag.durations != 0 { durations = next() }
        if present & Flag.sizes != 0 { sizes = next() }
        if present & Flag.flags != 0 { flags = next().map(SampleFlags.init(rawValue:)) }
        if present & Flag.compositionOffsets != 0 {
            let offsets = next()
            if version == 0, let wrong = offsets.first(where: { $0 > UInt32(Int32.max) }) {
                throw ParseError(.unsupported, at: 4, "composition offset \(wrong)")
            }
            compositionOffsets = offsets.map(Int32.init(bitPattern:))
        }
    }

    /// Where the data offset stands, from the start of the box.
    static let dataOffsetPosition = 16

    /// Always version 1, as the brand `cmf2` wants it.
    package func writePayload(to writer: inout ByteWriter) {
        var present: UInt32 = 0
        if dataOffset != nil { present |= Flag.dataOffset }
        if firstSampleFlags != nil { present |= Flag.firstSampleFlags }
        if durations != nil { present |= Flag.durations }
        if sizes != nil { present |= Flag.sizes }
        if flags != nil { present |= Flag.flags }
        if compositionOffsets != nil { present |= Flag.compositionOffsets }
        writer.writeFullBox(version: 1, flags: present)
        writer.write(UInt32(sampleCount))
        if let dataOffset { writer.write(dataOffset) }
        if let firstSampleFlags { writer.write(firstSampleFlags.rawValue) }
        for index in 0..<(present & 0xF00 == 0 ? 0 : sampleCount) {
            if let durations { writer.append(durations[index]) }
            if let sizes { writer.append(sizes[index]) }
            if let flags { writer.append(flags[index].rawValue) }
            if let compositionOffsets { writer.append(UInt32(bitPattern: compositionOffsets[index])) }
        }
    }

    package func describe(to description: inout BoxDescription) {
        description.field("samples", sampleCount)
        if let dataOffset { description.field("dataOffset", dataOffset) }
        if let firstSampleFlags { description.field("firstFlags", flags: firstSampleFlags.rawValue) }
        if let sizes { description.field("bytes", sizes.reduce(0) { $0 + Int($1) }) }
        if let durations { description.field("ticks", durations.reduce(0) { $0 + Int($1) }) }
        if let flags { description.field("sync", flags.count { $0.isSync }) }
        if let offsets = compositionOffsets, let least = offsets.min(), let most = offsets.max() {
            description.field("compositionOffsets", "\(least)...\(most)")
        }
        for index in 0..<sampleCount {
            var line = BoxDescription()
            if let durations { line.field("duration", durations[index]) }
            if let sizes { line.field("size", sizes[index]) }
            if let flags { line.field("flags", flags: flags[index].rawValue) }
            if let compositionOffsets { line.field("compositionOffset", compositionOffsets[index]) }
            if !line.fields.isEmpty { description.entry(line.fields.joined(separator: " ")) }
        }
    }
}
