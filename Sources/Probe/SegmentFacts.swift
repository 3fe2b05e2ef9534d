package import Media

/// What a segment's bytes say, whatever its manifest says.
package struct SegmentFacts: Sendable, Equatable {
    /// Decode time of the first sample. Transport streams count modulo 2^33 at 90 kHz.
    package var start: Ticks
    /// Presentation time of the first sample, on the same clock.
    package var shown: Ticks
    package var duration: Ticks
    /// The longest sample: what "within a frame" means.
    package var frame: Ticks
    /// RFC 6381, in the order of the tracks.
    package var codecs: [String]
    package var size: (width: Int, height: Int)?

    package init(
        start: Ticks, shown: Ticks, duration: Ticks, frame: Ticks, codecs: [String],
        size: (width: Int, height: Int)? = nil
    ) {
        self.start = start
        self.shown = shown
        self.duration = duration
        self.frame = frame
        self.codecs = codecs
        self.size = size
    }

    package static func == (left: SegmentFacts, right: SegmentFacts) -> Bool {
        left.start == right.start && left.shown == right.shown && left.duration == right.duration
            && left.frame == right.frame
            && left.codecs == right.codecs && left.size?.width == right.size?.width
            && left.size?.height == right.size?.height
    }

    /// Whether the media lasts as long as `announced`, within a frame and the millisecond that texts round to.
    package func agrees(with announced: Ticks) -> Bool {
        let difference = duration.microseconds - announced.microseconds
        return abs(difference) <= frame.microseconds + 1000
    }
}

extension Ticks {
    /// Rounded to the nearest; within 2^62, so that differences cannot overflow.
    package var microseconds: Int64 {
        min(max(rescaled(to: 1_000_000, rounding: .nearest).value, -(1 << 62)), 1 << 62)
    }

    /// Seconds with three decimals, for people.
    var seconds: String {
        let milliseconds = microseconds / 1000
        let rest = String(abs(milliseconds % 1000))
        return (milliseconds < 0 ? "-" : "") + "\(abs(milliseconds / 1000))."
            + String(repeating: "0", count: 3 - rest.count) + rest
    }
}
