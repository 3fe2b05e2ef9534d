/// The type of an open bitstream unit. AV1 specification, clause 6.2.2.
package struct AV1OBUType: RawRepresentable, Hashable, Sendable {
    /// 0 to 15.
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue & 15 }

    package static let sequenceHeader = AV1OBUType(rawValue: 1)
    package static let temporalDelimiter = AV1OBUType(rawValue: 2)
    package static let frameHeader = AV1OBUType(rawValue: 3)
    package static let tileGroup = AV1OBUType(rawValue: 4)
    package static let metadata = AV1OBUType(rawValue: 5)
    package static let frame = AV1OBUType(rawValue: 6)
    package static let redundantFrameHeader = AV1OBUType(rawValue: 7)
    package static let tileList = AV1OBUType(rawValue: 8)
    package static let padding = AV1OBUType(rawValue: 15)
}

/// Where one OBU lies among the bytes of a sample. AV1 specification, clause 5.3.
package struct AV1OBU: Hashable, Sendable {
    package let type: AV1OBUType
    package let temporalID: UInt8
    package let spatialID: UInt8
    /// What comes after header and size, of the bytes that the cursor steps through.
    package let payload: Range<Int>
}

/// Steps through the OBUs of a sample or of `configOBUs`. AV1 Codec ISO Media File Format Binding v1.2, clause 2.4:
/// each has its size but the last, which may go without.
package struct AV1OBUCursor: Sendable {
    /// Where the next OBU starts.
    package private(set) var offset = 0

    package init() {}

    /// The next OBU, or nil at the end.
    package mutating func next(in sample: Span<UInt8>) throws(ParseError) -> AV1OBU? {
        guard offset < sample.count else { return nil }
        let start = offset
        var reader = ByteReader(sample.extracting(start..<sample.count))
        let header = try reader.read(UInt8.self)
        guard header & 0x80 == 0 else { throw ParseError(.invalid, at: start, "obu_forbidden_bit") }
        let layers = header & 4 == 0 ? 0 : try reader.read(UInt8.self)
        var size = reader.remaining
        if header & 2 != 0 {
            let written = try Self.readSize(&reader)
            guard written <= reader.remaining else {
                throw ParseError(.truncated, at: start, "OBU of \(written) bytes, \(reader.remaining) left")
            }
            size = written
        }
        let payload = start + reader.offset
        offset = payload + size
        return AV1OBU(
            type: AV1OBUType(rawValue: header >> 3), temporalID: layers >> 5, spatialID: layers >> 3 & 3,
            payload: payload..<offset)
    }

    /// leb128(), clause 4.10.5: at most 2^32 - 1.
    @_lifetime(reader: copy reader)
    private static func readSize(_ reader: inout ByteReader) throws(ParseError) -> Int {
        var value = 0
        for index in 0..<8 {
            let byte = Int(try reader.read(UInt8.self))
            value |= (byte & 0x7F) << (7 * index)
            if byte & 0x80 == 0 {
                guard value <= Int(UInt32.max) else { break }
                return value
            }
        }
        throw ParseError(.invalid, at: reader.offset, "an OBU size above 32 bits")
    }
}
