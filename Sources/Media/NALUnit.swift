/// The type of an H.264 NAL unit. ITU-T H.264 (08/2021), table 7-1.
package struct NALUnitType: RawRepresentable, Hashable, Sendable {
    /// 0 to 31.
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue & 0x1F }

    package static let slice = NALUnitType(rawValue: 1)
    package static let sliceDataPartitionA = NALUnitType(rawValue: 2)
    package static let sliceDataPartitionB = NALUnitType(rawValue: 3)
    package static let sliceDataPartitionC = NALUnitType(rawValue: 4)
    package static let idrSlice = NALUnitType(rawValue: 5)
    package static let supplementalEnhancementInformation = NALUnitType(rawValue: 6)
    package static let sequenceParameterSet = NALUnitType(rawValue: 7)
    package static let pictureParameterSet = NALUnitType(rawValue: 8)
    package static let accessUnitDelimiter = NALUnitType(rawValue: 9)
    package static let auxiliarySlice = NALUnitType(rawValue: 19)
    package static let sliceExtension = NALUnitType(rawValue: 20)
    package static let depthSliceExtension = NALUnitType(rawValue: 21)

    /// Whether it holds coded picture data of any profile or extension.
    package var holdsPictureData: Bool {
        switch rawValue {
        case 1...5, 19...21: true
        default: false
        }
    }
}

/// The first byte of an H.264 NAL unit. ITU-T H.264 (08/2021), clause 7.3.1.
package struct NALUnitHeader: Hashable, Sendable {
    /// nal_ref_idc, 0 to 3; 0 where no other picture refers to this one.
    package let referenceIDC: UInt8
    package let type: NALUnitType

    package init(_ byte: UInt8) {
        referenceIDC = byte >> 5 & 3
        type = NALUnitType(rawValue: byte)
    }
}

/// Steps through the NAL units of a sample, each behind its length. ISO/IEC 14496-15:2022, clause 5.3.4.2.
package struct NALUnitCursor: Sendable {
    /// Bytes of a length field: 1, 2 or 4.
    package let lengthSize: Int
    /// Where the next length field starts.
    package private(set) var offset = 0

    package init(lengthSize: Int) {
        precondition([1, 2, 4].contains(lengthSize), "a length field of 1, 2 or 4 bytes")
        self.lengthSize = lengthSize
    }

    /// The bytes of the next NAL unit without its length field, or nil at the end; empty ones are given too.
    package mutating func next(in sample: Span<UInt8>) throws(ParseError) -> Range<Int>? {
        guard offset < sample.count else { return nil }
        guard sample.count - offset >= lengthSize else {
            throw ParseError(.truncated, at: offset, "NAL unit length of \(lengthSize) bytes wanted")
        }
        var length = 0
        for index in offset..<offset + lengthSize { length = length << 8 | Int(sample[index]) }
        let start = offset + lengthSize
        guard length <= sample.count - start else {
            throw ParseError(.truncated, at: offset, "NAL unit of \(length) bytes, \(sample.count - start) left")
        }
        offset = start + length
        return start..<offset
    }
}

/// Reads the bits of a NAL unit's payload where they lie, stepping over emulation prevention bytes.
/// ITU-T H.264 (08/2021), clauses 7.3.1 and 7.4.1.1.
///
/// Bytes are taken one at a time and only when their bits are wanted, so `rawByteCount` says exactly
/// how far into the NAL unit the syntax read so far reaches.
package struct RBSPReader: ~Escapable {
    private let nal: Span<UInt8>
    /// Bytes of the NAL unit touched so far: its header and emulation prevention bytes included.
    package private(set) var rawByteCount: Int
    /// Payload bits read so far; means nothing after a read that threw.
    package private(set) var bitCount = 0
    private var zeros = 0
    private var current: UInt8 = 0
    private var left = 0

    /// - Parameters:
    ///   - nal: a NAL unit with its header.
    ///   - headerSize: bytes before the payload; 1 in H.264.
    @_lifetime(copy nal)
    package init(_ nal: Span<UInt8>, headerSize: Int = 1) {
        self.nal = nal
        rawByteCount = min(headerSize, nal.count)
    }

    @_lifetime(self: copy self)
    private mutating func load() throws(ParseError) {
        guard rawByteCount < nal.count else {
            throw ParseError(.truncated, at: rawByteCount, "the NAL unit ends within its syntax")
        }
        var byte = nal[rawByteCount]
        rawByteCount += 1
        if zeros >= 2, byte == 3 {
            guard rawByteCount < nal.count else {
                throw ParseError(.truncated, at: rawByteCount, "the NAL unit ends within its syntax")
            }
            byte = nal[rawByteCount]
            rawByteCount += 1
            zeros = 0
        }
        zeros = byte == 0 ? zeros + 1 : 0
        current = byte
        left = 8
    }

    /// - Parameter count: 0 to 32 bits.
    @_lifetime(self: copy self)
    package mutating func read(_ count: Int) throws(ParseError) -> UInt32 {
        precondition((0...32).contains(count), "0 to 32 bits at a time")
        bitCount += count
        if count <= left, count < 8 {  // most fields of a slice header
            left -= count
            return UInt32(current >> UInt8(left)) & (1 << UInt32(count) - 1)
        }
        var value: UInt64 = 0
        var wanted = count
        while wanted > 0 {
            if left == 0 { try load() }
            let take = min(left, wanted)
            left -= take
            wanted -= take
            value = value << UInt64(take) | UInt64(current >> UInt8(left)) & (1 << UInt64(take) - 1)
        }
        return UInt32(truncatingIfNeeded: value)
    }

    @_lifetime(self: copy self)
    package mutating func readFlag() throws(ParseError) -> Bool { try read(1) == 1 }

    /// ue(v), 0 to 2^32 - 2. ITU-T H.264 (08/2021), clause 9.1.
    @_lifetime(self: copy self)
    package mutating func readUnsignedExpGolomb() throws(ParseError) -> UInt32 {
        var length = 0  // of the code's second half: its leading zeros
        while true {
            if left == 0 { try load() }
            let zeros = min((current << UInt8(8 - left)).leadingZeroBitCount, left)
            length += zeros
            left -= zeros
            guard length <= 31 else { throw ParseError(.invalid, at: rawByteCount, "Exp-Golomb code above 32 bits") }
            if left > 0 { break }
        }
        left -= 1
        bitCount += length + 1
        return (1 << UInt32(length)) - 1 + (try read(length))
    }

    /// ue(v) that the standard bounds.
    @_lifetime(self: copy self)
    package mutating func readUnsignedExpGolomb(
        upTo limit: UInt32, _ name: StaticString
    ) throws(ParseError) -> UInt32 {
        let value = try readUnsignedExpGolomb()
        guard value <= limit else { throw ParseError(.invalid, at: rawByteCount, "\(name) \(value) above \(limit)") }
        return value
    }

    /// se(v). ITU-T H.264 (08/2021), clause 9.1.1.
    @_lifetime(self: copy self)
    package mutating func readSignedExpGolomb() throws(ParseError) -> Int32 {
        let code = Int64(try readUnsignedExpGolomb())
        return Int32(truncatingIfNeeded: code % 2 == 1 ? (code + 1) / 2 : -(code / 2))
    }
}
