package import Media

/// EXTINF: a segment's duration and, rarely, its title. RFC 8216, clause 4.3.2.1.
package struct SegmentDuration: Sendable, Hashable {
    package static let tag = "#EXTINF"

    /// Written with six decimals; parsed as microseconds.
    package var duration: Ticks
    package var title: String

    package init(_ duration: Ticks, title: String = "") {
        self.duration = duration
        self.title = title
    }

    init(parsing text: Substring) throws(PlaylistError) {
        let comma = text.utf8.firstIndex(of: UInt8(ascii: ",")) ?? text.endIndex
        guard let duration = DecimalSeconds.parse(text[..<comma]) else {
            throw PlaylistError("no duration: \(text.prefix(40))")
        }
        self.duration = duration
        title = comma < text.endIndex ? String(text[text.utf8.index(after: comma)...]) : ""
    }
}
