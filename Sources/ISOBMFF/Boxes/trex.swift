package import Media

/// `trex`: defaults for samples whose fragments do not say. ISO/IEC 14496-12:2022, clause 8.8.3.
package struct TrackExtends: Box {
    package static let boxType: FourCC = "trex"

    package var trackID: UInt32 = 1
    package var defaultSampleDescriptionIndex: UInt32 = 1
    package var defaultSampleDuration: UInt32 = 0
    package var defaultSampleSize: UInt32 = 0
    package var defaultSampleFlags = SampleFlags(rawValue: 0)

    package init() {}

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        _ = try reader.readFullBox()
        trackID = try reader.read(UInt32.self)
        defaultSampleDescriptionIndex = try reader.read(UInt32.self)
        defaultSampleDuration = try reader.read(UInt32.self)
        defaultSampleSize = try reader.read(UInt32.self)
        defaultSampleFlags = SampleFlags(rawValue: try reader.read(UInt32.self))
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox()
        writer.write(trackID)
        writer.write(defaultSampleDescriptionIndex)
        writer.write(defaultSampleDuration)
        writer.write(defaultSampleSize)
        writer.write(defaultSampleFlags.rawValue)
    }

    package func describe(to description: inout BoxDescription) {
        description.field("trackID", trackID)
        description.field("duration", defaultSampleDuration)
        description.field("size", defaultSampleSize)
        description.field("flags", flags: defaultSampleFlags.rawValue)
    }
}
