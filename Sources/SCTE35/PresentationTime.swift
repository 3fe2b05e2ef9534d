/// A time on a transport stream's 90 kHz clock of 33 bits, which wraps every 26.5 hours. SCTE 35 2023r1, clause 9.8.1.
package struct PresentationTime: Sendable, Hashable {
    /// One more than the greatest value: 2^33.
    package static let modulus: UInt64 = 1 << 33

    /// 0 to 2^33 - 1.
    package let value: UInt64

    /// - Parameter value: any count of ticks; its lower 33 bits are taken.
    package init(_ value: UInt64) { self.value = value & (Self.modulus - 1) }

    /// The time of a clock of 64 bits, as it is on this one.
    package init(ticks: Int64) { self.init(UInt64(bitPattern: ticks)) }

    /// Later by as many ticks, past the wrap too.
    package static func + (left: PresentationTime, right: UInt64) -> PresentationTime {
        PresentationTime(left.value &+ right)
    }

    /// How much later this is than another, the shorter way round: -2^32 to 2^32 - 1 ticks.
    package func distance(from other: PresentationTime) -> Int64 {
        let difference = Int64((value &- other.value) & (Self.modulus - 1))
        return difference < Int64(Self.modulus / 2) ? difference : difference - Int64(Self.modulus)
    }
}
