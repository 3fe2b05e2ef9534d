internal import Media

/// A time since the Unix epoch as ISO 8601 text in UTC with milliseconds. RFC 8216, clause 4.3.2.6.
enum ProgramDateTime {
    /// Rounded down to the millisecond.
    static func text(_ time: Ticks) -> String {
        let milliseconds = time.milliseconds
        let (days, ofDay) = floorDivide(milliseconds, 86_400_000)
        let (year, month, day) = civil(days)
        let seconds = ofDay / 1000
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(padded(seconds / 3600, 2)):"
            + "\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2)).\(padded(ofDay % 1000, 3))Z"
    }

    /// A date and time with a fraction or none, and `Z` or an offset; digits beyond milliseconds are cut off.
    static func parse(_ text: Substring) -> Ticks? {
        var scanner = Scanner(text.utf8[...])
        guard let year = scanner.digits(4), scanner.skip("-"), let month = scanner.digits(2), scanner.skip("-"),
            let day = scanner.digits(2), scanner.skip("T"), let hour = scanner.digits(2), scanner.skip(":"),
            let minute = scanner.digits(2), scanner.skip(":"), let second = scanner.digits(2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        guard let milliseconds = scanner.fraction(), let offset = scanner.offset(), scanner.isAtEnd else { return nil }
        let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset * 60
        return Ticks(seconds * 1000 + milliseconds, timescale: 1000)
    }

    private struct Scanner {
        private var rest: Substring.UTF8View

        init(_ text: Substring.UTF8View) { rest = text }

        var isAtEnd: Bool { rest.isEmpty }

        mutating func digits(_ count: Int) -> Int64? {
            guard rest.count >= count, let value = UInt64(decimal: Substring(rest.prefix(count))) else { return nil }
            rest = rest.dropFirst(count)
            return Int64(exactly: value)
        }

        mutating func skip(_ character: Character) -> Bool {
            guard let byte = character.asciiValue, rest.first == byte else { return false }
            rest = rest.dropFirst()
            return true
        }

        /// Milliseconds; 0 where there is no fraction.
        mutating func fraction() -> Int64? {
            guard skip(".") else { return 0 }
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard !digits.isEmpty else { return nil }
            rest = rest.dropFirst(digits.count)
            return Int64(String(Substring(digits.prefix(3))) + String(repeating: "0", count: max(0, 3 - digits.count)))
        }

        /// Minutes east of UTC; a time without any zone is taken for UTC.
        mutating func offset() -> Int64? {
            if rest.isEmpty || skip("Z") { return 0 }
            let isEast = skip("+")
            guard isEast || skip("-"), let hours = digits(2) else { return nil }
            _ = skip(":")
            guard let minutes = rest.isEmpty ? 0 : digits(2) else { return nil }
            return (isEast ? 1 : -1) * (hours * 60 + minutes)
        }
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
