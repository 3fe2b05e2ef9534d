import Media

/// The wire format of protocol buffers, as far as Widevine's header needs it: fields of varints and of bytes.
///
/// Encoding: developers.google.com/protocol-buffers/docs/encoding.
enum ProtocolBuffer {
    enum Value: Equatable {
        case varint(UInt64)
        case bytes([UInt8])
        /// Eight or four bytes, little-endian on the wire: nothing that we know uses them.
        case fixed
    }

    struct Field: Equatable {
        var number: UInt32
        var value: Value
    }

    /// Fields in the order in which they stand, unknown ones with them.
    static func fields(_ bytes: [UInt8]) throws(ParseError) -> [Field] {
        var reader = ByteReader(bytes.span)
        var fields: [Field] = []
        while !reader.isAtEnd {
            let start = reader.offset
            let tag = try varint(&reader)
            guard let number = UInt32(exactly: tag >> 3), number > 0 else {
                throw ParseError(.invalid, at: start, "field number \(tag >> 3)")
            }
            let value: Value
            switch tag & 7 {
            case 0: value = .varint(try varint(&reader))
            case 1:
                try reader.skip(8)
                value = .fixed
            case 2:
                guard let count = Int(exactly: try varint(&reader)) else {
                    throw ParseError(.tooLarge, at: start, "field \(number)")
                }
                value = .bytes(try reader.readBytes(count))
            case 5:
                try reader.skip(4)
                value = .fixed
            default: throw ParseError(.unsupported, at: start, "wire type \(tag & 7)")
            }
            fields.append(Field(number: number, value: value))
        }
        return fields
    }

    @_lifetime(reader: copy reader)
    private static func varint(_ reader: inout ByteReader) throws(ParseError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let byte = try reader.read(UInt8.self)
            // The tenth byte has room for one bit.
            guard shift < 63 || byte <= 1 else { break }
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw ParseError(.invalid, at: reader.offset, "a varint of more than 64 bits")
    }

    static func write(_ value: UInt64, as field: UInt32, to bytes: inout [UInt8]) {
        write(varint: UInt64(field) << 3, to: &bytes)
        write(varint: value, to: &bytes)
    }

    static func write(_ value: [UInt8], as field: UInt32, to bytes: inout [UInt8]) {
        write(varint: UInt64(field) << 3 | 2, to: &bytes)
        write(varint: UInt64(value.count), to: &bytes)
        bytes += value
    }

    private static func write(varint value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
