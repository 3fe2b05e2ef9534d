internal import Media

/// Dates and durations as XML Schema writes them, by whole numbers alone.
///
/// XML Schema 1.1 part 2, clauses 3.3.6 (duration) and 3.3.7 (dateTime).
enum XMLTime {
    private static let nanoseconds: UInt32 = 1_000_000_000

    /// `PT6.006S`: seconds with as many decimals as needed, exact up to nine; never below 0.
    static func duration(_ time: Ticks) -> String { "PT" + seconds(time) + "S" }

    /// `6.006`: seconds as a decimal number, as above.
    static func seconds(_ time: Ticks) -> String {
        let time = time.value < 0 ? Ticks(0, timescale: 1) : time
        var seconds = time.rescaled(to: 1).value
        let rest = Ticks(time.value % Int64(time.timescale), timescale: time.timescale)
        var fraction = rest.rescaled(to: nanoseconds, rounding: .nearest).value
        if fraction == Int64(nanoseconds) {
            seconds += 1
            fraction = 0
        }
        guard fraction > 0 else { return String(seconds) }
        var digits = Substring(padded(fraction, 9))
        while digits.last == "0" { digits.removeLast() }
        return String(seconds) + "." + digits
    }

    /// A duration in days, hours, minutes and seconds, as nanoseconds; years and months must be 0.
    static func parseDuration(_ text: String) -> Ticks? {
        let bytes = Array(text.utf8)
        guard bytes.first == UInt8(ascii: "P") else { return nil }
        var total: Int64 = 0
        var isTime = false
        var number: ArraySlice<UInt8> = []
        var parts = 0
        for (place, byte) in bytes.enumerated().dropFirst() {
            switch byte {
            case UInt8(ascii: "T") where !isTime && number.isEmpty: isTime = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."):
                number = bytes[place - number.count...place]
            default:
                let scale: Int64? =
                    switch (byte, isTime) {
                    case (UInt8(ascii: "Y"), false), (UInt8(ascii: "M"), false):
                        number.allSatisfy { $0 == UInt8(ascii: "0") } ? 0 : nil
                    case (UInt8(ascii: "D"), false): 86_400
                    case (UInt8(ascii: "H"), true): 3600
                    case (UInt8(ascii: "M"), true): 60
                    case (UInt8(ascii: "S"), true): 1
                    default: nil
                    }
                guard let scale, let value = nanoseconds(number, isFractional: byte == UInt8(ascii: "S")) else {
                    return nil
                }
                let (product, overflows) = value.multipliedReportingOverflow(by: scale)
                let (sum, alsoOverflows) = total.addingReportingOverflow(product)
                guard !overflows, !alsoOverflows else { return nil }
                total = sum
                number = []
                parts += 1
            }
        }
        return number.isEmpty && parts > 0 ? Ticks(total, timescale: nanoseconds) : nil
    }

    /// UTC with milliseconds where there are any, rounded down.
    static func dateTime(_ time: Ticks) -> String { CivilTime(time).xmlDateTime }

    /// A date and time with a fraction or none and `Z`, an offset, or nothing (taken for UTC), as milliseconds.
    static func parseDateTime(_ text: String) -> Ticks? { CivilTime(parsing: text)?.ticks }

    private static func nanoseconds(_ text: ArraySlice<UInt8>, isFractional: Bool) -> Int64? {
        let point = text.firstIndex(of: UInt8(ascii: "."))
        guard let whole = digits(text[..<(point ?? text.endIndex)]), point == nil || isFractional else { return nil }
        let fraction = point.map { text[($0 + 1)...] } ?? []
        guard let nanos = digits(fraction.prefix(9) + Array(repeating: 48, count: max(0, 9 - fraction.count)))
        else { return nil }
        let (product, overflows) = whole.multipliedReportingOverflow(by: Int64(nanoseconds))
        let (sum, alsoOverflows) = product.addingReportingOverflow(nanos)
        return overflows || alsoOverflows ? nil : sum
    }

    /// Up to 18 decimal digits, and nothing else.
    private static func digits(_ bytes: ArraySlice<UInt8>) -> Int64? {
        guard (1...18).contains(bytes.count) else { return nil }
        var value: Int64 = 0
        for byte in bytes {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return value
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
