package import Media

/// `tfdt`: when the first sample of a fragment is decoded. ISO/IEC 14496-12:2022, clause 8.8.12.
package struct TrackFragmentDecodeTime: Box {
    package static let boxType: FourCC = "tfdt"

    /// In ticks of the track.
    package var baseMediaDecodeTime: UInt64

    package init(baseMediaDecodeTime: UInt64) { self.baseMediaDecodeTime = baseMediaDecodeTime }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        let version = try reader.readFullBox(maximumVersion: 1).version
        baseMediaDecodeTime = try reader.readTime(version: version)
    }

    /// Always version 1: times since the epoch do not fit 32 bits.
    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox(version: 1)
        writer.write(baseMediaDecodeTime)
    }

    package func describe(to description: inout BoxDescription) {
        description.field("baseMediaDecodeTime", baseMediaDecodeTime)
    }
}
