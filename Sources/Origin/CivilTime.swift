/// A time of day in UTC, taken apart by Howard Hinnant's days-to-civil arithmetic.
struct CivilTime {
    private let year: Int64
    private let month: Int64
    private let day: Int64
    private let weekday: Int
    private let secondOfDay: Int64
    private let millisecond: Int64

    init(epochMilliseconds: Int64) {
        let epochSeconds = Self.floored(epochMilliseconds, by: 1000)
        let days = Self.floored(epochSeconds, by: 86400)
        millisecond = epochMilliseconds - epochSeconds * 1000
        secondOfDay = epochSeconds - days * 86400
        weekday = Int(((days + 4) % 7 + 7) % 7)
        let shifted = days + 719_468
        let era = Self.floored(shifted, by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
        month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// `Sat, 21 Nov 2026 00:30:00 GMT`. RFC 9110, clause 5.6.7.
    var imfFixdate: String {
        let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return "\(weekdays[weekday]), \(Self.two(day)) \(months[Int(month - 1)]) \(year) \(clock) GMT"
    }

    /// `2026-11-21T00:30:00.000Z`
    var iso8601: String {
        let fraction = String(millisecond + 1000).dropFirst()
        return "\(year)-\(Self.two(month))-\(Self.two(day))T\(clock).\(fraction)Z"
    }

    private var clock: String {
        "\(Self.two(secondOfDay / 3600)):\(Self.two(secondOfDay / 60 % 60)):\(Self.two(secondOfDay % 60))"
    }

    private static func floored(_ value: Int64, by divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : (value - divisor + 1) / divisor
    }

    private static func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
}

/// The Date header's text, made once a second.
struct HTTPDate {
    private var second: Int64 = -1
    private var cached = ""

    mutating func text(epochSeconds: Int64) -> String {
        if epochSeconds != second {
            second = epochSeconds
            cached = CivilTime(epochMilliseconds: epochSeconds * 1000).imfFixdate
        }
        return cached
    }
}
