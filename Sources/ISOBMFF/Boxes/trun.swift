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
        if present & Flag.durations != 0 { durations = [] }
        if present & Flag.sizes != 0 { sizes = [] }
        if present & Flag.flags != 0 { flags = [] }
        if present & Flag.compositionOffsets != 0 { compositionOffsets = [] }
        durations?.reserveCapacity(count)
        sizes?.reserveCapacity(count)
        flags?.reserveCapacity(count)
        compositionOffsets?.reserveCapacity(count)
        for _ in 0..<(columns == 0 ? 0 : count) {
            if present & Flag.durations != 0 { durations?.append(try reader.read(UInt32.self)) }
            if present & Flag.sizes != 0 { sizes?.append(try reader.read(UInt32.self)) }
            if present & Flag.flags != 0 { flags?.append(SampleFlags(rawValue: try reader.read(UInt32.self))) }
            if present & Flag.compositionOffsets != 0 {
                let value = try reader.read(UInt32.self)
                guard version == 1 || value <= UInt32(Int32.max) else {
                    throw ParseError(.unsupported, at: reader.offset - 4, "composition offset \(value)")
                }
                compositionOffsets?.append(Int32(bitPattern: value))
            }
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
            if let durations { writer.write(durations[index]) }
            if let sizes { writer.write(sizes[index]) }
            if let flags { writer.write(flags[index].rawValue) }
            if let compositionOffsets { writer.write(compositionOffsets[index]) }
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
