package import Media

/// `stsd`: what a decoder must know before the first sample. ISO/IEC 14496-12:2022, clause 8.5.2.
package struct SampleDescription: Box {
    package static let boxType: FourCC = "stsd"

    package enum Entry: Sendable, Equatable {
        case video(VisualSampleEntry)
        case audio(AudioSampleEntry)
        case text(WebVTTSampleEntry)
    }

    /// Exactly one: a track that changes its codec gets a new header.
    package var entry: Entry

    package init(_ entry: Entry) { self.entry = entry }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        _ = try reader.readFullBox(maximumVersion: 1)
        let count = try reader.readCount(entrySize: 16)
        guard count == 1 else { throw ParseError(.unsupported, at: 4, "\(count) sample entries") }
        let header = try reader.readBoxHeader()
        switch header.type {
        case VisualSampleEntry.boxType, "avc1", "hvc1", "hev1", "av01", "jpeg":
            let entry: VisualSampleEntry = try reader.readBox(header)
            try Self.check(header.type, entry.protection, clear: entry.configuration.clearTypes)
            self.entry = .video(entry)
        case AudioSampleEntry.boxType, "mp4a", "ac-3", "ec-3", "Opus":
            let entry: AudioSampleEntry = try reader.readBox(header)
            try Self.check(header.type, entry.protection, clear: [entry.configuration.clearType])
            self.entry = .audio(entry)
        case WebVTTSampleEntry.boxType: entry = .text(try reader.readBox(header))
        default:
            throw ParseError(.unsupported, at: 8, "sample entry \(header.type)")
        }
    }

    /// A protected sample entry says what it hides, one in the clear hides nothing; either names the codec of its
    /// configuration.
    private static func check(
        _ type: FourCC, _ protection: ProtectionSchemeInformation?, clear: [FourCC]
    ) throws(ParseError) {
        let isProtected = type == VisualSampleEntry.boxType || type == AudioSampleEntry.boxType
        guard isProtected == (protection != nil) else {
            throw ParseError(.invalid, at: 8, "\(type) \(protection == nil ? "without" : "with") sinf")
        }
        let format = protection?.originalFormat.format ?? type
        guard clear.contains(format) else {
            throw ParseError(
                .unsupported, at: 8, isProtected ? "\(type) that hides \(format)" : "\(type) for \(clear[0])")
        }
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox()
        writer.write(UInt32(1))
        switch entry {
        case .video(let entry): writer.writeBox(entry.type) { entry.writePayload(to: &$0) }
        case .audio(let entry): writer.writeBox(entry.type) { entry.writePayload(to: &$0) }
        case .text(let entry): writer.writeBox(entry)
        }
    }
}
