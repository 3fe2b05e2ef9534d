/// A time since the Unix epoch as date and time of day in UTC, Gregorian calendar.
package struct CivilTime: Sendable, Hashable {
    package let epochMilliseconds: Int64

    package init(epochMilliseconds: Int64) { self.epochMilliseconds = epochMilliseconds }

    /// Rounded down to the millisecond.
    package init(_ time: Ticks) { self.init(epochMilliseconds: time.milliseconds) }

    package var ticks: Ticks { Ticks(epochMilliseconds, timescale: 1000) }

    /// `2026-11-21T00:30:00.000Z`. ISO 8601, as RFC 8216, clause 4.3.2.6, wants it.
    package var iso8601: String { dateAndTime(hasFraction: true) }

    /// The same without a fraction where it is 0. XML Schema 1.1 part 2, clause 3.3.7.
    package var xmlDateTime: String { dateAndTime(hasFraction: ofDay % 1000 > 0) }

    /// `Sat, 21 Nov 2026 00:30:00 GMT`. RFC 9110, clause 5.6.7.
    package var imfFixdate: String {
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let weekday = Int(Self.floorDivide(days, 7).remainder)
        let (year, month, day) = date
        return "\(weekdays[weekday]), \(Self.padded(day, 2)) \(months[Int(month - 1)]) \(year) \(clock) GMT"
    }

    /// Reads a date and time with a fraction or none and `Z`, an offset, or nothing (taken for UTC); digits beyond
    /// milliseconds are cut off. Nil for anything else.
    package init?(parsing text: some StringProtocol) {
        var scanner = Scanner(Array(text.utf8))
        guard let year = scanner.digits(4), scanner.skip("-"), let month = scanner.digits(2), scanner.skip("-"),
            let day = scanner.digits(2), scanner.skip("T"), let hour = scanner.digits(2), scanner.skip(":"),
            let minute = scanner.digits(2), scanner.skip(":"), let second = scanner.digits(2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60,
            let milliseconds = scanner.fraction(), let offset = scanner.offset(), scanner.isAtEnd
        else { return nil }
        let seconds = Self.days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset * 60
        self.init(epochMilliseconds: seconds * 1000 + milliseconds)
    }

    private var days: Int64 { Self.floorDivide(epochMilliseconds, 86_400_000).quotient }
    private var ofDay: Int64 { Self.floorDivide(epochMilliseconds, 86_400_000).remainder }

    private func dateAndTime(hasFraction: Bool) -> String {
        let (year, month, day) = date
        let ofDay = ofDay
        let seconds = ofDay / 1000
        guard (0...9999).contains(year) else {
            let fraction = hasFraction ? "." + Self.padded(ofDay % 1000, 3) : ""
            return "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(day, 2))T\(clock)\(fraction)Z"
        }
        let length = hasFraction ? 24 : 20
        return unsafe String(unsafeUninitializedCapacity: length) { text in
            var place = 0
            func write(_ value: Int64, _ width: Int, _ after: Unicode.Scalar) {
                var rest = value
                for digit in (place..<place + width).reversed() {
                    unsafe text[digit] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                    rest /= 10
                }
                unsafe text[place + width] = UInt8(ascii: after)
                place += width + 1
            }
            write(year, 4, "-")
            write(month, 2, "-")
            write(day, 2, "T")
            write(seconds / 3600, 2, ":")
            write(seconds / 60 % 60, 2, ":")
            write(seconds % 60, 2, hasFraction ? "." : "Z")
            if hasFraction { write(ofDay % 1000, 3, "Z") }
            return length
        }
    }

    private var clock: String {
        let seconds = ofDay / 1000
        return [seconds / 3600, seconds / 60 % 60, seconds % 60].map { Self.padded($0, 2) }.joined(separator: ":")
    }

    /// Eras of 400 years from 1 March.
    private var date: (year: Int64, month: Int64, day: Int64) {
        let (era, ofEra) = Self.floorDivide(days + 719_468, 146_097)
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

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private struct Scanner {
        private let bytes: [UInt8]
        private var place = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { place == bytes.count }

        mutating func digits(_ count: Int) -> Int64? {
            guard bytes.count - place >= count else { return nil }
            var value: Int64 = 0
            for byte in bytes[place..<place + count] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            place += count
            return value
        }

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard place < bytes.count, bytes[place] == UInt8(ascii: character) else { return false }
            place += 1
            return true
        }

        /// Milliseconds; 0 where there is no fraction.
        mutating func fraction() -> Int64? {
            guard skip(".") else { return 0 }
            var value: Int64 = 0
            var count = 0
            while let digit = digits(1) {
                if count < 3 { value = value * 10 + digit }
                count += 1
            }
            guard count > 0 else { return nil }
            for _ in count..<max(3, count) { value *= 10 }
            return value
        }

        /// Minutes east of UTC.
        mutating func offset() -> Int64? {
            if isAtEnd || skip("Z") { return 0 }
            let isEast = skip("+")
            guard isEast || skip("-"), let hours = digits(2) else { return nil }
            _ = skip(":")
            guard let minutes = isAtEnd ? 0 : digits(2) else { return nil }
            return (isEast ? 1 : -1) * (hours * 60 + minutes)
        }
    }
}
