/// A stretch of time in which a subtitle is shown, inside one segment. What goes on over its end is there again in the
/// next one.
package struct SubtitleCue: Sendable, Hashable {
    /// In the track's timescale, from the epoch.
    package var start: Int64
    package var end: Int64
    /// Lines of plain text, parted by LF.
    package var text: String

    package init(start: Int64, end: Int64, text: String) {
        self.start = start
        self.end = end
        self.text = text
    }
}
