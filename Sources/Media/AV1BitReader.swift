/// Reads the bits of an OBU where they lie, most significant first. AV1 Bitstream & Decoding Process Specification
/// (2019, errata 1), clause 4.10.
package struct AV1BitReader: ~Escapable {
    private let span: Span<UInt8>
    /// Bits read so far.
    package private(set) var position = 0

    @_lifetime(copy span)
    package init(_ span: Span<UInt8>) { self.span = span }

    /// Bytes read so far; one that is read in part counts.
    package var byteCount: Int { (position + 7) / 8 }

    /// f(n), 0 to 32 bits.
    @_lifetime(self: copy self)
    package mutating func read(_ count: Int) throws(ParseError) -> UInt32 {
        precondition((0...32).contains(count), "0 to 32 bits at a time")
        guard count <= span.count * 8 - position else {
            throw ParseError(.truncated, at: position / 8, "the OBU ends within its syntax")
        }
        var value: UInt64 = 0
        var wanted = count
        while wanted > 0 {
            let left = 8 - position % 8
            let take = min(left, wanted)
            let chunk = UInt64(span[position / 8]) >> UInt64(left - take) & (1 << UInt64(take) - 1)
            value = value << UInt64(take) | chunk
            position += take
            wanted -= take
        }
        return UInt32(truncatingIfNeeded: value)
    }

    @_lifetime(self: copy self)
    package mutating func readFlag() throws(ParseError) -> Bool { try read(1) == 1 }

    /// su(n), 2 to 32 bits with the sign.
    @_lifetime(self: copy self)
    package mutating func readSigned(_ count: Int) throws(ParseError) -> Int {
        let value = Int(try read(count))
        let sign = 1 << (count - 1)
        return value & sign == 0 ? value : value - 2 * sign
    }

    /// ns(n): a value below `bound`, which is at least 1.
    @_lifetime(self: copy self)
    package mutating func readBelow(_ bound: Int) throws(ParseError) -> Int {
        precondition(bound >= 1, "one value at least")
        let width = Int.bitWidth - bound.leadingZeroBitCount
        let short = (1 << width) - bound
        let value = Int(try read(width - 1))
        return value < short ? value : (value << 1) - short + Int(try read(1))
    }

    /// uvlc(): its value does not matter anywhere but its length does.
    @_lifetime(self: copy self)
    package mutating func skipVariableLength() throws(ParseError) {
        var zeros = 0
        while try !readFlag() { zeros += 1 }
        if zeros < 32 { _ = try read(zeros) }
    }

    @_lifetime(self: copy self)
    package mutating func alignToByte() { position = byteCount * 8 }
}
