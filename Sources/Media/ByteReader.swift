/// Reads big-endian values from borrowed bytes; every read is bounds-checked and says where it failed.
///
/// A read that throws moves nothing: partial input is never half consumed.
package struct ByteReader: ~Escapable {
    private let span: Span<UInt8>
    /// Bytes read so far.
    package private(set) var offset: Int = 0

    @_lifetime(copy span)
    package init(_ span: Span<UInt8>) { self.span = span }

    package var remaining: Int { span.count - offset }
    package var isAtEnd: Bool { offset == span.count }

    // Inlinable for the compiler to make it concrete in other modules: reading by way of witnesses took longer than
    // all else that is done with a box.
    @inlinable
    @_lifetime(self: copy self)
    package mutating func read<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type) throws(ParseError) -> T {
        T(truncatingIfNeeded: try readInteger(T.bitWidth / 8))
    }

    /// - Parameter size: 0 to 8 bytes.
    @_lifetime(self: copy self)
    package mutating func readInteger(_ size: Int) throws(ParseError) -> UInt64 {
        try require(size)
        var value: UInt64 = 0
        for index in offset..<offset + size { value = value << 8 | UInt64(byte(at: index)) }
        offset += size
        return value
    }

    /// An unsigned 24-bit number, as `tfhd` flags, FLV and RTMP use.
    @_lifetime(self: copy self)
    package mutating func readUInt24() throws(ParseError) -> UInt32 {
        try require(3)
        let value = UInt32(byte(at: offset)) << 16 | UInt32(byte(at: offset + 1)) << 8 | UInt32(byte(at: offset + 2))
        offset += 3
        return value
    }

    @_lifetime(self: copy self)
    package mutating func readBytes(_ count: Int) throws(ParseError) -> [UInt8] {
        try require(count)
        // At once, as it may be a chunk of megabytes.
        let bytes = unsafe span.extracting(offset..<offset + count).withUnsafeBufferPointer { unsafe Array($0) }
        offset += count
        return bytes
    }

    /// A reader over the next `count` bytes, which this one then has behind it.
    @_lifetime(copy self)
    package mutating func readSlice(_ count: Int) throws(ParseError) -> ByteReader {
        try require(count)
        let slice = span.extracting(offset..<offset + count)
        offset += count
        return ByteReader(slice)
    }

    @_lifetime(self: copy self)
    package mutating func skip(_ count: Int) throws(ParseError) {
        try require(count)
        offset += count
    }

    /// The next byte, without moving.
    package func peek() throws(ParseError) -> UInt8 {
        try require(1)
        return byte(at: offset)
    }

    private func byte(at index: Int) -> UInt8 { span[index] }

    private func require(_ count: Int) throws(ParseError) {
        guard count >= 0, count <= remaining else {
            throw ParseError(.truncated, at: offset, "\(count) bytes wanted, \(remaining) left")
        }
    }
}

/// Bytes from outside that do not follow their format: what, and at which offset of the input.
package struct ParseError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable { case truncated, invalid, unsupported, tooLarge }

    package var code: Code
    package var offset: Int
    package var reason: String

    package init(_ code: Code, at offset: Int, _ reason: String) {
        self.code = code
        self.offset = offset
        self.reason = reason
    }

    package var description: String { "\(code) at byte \(offset): \(reason)" }
}
