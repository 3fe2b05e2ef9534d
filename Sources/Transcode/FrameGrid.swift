import Media

/// The fixed places of a rung's frames: number k lies k frame durations after the Unix epoch.
struct FrameGrid: Hashable, Sendable {
    let rate: FrameRate

    /// The frame's time in 90 kHz ticks, rounded down where a frame is not a whole number of ticks.
    func time(of index: Int64) -> Int64 {
        divided(Int128(index) * Int128(TimeMapping.timescale) * Int128(rate.denominator), by: Int128(rate.numerator))
    }

    var isWholeTicks: Bool {
        UInt64(TimeMapping.timescale) * UInt64(rate.denominator) % UInt64(rate.numerator) == 0
    }

    func duration(of index: Int64) -> UInt32 { UInt32(clamping: time(of: index + 1) - time(of: index)) }

    /// The frame at or before `time`, and how far `time` is past it in thousandths of a frame.
    func place(of time: Int64) -> (index: Int64, thousandths: Int64) {
        let thousandths = divided(
            Int128(time) * Int128(rate.numerator) * 1000, by: Int128(TimeMapping.timescale) * Int128(rate.denominator))
        let index = divided(Int128(thousandths), by: 1000)
        return (index, thousandths - index * 1000)
    }

    func nearest(to time: Int64) -> Int64 {
        let (index, thousandths) = place(of: time)
        return thousandths >= 500 ? index + 1 : index
    }

    /// The first frame whose time is not before `time`.
    func first(atOrAfter time: Int64) -> Int64 {
        let unit = Int128(TimeMapping.timescale) * Int128(rate.denominator)
        return divided(Int128(time) * Int128(rate.numerator) + unit - 1, by: unit)
    }

    /// Frames of a segment of about `seconds`: the nearest whole number.
    func frames(inSeconds seconds: UInt32) -> Int64 {
        let denominator = Int64(rate.denominator)
        return (Int64(seconds) * Int64(rate.numerator) * 2 + denominator) / (2 * denominator)
    }
}

/// Rounded down, also below zero; clamped to 64 bits.
func divided(_ dividend: Int128, by divisor: Int128) -> Int64 {
    let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
    return Int64(clamping: remainder < 0 ? quotient - 1 : quotient)
}
