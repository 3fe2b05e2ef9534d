package import Media

/// `tkhd`: a track in the presentation. ISO/IEC 14496-12:2022, clause 8.3.2.
package struct TrackHeader: Box {
    package static let boxType: FourCC = "tkhd"

    /// Enabled 1, in the movie 2, in the preview 4.
    package var flags: UInt32 = 7
    /// Seconds since 1904.
    package var creationTime: UInt64 = 0
    package var modificationTime: UInt64 = 0
    package var trackID: UInt32
    /// In the movie's timescale.
    package var duration: UInt64 = 0
    /// 8.8 fixed point: full for audio, 0 for video.
    package var volume: UInt16
    /// 16.16 fixed point.
    package var width: UInt32
    package var height: UInt32

    package init(trackID: UInt32, volume: UInt16, width: UInt32, height: UInt32) {
        self.trackID = trackID
        self.volume = volume
        self.width = width
        self.height = height
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        let (version, flags) = try reader.readFullBox(maximumVersion: 1)
        self.flags = flags
        creationTime = try reader.readTime(version: version)
        modificationTime = try reader.readTime(version: version)
        trackID = try reader.read(UInt32.self)
        try reader.skip(4)
        duration = try reader.readTime(version: version)
        try reader.skip(12)  // reserved, layer, alternate group
        volume = try reader.read(UInt16.self)
        try reader.skip(38)  // reserved, matrix
        width = try reader.read(UInt32.self)
        height = try reader.read(UInt32.self)
    }

    package func writePayload(to writer: inout ByteWriter) {
        let version: UInt8 = max(creationTime, modificationTime, duration) > UInt64(UInt32.max) ? 1 : 0
        writer.writeFullBox(version: version, flags: flags)
        writer.writeTime(creationTime, version: version)
        writer.writeTime(modificationTime, version: version)
        writer.write(trackID)
        writer.write(zeros: 4)
        writer.writeTime(duration, version: version)
        writer.write(zeros: 12)
        writer.write(volume)
        writer.write(zeros: 2)
        writer.writeIdentityMatrix()
        writer.write(width)
        writer.write(height)
    }

    package func describe(to description: inout BoxDescription) {
        description.field("flags", flags: flags)
        description.field("trackID", trackID)
        description.field("duration", duration)
        description.field("volume", volume)
        description.field("width", width >> 16)
        description.field("height", height >> 16)
    }
}
