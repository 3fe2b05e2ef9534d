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
    package var text: String {
        let media = origin.rescaled(to: 90_000).value
        var text = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:\(media & 0x1_FFFF_FFFF),LOCAL:00:00:00.000\n"
        for cue in cues {
            text += "\n\(time(cue.start)) --> \(time(cue.end))\n\(cue.text)\n"
        }
        return text
    }

    private func time(_ value: Int64) -> String {
        let ticks = Ticks(max(value &- origin.value, 0), timescale: origin.timescale)
        let milliseconds = ticks.rescaled(to: 1000, rounding: .nearest).value
        func digits(_ value: Int64, _ count: Int) -> String {
            String(String(value + 1_000_000).suffix(count))
        }
        let seconds = milliseconds / 1000
        return "\(digits(seconds / 3600, 2)):\(digits(seconds / 60 % 60, 2)):\(digits(seconds % 60, 2))"
            + ".\(digits(milliseconds % 1000, 3))"
    }
}
