package import Media

/// `prft`: the time of day at which a sample was made. ISO/IEC 14496-12:2022, clause 8.16.5.
package struct ProducerReferenceTime: Box {
    package static let boxType: FourCC = "prft"

    /// 0 encoder input, 1 encoder output, 2 fragment finished, 4 fragment written, 8 of the writer's choosing, 24 capture.
    package var flags: UInt32
    package var trackID: UInt32
    /// Seconds since 1900 in the high half, fractions of 2^-32 s in the low.
    package var ntpTimestamp: UInt64
    /// In ticks of the track.
    package var mediaTime: UInt64

    package init(flags: UInt32 = 0, trackID: UInt32 = 1, ntpTimestamp: UInt64, mediaTime: UInt64) {
        self.flags = flags
        self.trackID = trackID
        self.ntpTimestamp = ntpTimestamp
        self.mediaTime = mediaTime
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        let (version, flags) = try reader.readFullBox(maximumVersion: 1)
        self.flags = flags
        trackID = try reader.read(UInt32.self)
        ntpTimestamp = try reader.read(UInt64.self)
        mediaTime = try reader.readTime(version: version)
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox(version: 1, flags: flags)
        writer.write(trackID)
        writer.write(ntpTimestamp)
        writer.write(mediaTime)
    }

    package func describe(to description: inout BoxDescription) {
        description.field("flags", flags: flags)
        description.field("trackID", trackID)
        description.field("ntp", ntpTimestamp)
        description.field("mediaTime", mediaTime)
    }
}
