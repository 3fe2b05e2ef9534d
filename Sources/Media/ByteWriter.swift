/// Appends big-endian values to a byte array that it owns.
package struct ByteWriter: Sendable {
    package var bytes: [UInt8] = []

    package init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    package var count: Int { bytes.count }

    // Inlinable as in ByteReader.
    @inlinable
    package mutating func write<T: FixedWidthInteger>(_ value: T) {
        write(integer: UInt64(truncatingIfNeeded: value), size: T.bitWidth / 8)
    }

    /// The low bytes of a value.
    ///
    /// - Parameter size: 0 to 8 bytes.
    package mutating func write(integer value: UInt64, size: Int) {
        for index in 0..<size { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * (size - 1 - index)))) }
    }

    package mutating func writeUInt24(_ value: UInt32) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 16))
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    package mutating func write(_ code: FourCC) { write(code.rawValue) }

    package mutating func write(bytes more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    package mutating func write(zeros count: Int) { bytes.append(contentsOf: repeatElement(0, count: count)) }

    /// Overwrites four bytes at `offset`, which were written before: sizes and offsets known only afterwards.
    package mutating func patch(_ value: UInt32, at offset: Int) {
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * index)) }
    }
}
