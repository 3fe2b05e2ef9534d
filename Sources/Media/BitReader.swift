/// Reads bits, most significant first, from bytes that it owns; Exp-Golomb codes as H.264 writes them.
package struct BitReader: Sendable {
    private let bytes: [UInt8]
    /// Bits read so far.
    package private(set) var position: Int = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var remaining: Int { bytes.count * 8 - position }

    /// - Parameter count: 0 to 32 bits.
    package mutating func read(_ count: Int) throws(ParseError) -> UInt32 {
        precondition((0...32).contains(count), "0 to 32 bits at a time")
        guard count <= remaining else {
            throw ParseError(.truncated, at: position / 8, "\(count) bits wanted, \(remaining) left")
        }
        var value: UInt32 = 0
        var left = count
        while left > 0 {
            let free = 8 - position % 8
            let take = min(free, left)
            let chunk = UInt32(bytes[position / 8]) >> UInt32(free - take) & (1 << UInt32(take) - 1)
            value = (take == 32 ? 0 : value << UInt32(take)) | chunk
            position += take
            left -= take
        }
        return value
    }

    package mutating func readFlag() throws(ParseError) -> Bool { try read(1) == 1 }

    package mutating func skip(_ count: Int) throws(ParseError) {
        guard count >= 0, count <= remaining else {
            throw ParseError(.truncated, at: position / 8, "\(count) bits wanted, \(remaining) left")
        }
        position += count
    }

    /// ue(v). ITU-T H.264 (08/2021), clause 9.1.
    package mutating func readUnsignedExpGolomb() throws(ParseError) -> UInt32 {
        var zeros = 0
        while try !readFlag() {
            zeros += 1
            guard zeros <= 31 else { throw ParseError(.invalid, at: position / 8, "Exp-Golomb code above 32 bits") }
        }
        return (1 << UInt32(zeros)) - 1 + (try read(zeros))
    }

    /// se(v). ITU-T H.264 (08/2021), clause 9.1.1.
    package mutating func readSignedExpGolomb() throws(ParseError) -> Int32 {
        let code = Int64(try readUnsignedExpGolomb())
        return Int32(code % 2 == 1 ? (code + 1) / 2 : -(code / 2))
    }
}
