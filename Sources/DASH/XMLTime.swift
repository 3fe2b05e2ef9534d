internal import Media

/// Dates and durations as XML Schema writes them, by whole numbers alone.
///
/// XML Schema 1.1 part 2, clauses 3.3.6 (duration) and 3.3.7 (dateTime).
enum XMLTime {
    private static let nanoseconds: UInt32 = 1_000_000_000

    /// `PT6.006S`: seconds with as many decimals as needed, exact up to nine; never below 0.
    static func duration(_ time: Ticks) -> String {
        let time = time.value < 0 ? Ticks(0, timescale: 1) : time
        var seconds = time.rescaled(to: 1).value
        let rest = Ticks(time.value % Int64(time.timescale), timescale: time.timescale)
        var fraction = rest.rescaled(to: nanoseconds, rounding: .nearest).value
        if fraction == Int64(nanoseconds) {
            seconds += 1
            fraction = 0
        }
        guard fraction > 0 else { return "PT\(seconds)S" }
        var digits = Substring(padded(fraction, 9))
        while digits.last == "0" { digits.removeLast() }
        return "PT\(seconds).\(digits)S"
    }

    /// A duration in days, hours, minutes and seconds, as nanoseconds; years and months must be 0.
    static func parseDuration(_ text: String) -> Ticks? {
        guard text.hasPrefix("P") else { return nil }
        var total: Int64 = 0
        var isTime = false
        var number = ""
        var parts = 0
        for character in text.dropFirst() {
            if character == "T", !isTime, number.isEmpty {
                isTime = true
            } else if "0123456789.".contains(character) {
                number.append(character)
            } else {
                let scale: Int64? =
                    switch (character, isTime) {
                    case ("Y", false), ("M", false): number.allSatisfy { $0 == "0" } ? 0 : nil
                    case ("D", false): 86_400
                    case ("H", true): 3600
                    case ("M", true): 60
                    case ("S", true): 1
                    default: nil
                    }
                guard let scale, let value = nanoseconds(decimal: number, isFractional: character == "S") else {
                    return nil
                }
                let (product, overflows) = value.multipliedReportingOverflow(by: scale)
                let (sum, alsoOverflows) = total.addingReportingOverflow(product)
                guard !overflows, !alsoOverflows else { return nil }
                total = sum
                number = ""
                parts += 1
            }
        }
        return number.isEmpty && parts > 0 ? Ticks(total, timescale: nanoseconds) : nil
    }

    /// UTC with milliseconds where there are any, rounded down.
    static func dateTime(_ time: Ticks) -> String {
        let milliseconds = time.milliseconds
        let (days, ofDay) = floorDivide(milliseconds, 86_400_000)
        let (year, month, day) = civil(days)
        let seconds = ofDay / 1000
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(padded(seconds / 3600, 2)):"
            + "\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
            + (ofDay % 1000 > 0 ? ".\(padded(ofDay % 1000, 3))Z" : "Z")
    }

    /// A date and time with a fraction or none and `Z`, an offset, or nothing (taken for UTC), as milliseconds.
    static func parseDateTime(_ text: String) -> Ticks? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 19, bytes[4] == bytes[7], bytes[4] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T"), bytes[13] == bytes[16], bytes[13] == UInt8(ascii: ":")
        else { return nil }
        let numbers = [0..<4, 5..<7, 8..<10, 11..<13, 14..<16, 17..<19].compactMap { digits(bytes[$0]) }
        guard numbers.count == 6, (1...12).contains(numbers[1]), (1...31).contains(numbers[2]), numbers[3] < 24,
            numbers[4] < 60, numbers[5] <= 60
        else { return nil }
        var rest = bytes[19...]
        var milliseconds: Int64 = 0
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard let value = digits((Array(fraction) + [48, 48]).prefix(3)), !fraction.isEmpty else { return nil }
            milliseconds = value
            rest = rest.dropFirst(1 + fraction.count)
        }
        guard let offset = offset(Array(rest)) else { return nil }
        let days = days(numbers[0], numbers[1], numbers[2])
        let seconds = days * 86_400 + numbers[3] * 3600 + numbers[4] * 60 + numbers[5] - offset * 60
        return Ticks(seconds * 1000 + milliseconds, timescale: 1000)
    }

    /// Minutes east of UTC.
    private static func offset(_ bytes: [UInt8]) -> Int64? {
        if bytes.isEmpty || bytes == [UInt8(ascii: "Z")] { return 0 }
        guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"), let hours = digits(bytes[1..<3]),
            let minutes = digits(bytes[4..<6])
        else { return nil }
        switch bytes[0] {
        case UInt8(ascii: "+"): return hours * 60 + minutes
        case UInt8(ascii: "-"): return -(hours * 60 + minutes)
        default: return nil
        }
    }

    private static func nanoseconds(decimal text: String, isFractional: Bool) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = digits(Array(parts[0].utf8)[...]), parts.count == 1 || isFractional else { return nil }
        let fraction = parts.count > 1 ? Array(parts[1].utf8) : []
        guard let nanos = digits((fraction.prefix(9) + Array(repeating: 48, count: max(0, 9 - fraction.count)))[...])
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

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// The date of a day counted from 1970-01-01, in the Gregorian calendar: eras of 400 years from 1 March.
    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, ofEra) = floorDivide(days + 719_468, 146_097)
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let dayOfYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        )
    }

    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = floorDivide(year, 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
