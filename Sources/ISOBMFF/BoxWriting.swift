package import Media

extension ByteWriter {
    /// Writes a box around what `body` writes. The size is set once the body is there.
    package mutating func writeBox(_ type: FourCC, _ body: (inout ByteWriter) -> Void) {
        let start = count
        write(UInt32(0))
        write(type)
        body(&self)
        patch(UInt32(count - start), at: start)
    }

    package mutating func writeBox<B: Box>(_ box: B) {
        writeBox(B.boxType) { box.writePayload(to: &$0) }
    }

    package mutating func writeBox<B: Box>(_ box: B?) {
        if let box { writeBox(box) }
    }

    package mutating func writeFullBox(version: UInt8 = 0, flags: UInt32 = 0) {
        write(version)
        writeUInt24(flags)
    }

    /// A time or duration: 64 bits in version 1, 32 before.
    package mutating func writeTime(_ time: UInt64, version: UInt8) {
        if version == 1 { write(time) } else { write(UInt32(truncatingIfNeeded: time)) }
    }

    /// A number of a long table: the generic `write` is not specialised across modules.
    mutating func append(_ value: UInt32) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 24))
        bytes.append(UInt8(truncatingIfNeeded: value >> 16))
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    mutating func append(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }
}
