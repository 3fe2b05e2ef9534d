package import Media

/// `mdhd`: timescale and language of a track. ISO/IEC 14496-12:2022, clause 8.4.2.
package struct MediaHeader: Box {
    package static let boxType: FourCC = "mdhd"

    /// Seconds since 1904.
    package var creationTime: UInt64 = 0
    package var modificationTime: UInt64 = 0
    package var timescale: UInt32
    package var duration: UInt64 = 0
    /// ISO 639-2/T.
    package var language: LanguageCode

    package init(timescale: UInt32, language: LanguageCode) {
        self.timescale = timescale
        self.language = language
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        let version = try reader.readFullBox(maximumVersion: 1).version
        creationTime = try reader.readTime(version: version)
        modificationTime = try reader.readTime(version: version)
        timescale = try reader.read(UInt32.self)
        guard timescale > 0 else { throw ParseError(.invalid, at: reader.offset - 4, "timescale 0") }
        duration = try reader.readTime(version: version)
        language = LanguageCode(packed: try reader.read(UInt16.self))
        try reader.skip(2)
    }

    package func writePayload(to writer: inout ByteWriter) {
        let version: UInt8 = max(creationTime, modificationTime, duration) > UInt64(UInt32.max) ? 1 : 0
        writer.writeFullBox(version: version)
        writer.writeTime(creationTime, version: version)
        writer.writeTime(modificationTime, version: version)
        writer.write(timescale)
        writer.writeTime(duration, version: version)
        writer.write(language.packed)
        writer.write(zeros: 2)
    }

    package func describe(to description: inout BoxDescription) {
        description.field("timescale", timescale)
        description.field("duration", duration)
        description.field("language", language)
    }
}
