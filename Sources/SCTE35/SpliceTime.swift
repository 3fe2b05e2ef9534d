import Media

/// `splice_time()`. SCTE 35 2023r1, clause 9.8.1.
package struct SpliceTime: Sendable, Hashable {
    /// Before the section's adjustment; nil: as soon as it can be done.
    package var time: PresentationTime?

    package init(_ time: PresentationTime?) { self.time = time }

    @_lifetime(reader: copy reader)
    init(reading reader: inout ByteReader) throws(ParseError) {
        guard try reader.peek() & 0x80 != 0 else {
            try reader.skip(1)
            time = nil
            return
        }
        time = PresentationTime(try reader.readInteger(5))
    }

    func write(to writer: inout ByteWriter) {
        guard let time else { return writer.write(0x7F as UInt8) }
        writer.write(integer: 0xFE << 32 | time.value, size: 5)
    }
}

/// `break_duration()`. SCTE 35 2023r1, clause 9.8.2.
package struct BreakDuration: Sendable, Hashable {
    /// The break ends by itself when it has lasted so long; else the duration is a hint.
    package var returnsByItself: Bool
    /// In ticks of 90 kHz, 33 bits.
    package var ticks: UInt64

    package init(ticks: UInt64, returnsByItself: Bool) {
        self.ticks = ticks & (PresentationTime.modulus - 1)
        self.returnsByItself = returnsByItself
    }

    @_lifetime(reader: copy reader)
    init(reading reader: inout ByteReader) throws(ParseError) {
        let bits = try reader.readInteger(5)
        self.init(ticks: bits, returnsByItself: bits >> 39 == 1)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(integer: (returnsByItself ? 0xFE : 0x7E) << 32 | ticks, size: 5)
    }
}
