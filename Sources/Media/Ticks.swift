/// A time or a duration as a whole number of ticks of a clock with `timescale` ticks a second.
///
/// Media times in Sluice count from the Unix epoch. 64 bits at 90 kHz last three million years.
package struct Ticks: Hashable, Sendable, Codable, CustomStringConvertible {
    package var value: Int64
    /// Ticks a second; never 0.
    package var timescale: UInt32

    package init(_ value: Int64, timescale: UInt32) {
        precondition(timescale > 0, "a timescale is at least 1")
        self.value = value
        self.timescale = timescale
    }

    package enum Rounding: Sendable { case down, up, nearest }

    /// The same time on another clock, by 128-bit products. Results outside 64 bits saturate.
    package func rescaled(to other: UInt32, rounding: Rounding = .down) -> Ticks {
        precondition(other > 0, "a timescale is at least 1")
        if other == timescale { return self }
        let (product, isWide) = value.multipliedReportingOverflow(by: Int64(other))
        // Mostly they fit 64 bits, whose division takes a tenth of the time.
        let quotient =
            isWide
            ? Int64(clamping: Self.divide(Int128(value) * Int128(other), by: Int128(timescale), rounding))
            : Self.divide(product, by: Int64(timescale), rounding)
        return Ticks(quotient, timescale: other)
    }

    /// - Parameter divisor: above 0 and below 2^32.
    private static func divide<Value: FixedWidthInteger>(
        _ product: Value, by divisor: Value, _ rounding: Rounding
    ) -> Value {
        var (quotient, remainder) = product.quotientAndRemainder(dividingBy: divisor)
        if remainder < 0 {
            quotient -= 1
            remainder += divisor
        }
        switch rounding {
        case .down: break
        case .up: if remainder > 0 { quotient += 1 }
        case .nearest: if remainder * 2 >= divisor { quotient += 1 }
        }
        return quotient
    }

    /// Milliseconds, rounded down; for logs and wire formats that count in them.
    package var milliseconds: Int64 { rescaled(to: 1000).value }

    package var description: String { "\(value)/\(timescale)" }
}

extension Ticks {
    /// Whether both mean the same time, on whatever clock; `==` wants the same clock too.
    package func isSameTime(as other: Ticks) -> Bool { !(self < other) && !(other < self) }

    private enum CodingKeys: String, CodingKey { case value, timescale }

    /// A file may hold anything: a timescale of 0 is an error of its format.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let timescale = try container.decode(UInt32.self, forKey: .timescale)
        guard timescale > 0 else {
            throw DecodingError.dataCorruptedError(forKey: .timescale, in: container, debugDescription: "0")
        }
        self.init(try container.decode(Int64.self, forKey: .value), timescale: timescale)
    }
}

extension Ticks: Comparable {
    package static func < (left: Ticks, right: Ticks) -> Bool {
        Int128(left.value) * Int128(right.timescale) < Int128(right.value) * Int128(left.timescale)
    }
}
