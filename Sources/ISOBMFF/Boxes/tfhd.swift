package import Media

/// `tfhd`: defaults for the samples of a fragment. ISO/IEC 14496-12:2022, clause 8.8.7.
package struct TrackFragmentHeader: Box {
    package static let boxType: FourCC = "tfhd"

    package var trackID: UInt32
    package var sampleDescriptionIndex: UInt32?
    package var defaultSampleDuration: UInt32?
    package var defaultSampleSize: UInt32?
    package var defaultSampleFlags: SampleFlags?
    /// Whether data offsets count from the `moof`; Sluice always says so, readers of one `traf` need not be told.
    package var defaultBaseIsMoof: Bool

    private enum Flag {
        static let baseDataOffset: UInt32 = 0x1
        static let sampleDescriptionIndex: UInt32 = 0x2
        static let defaultSampleDuration: UInt32 = 0x8
        static let defaultSampleSize: UInt32 = 0x10
        static let defaultSampleFlags: UInt32 = 0x20
        static let durationIsEmpty: UInt32 = 0x1_0000
        static let defaultBaseIsMoof: UInt32 = 0x2_0000
    }

    package init(
        trackID: UInt32, defaultSampleDuration: UInt32? = nil, defaultSampleSize: UInt32? = nil,
        defaultSampleFlags: SampleFlags? = nil
    ) {
        self.trackID = trackID
        self.defaultSampleDuration = defaultSampleDuration
        self.defaultSampleSize = defaultSampleSize
        self.defaultSampleFlags = defaultSampleFlags
        defaultBaseIsMoof = true
    }

    /// An absolute data offset and a fragment without samples are not supported: CMAF has neither.
    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        let flags = try reader.readFullBox().flags
        guard flags & Flag.baseDataOffset == 0 else {
            throw ParseError(.unsupported, at: 0, "data at an absolute offset")
        }
        guard flags & Flag.durationIsEmpty == 0 else {
            throw ParseError(.unsupported, at: 0, "a fragment without samples")
        }
        trackID = try reader.read(UInt32.self)
        if flags & Flag.sampleDescriptionIndex != 0 { sampleDescriptionIndex = try reader.read(UInt32.self) }
        if flags & Flag.defaultSampleDuration != 0 { defaultSampleDuration = try reader.read(UInt32.self) }
        if flags & Flag.defaultSampleSize != 0 { defaultSampleSize = try reader.read(UInt32.self) }
        if flags & Flag.defaultSampleFlags != 0 {
            defaultSampleFlags = SampleFlags(rawValue: try reader.read(UInt32.self))
        }
        defaultBaseIsMoof = flags & Flag.defaultBaseIsMoof != 0
    }

    package func writePayload(to writer: inout ByteWriter) {
        var flags: UInt32 = defaultBaseIsMoof ? Flag.defaultBaseIsMoof : 0
        if sampleDescriptionIndex != nil { flags |= Flag.sampleDescriptionIndex }
        if defaultSampleDuration != nil { flags |= Flag.defaultSampleDuration }
        if defaultSampleSize != nil { flags |= Flag.defaultSampleSize }
        if defaultSampleFlags != nil { flags |= Flag.defaultSampleFlags }
        writer.writeFullBox(flags: flags)
        writer.write(trackID)
        if let sampleDescriptionIndex { writer.write(sampleDescriptionIndex) }
        if let defaultSampleDuration { writer.write(defaultSampleDuration) }
        if let defaultSampleSize { writer.write(defaultSampleSize) }
        if let defaultSampleFlags { writer.write(defaultSampleFlags.rawValue) }
    }

    package func describe(to description: inout BoxDescription) {
        description.field("trackID", trackID)
        if let sampleDescriptionIndex { description.field("description", sampleDescriptionIndex) }
        if let defaultSampleDuration { description.field("duration", defaultSampleDuration) }
        if let defaultSampleSize { description.field("size", defaultSampleSize) }
        if let defaultSampleFlags { description.field("flags", flags: defaultSampleFlags.rawValue) }
        if defaultBaseIsMoof { description.field("base", "moof") }
    }
}
