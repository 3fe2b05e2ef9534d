import Media

/// Times as a transport stream counts them: 90 kHz, wrapped to 33 bits only where they are written.
///
/// ISO/IEC 13818-1:2022, clauses 2.4.3.5 (PCR) and 2.4.3.7 (PTS, DTS).
enum TransportTime {
    static let timescale: UInt32 = 90_000
    static let mask: Int64 = 1 << 33 - 1

    /// Ticks at 90 kHz, rounded to the nearest; nil where 2^60 is passed, so that sums cannot overflow.
    static func ticks(_ value: Int64, timescale from: UInt32) -> Int64? {
        let value = Ticks(value, timescale: from).rescaled(to: timescale, rounding: .nearest).value
        return (-(1 << 60)...(1 << 60)).contains(value) ? value : nil
    }

    /// The five bytes of a PTS or DTS behind its 4-bit prefix.
    static func timestamp(_ time: Int64, prefix: UInt8) -> [UInt8] {
        let time = time & mask
        return [
            prefix << 4 | UInt8(truncatingIfNeeded: time >> 29) & 0x0E | 1,
            UInt8(truncatingIfNeeded: time >> 22),
            UInt8(truncatingIfNeeded: time >> 14) | 1,
            UInt8(truncatingIfNeeded: time >> 7),
            UInt8(truncatingIfNeeded: time << 1) | 1,
        ]
    }

    /// The six bytes of a PCR without a 27 MHz part.
    static func clockReference(_ time: Int64) -> [UInt8] {
        let time = time & mask
        return [
            UInt8(truncatingIfNeeded: time >> 25), UInt8(truncatingIfNeeded: time >> 17),
            UInt8(truncatingIfNeeded: time >> 9), UInt8(truncatingIfNeeded: time >> 1),
            UInt8(truncatingIfNeeded: time << 7) | 0x7E, 0,
        ]
    }
}
