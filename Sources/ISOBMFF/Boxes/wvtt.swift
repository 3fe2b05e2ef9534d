package import Media

/// `wvtt`: subtitles, each sample what is shown for its time. ISO/IEC 14496-30:2018, clause 7.5.
///
/// The header of the WebVTT file in it, `vttC`, is the word that such files begin with, and no more.
package struct WebVTTSampleEntry: Box {
    package static let boxType: FourCC = "wvtt"

    private static let configuration: FourCC = "vttC"
    private static let header = Array("WEBVTT".utf8)

    package init() {}

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        try reader.skip(8)  // reserved, data reference
        var isConfigured = false
        while !reader.isAtEnd {
            let box = try reader.readBoxHeader()
            guard box.type == Self.configuration else {
                try reader.skipBox(box)
                continue
            }
            guard !isConfigured, try reader.readBytes(box.payloadSize).starts(with: Self.header) else {
                throw ParseError(.invalid, at: reader.offset, "\(Self.configuration) is no WebVTT header")
            }
            isConfigured = true
        }
        guard isConfigured else { throw ParseError(.invalid, at: 0, "no \(Self.configuration)") }
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.write(zeros: 6)
        writer.write(UInt16(1))
        writer.writeBox(Self.configuration) { $0.write(bytes: Self.header) }
    }
}

/// What a sample of `wvtt` holds: one cue, or none. ISO/IEC 14496-30:2018, clause 7.6.
package enum WebVTTSample {
    private static let cue: FourCC = "vttc"
    private static let payload: FourCC = "payl"
    private static let empty: FourCC = "vtte"

    /// No subtitle of ours is longer: 15 rows of 32 characters, of four bytes each at most.
    package static let mostBytes = 4096

    /// - Parameter text: what is shown, escaped as WebVTT has it; nil: nothing.
    package static func serialize(_ text: String?) -> [UInt8] {
        var writer = ByteWriter()
        if let text {
            writer.writeBox(cue) { writer in writer.writeBox(payload) { $0.write(bytes: Array(text.utf8)) } }
        } else {
            writer.writeBox(empty) { _ in }
        }
        return writer.bytes
    }

    /// Strict: exactly what `serialize` writes.
    ///
    /// - Returns: the cue's text; nil where nothing is shown.
    package static func parse(_ bytes: Span<UInt8>) throws(ParseError) -> String? {
        guard bytes.count <= mostBytes else { throw ParseError(.tooLarge, at: 0, "a cue of \(bytes.count) bytes") }
        var reader = ByteReader(bytes)
        let outer = try reader.readBoxHeader()
        guard outer.size == bytes.count else { throw ParseError(.invalid, at: 0, "more than a cue") }
        if outer.type == empty, outer.payloadSize == 0 { return nil }
        guard outer.type == cue else { throw ParseError(.invalid, at: 0, "\(outer.type) where a cue should be") }
        let inner = try reader.readBoxHeader()
        guard inner.type == payload, inner.size == outer.payloadSize, inner.payloadSize > 0,
            let text = String(validating: try reader.readBytes(inner.payloadSize), as: UTF8.self),
            isText(text)
        else { throw ParseError(.invalid, at: 8, "a cue without text") }
        return text
    }

    /// Nothing that would end a cue, or be one: an empty line, an arrow, a control character.
    private static func isText(_ text: String) -> Bool {
        !text.contains("\n\n") && !text.hasPrefix("\n") && !text.hasSuffix("\n") && !text.contains("-->")
            && text.unicodeScalars.allSatisfy { $0 == "\n" || ($0.value >= 0x20 && $0.value != 0x7F) }
    }
}
