import Media

/// One of a section's descriptors. SCTE 35 2023r1, clause 10.2.
package enum SpliceDescriptor: Sendable, Hashable {
    case segmentation(SegmentationDescriptor)
    /// Another, or one of somebody else's, not looked into.
    case other(tag: UInt8, body: [UInt8])

    /// `CUEI`.
    private static let identifier: UInt32 = 0x4355_4549

    @_lifetime(reader: copy reader)
    init(reading reader: inout ByteReader) throws(ParseError) {
        let tag = try reader.read(UInt8.self)
        let length = Int(try reader.read(UInt8.self))
        let body = try reader.readBytes(length)
        var own = ByteReader(body.span)
        let owner = try own.read(UInt32.self)
        guard tag == SegmentationDescriptor.tag, owner == Self.identifier else {
            self = .other(tag: tag, body: body)
            return
        }
        self = .segmentation(try SegmentationDescriptor(reading: &own))
        guard own.isAtEnd else {
            throw ParseError(.invalid, at: own.offset, "\(own.remaining) bytes left over in a segmentation descriptor")
        }
    }

    func write(to writer: inout ByteWriter) {
        var body = ByteWriter(capacity: 32)
        switch self {
        case .segmentation(let descriptor):
            body.write(Self.identifier)
            descriptor.write(to: &body)
            writer.write(SegmentationDescriptor.tag)
        case .other(let tag, let bytes):
            body.write(bytes: bytes)
            writer.write(tag)
        }
        // What was read is no longer; what we make is far shorter.
        writer.write(UInt8(clamping: body.count))
        writer.write(bytes: body.bytes.prefix(255))
    }
}
