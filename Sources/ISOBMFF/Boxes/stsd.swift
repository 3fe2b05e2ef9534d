package import Media

/// `stsd`: what a decoder must know before the first sample. ISO/IEC 14496-12:2022, clause 8.5.2.
package struct SampleDescription: Box {
    package static let boxType: FourCC = "stsd"

    package enum Entry: Sendable, Equatable {
        case video(VisualSampleEntry)
        case audio(AudioSampleEntry)
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
        case VisualSampleEntry.boxType, VisualSampleEntry.protectedBoxType:
            let entry: VisualSampleEntry = try reader.readBox(header)
            try Self.check(entry.protection, entry: header.type, clear: VisualSampleEntry.boxType)
            self.entry = .video(entry)
        case AudioSampleEntry.boxType, AudioSampleEntry.protectedBoxType:
            let entry: AudioSampleEntry = try reader.readBox(header)
            try Self.check(entry.protection, entry: header.type, clear: AudioSampleEntry.boxType)
            self.entry = .audio(entry)
        default:
            throw ParseError(.unsupported, at: 8, "sample entry \(header.type)")
        }
    }

    /// A protected sample entry says what it hides; one in the clear hides nothing.
    private static func check(
        _ protection: ProtectionSchemeInformation?, entry: FourCC, clear: FourCC
    ) throws(ParseError) {
        guard (entry == clear) == (protection == nil) else {
            throw ParseError(.invalid, at: 8, "\(entry) \(protection == nil ? "without" : "with") sinf")
        }
        if let format = protection?.originalFormat.format, format != clear {
            throw ParseError(.unsupported, at: 8, "\(entry) that hides \(format)")
        }
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox()
        writer.write(UInt32(1))
        switch entry {
        case .video(let entry):
            let type = entry.protection == nil ? VisualSampleEntry.boxType : VisualSampleEntry.protectedBoxType
            writer.writeBox(type) { entry.writePayload(to: &$0) }
        case .audio(let entry):
            let type = entry.protection == nil ? AudioSampleEntry.boxType : AudioSampleEntry.protectedBoxType
            writer.writeBox(type) { entry.writePayload(to: &$0) }
        }
    }
}
