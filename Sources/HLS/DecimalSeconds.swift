internal import Media

/// Durations as decimal seconds, by whole numbers alone. RFC 8216, clauses 4.2 and 4.3.2.1.
enum DecimalSeconds {
    /// Six decimals, rounded to the nearest; never below 0.
    static func text(_ duration: Ticks) -> String {
        let microseconds = max(0, duration.rescaled(to: 1_000_000, rounding: .nearest).value)
        return fixed(UInt64(microseconds), decimals: 6)
    }

    /// A count of 10^-decimals as text with that many decimals.
    static func fixed(_ value: UInt64, decimals: Int) -> String {
        var scale: UInt64 = 1
        for _ in 0..<decimals { scale *= 10 }
        let (whole, fraction) = value.quotientAndRemainder(dividingBy: scale)
        // Zeros in front are those of a number that is longer by a digit, which becomes the point.
        var digits = Array(String(fraction + scale).utf8)
        digits[0] = UInt8(ascii: ".")
        return String(whole) + String(decoding: digits, as: UTF8.self)
    }

    /// Digits with at most one decimal point, as microseconds; digits beyond the sixth decimal are cut off.
    static func parse(_ text: some StringProtocol) -> Ticks? {
        fixed(text, decimals: 6).flatMap { Int64(exactly: $0) }.map { Ticks($0, timescale: 1_000_000) }
    }

    /// A decimal number as a count of 10^-decimals.
    static func fixed(_ text: some StringProtocol, decimals: Int) -> UInt64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = UInt64(decimal: parts[0]) else { return nil }
        var value = whole
        var fraction = parts.count > 1 ? Array(parts[1].utf8) : []
        guard fraction.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        fraction += repeatElement(UInt8(ascii: "0"), count: max(0, decimals - fraction.count))
        for digit in fraction.prefix(decimals) {
            let (tenfold, overflows) = value.multipliedReportingOverflow(by: 10)
            let (sum, alsoOverflows) = tenfold.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
            guard !overflows, !alsoOverflows else { return nil }
            value = sum
        }
        return value
    }
}
