import Foundation
import Media
import Testing

@testable import Origin

/// RFC 9110, clause 5.6.7, and ISO 8601, against Foundation's calendar.
@Suite struct HTTPDateTests {
    @Test(
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_600_000_000, "Sun, 13 Sep 2020 12:26:40 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        ] as [(Int64, String)]) func knownTimes(_ seconds: Int64, _ text: String)
    {
        var date = HTTPDate()
        #expect(date.text(epochSeconds: seconds) == text)
        #expect(date.text(epochSeconds: seconds) == text)
        #expect(date.text(epochSeconds: seconds &+ 86400) != text)
    }

    @Test func everyDayOfTwoCenturies() {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        for day in stride(from: -36_500 as Int64, to: 36_500, by: 7) {
            let milliseconds = day * 86_400_000 + 45_296_789
            let parts = calendar.dateComponents(
                [.year, .month, .day], from: Date(timeIntervalSince1970: Double(milliseconds) / 1000))
            guard let year = parts.year, let month = parts.month, let number = parts.day else {
                Issue.record("no date for day \(day)")
                continue
            }
            let text = CivilTime(epochMilliseconds: milliseconds).iso8601
            func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
            #expect(text == "\(year)-\(two(month))-\(two(number))T12:34:56.789Z")
        }
    }
}
