import Media

/// The NAL units of one picture, each behind a 4-byte length. ISO/IEC 14496-15:2022, clause 5.3.4.2.
struct NALAccessUnit: Equatable {
    enum Codec { case avc, hevc }

    let data: [UInt8]
    /// Whether decoding can begin here. H.264: at an IDR slice, NAL unit type 5; ITU-T H.264 (08/2021), table 7-1.
    /// HEVC: at any intra random access point; ITU-T H.265 (08/2021), table 7-1.
    ///
    /// The tag's frame type is not asked: encoders call every I picture a key frame.
    let isSync: Bool

    /// - Parameter lengthSize: bytes of a length field in `bytes`: 1, 2 or 4.
    /// - Throws: `.invalid` for a unit that is longer than what is left. Empty units are left out.
    init(reading bytes: [UInt8], _ codec: Codec, lengthSize: Int) throws(ParseError) {
        var isSync = false
        var mustRewrite = lengthSize != 4
        var units: [Range<Int>] = []
        var offset = 0
        while offset < bytes.count {
            guard bytes.count - offset >= lengthSize else {
                throw ParseError(.truncated, at: offset, "NAL unit length of \(lengthSize) bytes")
            }
            var length = 0
            for index in offset..<offset + lengthSize { length = length << 8 | Int(bytes[index]) }
            offset += lengthSize
            guard length <= bytes.count - offset else {
                throw ParseError(.invalid, at: offset, "NAL unit of \(length) bytes, \(bytes.count - offset) left")
            }
            if length == 0 {
                mustRewrite = true
            } else {
                if Self.isSync(bytes[offset], codec) { isSync = true }
                units.append(offset..<offset + length)
            }
            offset += length
        }
        self.isSync = isSync
        data = mustRewrite ? Self.rewritten(bytes, units) : bytes
    }

    private static func isSync(_ first: UInt8, _ codec: Codec) -> Bool {
        switch codec {
        case .avc: NALUnitHeader(first).type == .idrSlice
        case .hevc: HEVCNALUnitType(rawValue: first >> 1).isRandomAccessPoint
        }
    }

    private static func rewritten(_ bytes: [UInt8], _ units: [Range<Int>]) -> [UInt8] {
        var writer = ByteWriter(capacity: bytes.count + units.count * 4)
        for unit in units {
            writer.write(UInt32(clamping: unit.count))
            writer.write(bytes: bytes[unit])
        }
        return writer.bytes
    }
}
