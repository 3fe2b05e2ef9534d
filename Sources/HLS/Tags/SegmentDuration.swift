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
        let parts = text.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let duration = DecimalSeconds.parse(first) else {
            throw PlaylistError("no duration: \(text.prefix(40))")
        }
        self.duration = duration
        title = parts.count > 1 ? String(parts[1]) : ""
    }

    var line: String { "\(Self.tag):\(DecimalSeconds.text(duration)),\(PlaylistText.line(title))" }
}
