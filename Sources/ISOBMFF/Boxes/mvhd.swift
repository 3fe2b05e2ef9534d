package import Media

/// `mvhd`: times of the whole movie. ISO/IEC 14496-12:2022, clause 8.2.2.
package struct MovieHeader: Box {
    package static let boxType: FourCC = "mvhd"

    /// Seconds since 1904.
    package var creationTime: UInt64 = 0
    package var modificationTime: UInt64 = 0
    package var timescale: UInt32
    /// 0 where only fragments hold samples.
    package var duration: UInt64 = 0
    package var nextTrackID: UInt32

    package init(timescale: UInt32, nextTrackID: UInt32) {
        self.timescale = timescale
        self.nextTrackID = nextTrackID
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        let version = try reader.readFullBox(maximumVersion: 1).version
        creationTime = try reader.readTime(version: version)
        modificationTime = try reader.readTime(version: version)
        timescale = try reader.read(UInt32.self)
        duration = try reader.readTime(version: version)
        try reader.skip(76)  // rate, volume, matrix: always 1, full and identity here
        nextTrackID = try reader.read(UInt32.self)
    }

    package func writePayload(to writer: inout ByteWriter) {
        let version: UInt8 = max(creationTime, modificationTime, duration) > UInt64(UInt32.max) ? 1 : 0
        writer.writeFullBox(version: version)
        writer.writeTime(creationTime, version: version)
        writer.writeTime(modificationTime, version: version)
        writer.write(timescale)
        writer.writeTime(duration, version: version)
        writer.write(UInt32(0x0001_0000))
        writer.write(UInt16(0x0100))
        writer.write(zeros: 10)
        writer.writeIdentityMatrix()
        writer.write(zeros: 24)
        writer.write(nextTrackID)
    }

    package func describe(to description: inout BoxDescription) {
        description.field("timescale", timescale)
        description.field("duration", duration)
        description.field("nextTrackID", nextTrackID)
    }
}

extension ByteWriter {
    /// The transformation of `mvhd` and `tkhd` that leaves the picture as it is.
    mutating func writeIdentityMatrix() {
        for value: UInt32 in [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000] { write(value) }
    }
}
