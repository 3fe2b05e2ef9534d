package import Media

/// How the numbers of a channel's segments and their times go together.
///
/// A number counts segment durations from the epoch, plus an offset: 0 until a duration becomes longer, which makes
/// that count go back. From then on it is what keeps numbers rising (docs/decisions/0013).
package struct SegmentNumbering: Sendable, Equatable {
    package let duration: Ticks
    package let offset: UInt64

    package init(duration: Ticks, offset: UInt64 = 0) {
        self.duration = duration
        self.offset = offset
    }

    /// Offsets are multiples of this, so that two nodes whose profile changes within an hour or so agree on them.
    static let step: UInt64 = 1 << 20

    /// The numbering for another duration, of which nothing below `firstCount` durations from the epoch will be used,
    /// when numbers below `firstFree` are taken.
    static func following(_ firstFree: UInt64, duration: Ticks, firstCount: UInt64) -> SegmentNumbering {
        guard firstCount < firstFree else { return SegmentNumbering(duration: duration) }
        let (steps, rest) = (firstFree - firstCount).quotientAndRemainder(dividingBy: step)
        let (offset, overflow) = (steps + (rest > 0 ? 1 : 0)).multipliedReportingOverflow(by: step)
        return SegmentNumbering(duration: duration, offset: overflow ? .max : offset)
    }

    /// The number of a segment that so many durations from the epoch lie before. Saturates.
    package func number(ofCount count: UInt64) -> UInt64 {
        let (number, overflow) = count.addingReportingOverflow(offset)
        return overflow ? .max : number
    }

    /// How many durations from the epoch lie before a segment. Saturates.
    package func count(ofNumber number: UInt64) -> UInt64 { number > offset ? number - offset : 0 }

    /// The first segment whose nominal start is not before a time from the epoch. Saturates.
    package func firstNumber(from time: Ticks) -> UInt64 {
        guard duration.value > 0, time.value > 0, time.timescale > 0 else { return number(ofCount: 0) }
        // Both times in units of 1/(timescale x timescale).
        let (count, rest) = (Int128(time.value) * Int128(duration.timescale))
            .quotientAndRemainder(dividingBy: Int128(duration.value) * Int128(time.timescale))
        return number(ofCount: UInt64(clamping: rest == 0 ? count : count + 1))
    }

    /// The segment that a time from the epoch lies in. Saturates.
    package func number(at time: Ticks) -> UInt64 {
        guard duration.value > 0, time.value > 0, time.timescale > 0 else { return number(ofCount: 0) }
        let count =
            Int128(time.value) * Int128(duration.timescale) / (Int128(duration.value) * Int128(time.timescale))
        return number(ofCount: UInt64(clamping: count))
    }

    /// The nominal start of a segment from the epoch. Saturates.
    package func nominalStart(of number: UInt64) -> Ticks {
        let count = Int64(clamping: count(ofNumber: number))
        let (product, overflow) = count.multipliedReportingOverflow(by: duration.value)
        return Ticks(overflow ? .max : product, timescale: duration.timescale)
    }
}
