/// What a segment of subtitles has to be. RFC 8216, clause 3.5; W3C WebVTT, clause 4.1.
enum SubtitleRules {
    static func issues(_ bytes: [UInt8]) -> [Issue] {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return [Issue(.subtitles, "it is no UTF-8")]
        }
        guard isHeader(text) else { return [Issue(.subtitles, "it does not begin with WEBVTT")] }
        let header = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).prefix { !$0.isEmpty }
        guard header.contains(where: { $0.hasPrefix("X-TIMESTAMP-MAP=") && $0.contains("MPEGTS:") }) else {
            return [Issue(.subtitles, "its header has no X-TIMESTAMP-MAP")]
        }
        return []
    }

    static func isHeader(_ text: String) -> Bool {
        guard text.hasPrefix("WEBVTT") else { return false }
        return text.dropFirst(6).first.map { $0.isNewline || $0 == " " || $0 == "\t" } ?? true
    }
}
