package import Media

/// A segment of a subtitle rendition. RFC 8216, clause 3.5; W3C WebVTT.
package struct WebVTTSegment: Sendable, Hashable {
    /// Of the media, from the epoch; what the file's times count from.
    package var origin: Ticks
    /// In rising order; their times are of `origin`'s timescale.
    package var cues: [SubtitleCue]

    package init(origin: Ticks, cues: [SubtitleCue]) {
        self.origin = origin
        self.cues = cues
    }

    /// The file: cue times from the segment's beginning, which X-TIMESTAMP-MAP names on the media's clock, modulo 2^33.
    ///
    /// A cue ends after it begins (W3C WebVTT, 4.1), in whole milliseconds: a shorter one, as of a change right behind a
    /// segment's beginning, is not there.
    package var text: String {
        let media = origin.rescaled(to: 90_000).value
        var text = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:\(media & 0x1_FFFF_FFFF),LOCAL:00:00:00.000\n"
        for cue in cues {
            let (start, end) = (milliseconds(cue.start), milliseconds(cue.end))
            if end > start { text += "\n\(Self.time(start)) --> \(Self.time(end))\n\(cue.text)\n" }
        }
        return text
    }

    private func milliseconds(_ value: Int64) -> Int64 {
        let ticks = Ticks(max(value &- origin.value, 0), timescale: origin.timescale)
        return ticks.rescaled(to: 1000, rounding: .nearest).value
    }

    private static func time(_ milliseconds: Int64) -> String {
        func digits(_ value: Int64, _ count: Int) -> String {
            String(String(value + 1_000_000).suffix(count))
        }
        let seconds = milliseconds / 1000
        return "\(digits(seconds / 3600, 2)):\(digits(seconds / 60 % 60, 2)):\(digits(seconds % 60, 2))"
            + ".\(digits(milliseconds % 1000, 3))"
    }
}
