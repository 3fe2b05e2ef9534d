import Media

/// `segmentation_descriptor()`: what begins or ends at a time signal. SCTE 35 2023r1, clause 10.3.3.
package struct SegmentationDescriptor: Sendable, Hashable {
    /// Where it may be shown; nil: anywhere.
    package struct Restrictions: Sendable, Hashable {
        package var isWebDeliveryAllowed: Bool
        package var hasNoRegionalBlackout: Bool
        package var isArchiveAllowed: Bool
        /// 2 bits.
        package var deviceRestrictions: UInt8
    }

    package struct Component: Sendable, Hashable {
        package var tag: UInt8
        /// 33 bits.
        package var offset: UInt64
    }

    /// What is to be segmented; nil where the event is cancelled.
    package struct Segment: Sendable, Hashable {
        package var restrictions: Restrictions?
        /// Nil: all of the program.
        package var components: [Component]?
        /// In ticks of 90 kHz, 40 bits.
        package var duration: UInt64?
        package var identifierType: UInt8
        package var identifier: [UInt8]
        package var type: UInt8
        package var number: UInt8
        package var expected: UInt8
        /// sub_segment_num and sub_segments_expected.
        package var part: UInt16?
    }

    package static let tag: UInt8 = 0x02

    package var eventID: UInt32
    package var segment: Segment?

    /// All of the program, anywhere.
    /// - Parameter duration: in ticks of 90 kHz.
    package init(eventID: UInt32, type: UInt8, duration: UInt64? = nil) {
        self.eventID = eventID
        segment = Segment(
            duration: duration.map { $0 & (1 << 40 - 1) }, identifierType: 0, identifier: [], type: type, number: 0,
            expected: 0)
    }

    /// - Parameter reader: of what follows the identifier `CUEI`.
    @_lifetime(reader: copy reader)
    init(reading reader: inout ByteReader) throws(ParseError) {
        eventID = try reader.read(UInt32.self)
        guard try reader.read(UInt8.self) & 0x80 == 0 else {
            segment = nil
            return
        }
        let flags = try reader.read(UInt8.self)
        var restrictions: Restrictions?
        if flags & 0x20 == 0 {
            restrictions = Restrictions(
                isWebDeliveryAllowed: flags & 0x10 != 0, hasNoRegionalBlackout: flags & 0x08 != 0,
                isArchiveAllowed: flags & 0x04 != 0, deviceRestrictions: flags & 0x03)
        }
        var components: [Component]?
        if flags & 0x80 == 0 {
            var list: [Component] = []
            for _ in 0..<(try reader.read(UInt8.self)) {
                let tag = try reader.read(UInt8.self)
                list.append(Component(tag: tag, offset: try reader.readInteger(5) & (PresentationTime.modulus - 1)))
            }
            components = list
        }
        let duration = flags & 0x40 != 0 ? try reader.readInteger(5) : nil
        let identifierType = try reader.read(UInt8.self)
        let identifier = try reader.readBytes(Int(try reader.read(UInt8.self)))
        segment = Segment(
            restrictions: restrictions, components: components, duration: duration, identifierType: identifierType,
            identifier: identifier, type: try reader.read(UInt8.self), number: try reader.read(UInt8.self),
            expected: try reader.read(UInt8.self), part: reader.remaining == 2 ? try reader.read(UInt16.self) : nil)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(eventID)
        guard let segment else { return writer.write(0xFF as UInt8) }
        writer.write(0x7F as UInt8)
        var flags: UInt8 = segment.components == nil ? 0x80 : 0
        if segment.duration != nil { flags |= 0x40 }
        if let restrictions = segment.restrictions {
            if restrictions.isWebDeliveryAllowed { flags |= 0x10 }
            if restrictions.hasNoRegionalBlackout { flags |= 0x08 }
            if restrictions.isArchiveAllowed { flags |= 0x04 }
            flags |= restrictions.deviceRestrictions & 0x03
        } else {
            flags |= 0x3F
        }
        writer.write(flags)
        if let components = segment.components {
            writer.write(UInt8(clamping: components.count))
            for component in components.prefix(255) {
                writer.write(component.tag)
                writer.write(integer: 0xFE << 32 | component.offset, size: 5)
            }
        }
        if let duration = segment.duration { writer.write(integer: duration, size: 5) }
        writer.write(segment.identifierType)
        writer.write(UInt8(clamping: segment.identifier.count))
        writer.write(bytes: segment.identifier.prefix(255))
        writer.write(segment.type)
        writer.write(segment.number)
        writer.write(segment.expected)
        if let part = segment.part { writer.write(part) }
    }
}
