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
        var length = decimals + 2
        var rest = value
        for _ in 0..<decimals { rest /= 10 }
        while rest >= 10 {
            rest /= 10
            length += 1
        }
        return unsafe String(unsafeUninitializedCapacity: length) { digits in
            var rest = value
            for place in (0..<length).reversed() {
                if place == length - 1 - decimals {
                    unsafe digits[place] = UInt8(ascii: ".")
                } else {
                    unsafe digits[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                }
            }
            return length
        }
    }

    /// Digits with at most one decimal point, as microseconds; digits beyond the sixth decimal are cut off.
    static func parse(_ text: some StringProtocol) -> Ticks? {
        fixed(text, decimals: 6).flatMap { Int64(exactly: $0) }.map { Ticks($0, timescale: 1_000_000) }
    }

    /// A decimal number as a count of 10^-decimals.
    static func fixed(_ text: some StringProtocol, decimals: Int) -> UInt64? {
        var value: UInt64 = 0
        var (hasWhole, isFraction) = (false, false)
        var missing = decimals
        for byte in text.utf8 {
            if byte == UInt8(ascii: "."), hasWhole, !isFraction {
                isFraction = true
                continue
            }
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            if isFraction {
                guard missing > 0 else { continue }
                missing -= 1
            }
            hasWhole = true
            guard let next = appending(byte - UInt8(ascii: "0"), to: value) else { return nil }
            value = next
        }
        guard hasWhole else { return nil }
        for _ in 0..<missing {
            guard let next = appending(0, to: value) else { return nil }
            value = next
        }
        return value
    }

    /// Nil beyond 64 bits.
    private static func appending(_ digit: UInt8, to value: UInt64) -> UInt64? {
        let (tenfold, overflows) = value.multipliedReportingOverflow(by: 10)
        let (sum, alsoOverflows) = tenfold.addingReportingOverflow(UInt64(digit))
        return overflows || alsoOverflows ? nil : sum
    }
}
