package import Media

/// EXT-X-CUE-OUT: a break begins with the segment behind it. Of AWS Elemental and others; no standard has it.
package struct CueOut: Sendable, Hashable {
    package static let tag = "#EXT-X-CUE-OUT"

    /// As planned; nil where nobody says.
    package var duration: Ticks?

    package init(duration: Ticks?) { self.duration = duration }

    package var line: String { duration.map { "\(Self.tag):\(DecimalSeconds.text($0))" } ?? Self.tag }

    /// - Parameter value: what follows the colon, with `DURATION=` or without.
    package init(parsing value: Substring) throws(PlaylistError) {
        guard !value.isEmpty else {
            duration = nil
            return
        }
        let text = value.uppercased().hasPrefix("DURATION=") ? value.dropFirst(9) : value
        guard let duration = DecimalSeconds.parse(String(text)) else {
            throw PlaylistError("EXT-X-CUE-OUT has no duration: \(value.prefix(40))")
        }
        self.duration = duration
    }
}

/// EXT-X-CUE-IN: a break is over with the segment before it.
package struct CueIn: Sendable, Hashable {
    package static let tag = "#EXT-X-CUE-IN"

    package init() {}

    package var line: String { Self.tag }
}
