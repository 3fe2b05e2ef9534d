package import Media

/// `splice_info_section()`: one message about a splice. SCTE 35 2023r1 (ANSI), clause 9.6.
package struct SpliceInfoSection: Sendable, Hashable {
    /// The longest that a section can be, in bytes.
    package static let maximumSize = 4096

    /// How the stream can be entered at the splice: 0 to 2 as ISO/IEC 14496-12 counts access points, 3 where nobody says.
    package var accessPointType: UInt8
    /// To be added to every time in it.
    package var adjustment: PresentationTime
    package var controlWordIndex: UInt8
    /// Who is to act on it, 12 bits; 0xFFF: everybody.
    package var tier: UInt16
    package var command: SpliceCommand
    package var descriptors: [SpliceDescriptor]

    package init(
        _ command: SpliceCommand, descriptors: [SpliceDescriptor] = [],
        adjustment: PresentationTime = PresentationTime(0)
    ) {
        accessPointType = 3
        self.adjustment = adjustment
        controlWordIndex = 0
        tier = 0xFFF
        self.command = command
        self.descriptors = descriptors
    }

    /// Reads a whole section, and nothing behind it.
    ///
    /// - Throws: `.truncated`, `.invalid` (not a section, a length that is not true, a wrong CRC), `.unsupported` (encrypted,
    ///   another protocol, a command that is not in the standard), `.tooLarge`.
    package init(parsing bytes: [UInt8]) throws(ParseError) {
        guard bytes.count <= Self.maximumSize else {
            throw ParseError(.tooLarge, at: 0, "a section of \(bytes.count) bytes, at most \(Self.maximumSize)")
        }
        var reader = ByteReader(bytes.span)
        guard try reader.read(UInt8.self) == 0xFC else { throw ParseError(.invalid, at: 0, "no splice_info_section") }
        let head = try reader.read(UInt16.self)
        // Long syntax and private are always 0 here.
        guard head & 0xC000 == 0 else { throw ParseError(.invalid, at: 1, "section flags \(head >> 12)") }
        accessPointType = UInt8(head >> 12 & 0x03)
        guard Int(head & 0xFFF) == reader.remaining else {
            throw ParseError(.invalid, at: 1, "\(head & 0xFFF) bytes are said and \(reader.remaining) are there")
        }
        guard bytes.count >= 7, CRC32.of(bytes) == 0 else {
            throw ParseError(.invalid, at: max(bytes.count - 4, 0), "the CRC is wrong")
        }
        let version = try reader.read(UInt8.self)
        guard version == 0 else { throw ParseError(.unsupported, at: 3, "protocol version \(version)") }
        let times = try reader.readInteger(5)
        guard times >> 39 == 0 else { throw ParseError(.unsupported, at: 4, "it is encrypted") }
        adjustment = PresentationTime(times)
        controlWordIndex = try reader.read(UInt8.self)
        let lengths = try reader.readUInt24()
        tier = UInt16(lengths >> 12)
        let length = Int(lengths & 0xFFF)
        let type = try reader.read(UInt8.self)
        // All ones: from before lengths were said.
        command = try SpliceCommand(type: type, length: length == 0xFFF ? nil : length, reading: &reader)
        let loop = Int(try reader.read(UInt16.self))
        guard loop <= reader.remaining - 4 else {
            throw ParseError(.truncated, at: reader.offset, "descriptors of \(loop) bytes in \(reader.remaining)")
        }
        let end = reader.offset + loop
        var list: [SpliceDescriptor] = []
        while reader.offset < end { list.append(try SpliceDescriptor(reading: &reader)) }
        guard reader.offset == end else {
            throw ParseError(.invalid, at: reader.offset, "the last descriptor is longer than the descriptors are")
        }
        // What is left before the CRC is stuffing.
        descriptors = list
    }

    /// The bytes, with the CRC.
    package func serialize() -> [UInt8] {
        var body = ByteWriter(capacity: 32)
        command.write(to: &body)
        var list = ByteWriter(capacity: 64)
        for descriptor in descriptors { descriptor.write(to: &list) }
        var writer = ByteWriter(capacity: 64)
        writer.write(0xFC as UInt8)
        let length = 17 + body.count + list.count
        writer.write(UInt16(accessPointType & 0x03) << 12 | UInt16(clamping: min(length, 0xFFF)))
        writer.write(0 as UInt8)
        writer.write(integer: adjustment.value, size: 5)
        writer.write(controlWordIndex)
        writer.writeUInt24(UInt32(tier & 0xFFF) << 12 | UInt32(clamping: min(body.count, 0xFFF)))
        writer.write(command.type)
        writer.write(bytes: body.bytes)
        writer.write(UInt16(clamping: list.count))
        writer.write(bytes: list.bytes)
        writer.write(CRC32.of(writer.bytes))
        return writer.bytes
    }
}
