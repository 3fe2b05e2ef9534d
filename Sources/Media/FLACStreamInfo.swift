/// STREAMINFO, the metadata block that describes a FLAC stream. RFC 9639, clause 8.2.
package struct FLACStreamInfo: Sendable, Equatable {
    /// The 34 bytes of the block, without its header.
    package let bytes: [UInt8]
    package let sampleRate: UInt32
    /// 1 to 8.
    package let channels: UInt8

    private static let size = 34

    /// - Parameter bytes: the block alone, as FFmpeg writes it, or behind `fLaC` and its header of four bytes and
    ///   followed by other blocks, as Enhanced RTMP has it.
    package init(parsing bytes: [UInt8]) throws(ParseError) {
        var block = bytes[...]
        if bytes.starts(with: Array("fLaC".utf8)) {
            guard bytes.count >= 8, bytes[4] & 0x7F == 0, bytes[5...7].elementsEqual([0, 0, UInt8(Self.size)]) else {
                throw ParseError(.invalid, at: 4, "the first metadata block is not STREAMINFO")
            }
            block = bytes[8...].prefix(Self.size)
        }
        guard block.count == Self.size else {
            throw ParseError(.truncated, at: 0, "STREAMINFO of \(block.count) bytes, not \(Self.size)")
        }
        self.bytes = Array(block)
        var bits = BitReader(self.bytes)
        try bits.skip(80)
        sampleRate = try bits.read(20)
        channels = UInt8(try bits.read(3)) + 1
        guard sampleRate > 0 else { throw ParseError(.invalid, at: 10, "a sample rate of 0") }
    }
}
