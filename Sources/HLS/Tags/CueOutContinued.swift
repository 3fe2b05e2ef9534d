package import Media

/// EXT-X-CUE-OUT-CONT: the segment behind it is within a break, for players that come in the middle.
package struct CueOutContinued: Sendable, Hashable {
    package static let tag = "#EXT-X-CUE-OUT-CONT"

    /// Since the break began.
    package var elapsed: Ticks
    /// As planned; nil where nobody says.
    package var duration: Ticks?
    /// The section that began it, in base64: the form with attributes. Nil: `ELAPSED/DURATION`.
    package var section: String?

    package init(elapsed: Ticks, duration: Ticks?, section: String? = nil) {
        self.elapsed = elapsed
        self.duration = duration
        self.section = section
    }

    package var line: String {
        let (elapsed, duration) = (DecimalSeconds.text(elapsed), duration.map(DecimalSeconds.text))
        guard let section else { return "\(Self.tag):\(elapsed)\(duration.map { "/\($0)" } ?? "")" }
        return "\(Self.tag):ElapsedTime=\(elapsed)\(duration.map { ",Duration=\($0)" } ?? ""),SCTE35=\(section)"
    }
}
