import Media

/// `splice_insert()`: leave the network at a place, or come back to it. SCTE 35 2023r1, clause 9.7.3.
package struct SpliceInsert: Sendable, Hashable {
    /// One elementary stream's own place, where not all splice together.
    package struct Component: Sendable, Hashable {
        package var tag: UInt8
        /// Nil where the splice is immediate.
        package var time: SpliceTime?
    }

    /// What is to be done; nil where the event is cancelled.
    package struct Splice: Sendable, Hashable {
        package var leavesNetwork: Bool
        package var isImmediate: Bool
        /// Of the whole program; nil where it is immediate, or of `components`.
        package var time: SpliceTime?
        /// Nil: all splice together.
        package var components: [Component]?
        package var duration: BreakDuration?
        package var uniqueProgramID: UInt16
        package var availNumber: UInt8
        package var availsExpected: UInt8
    }

    package var eventID: UInt32
    package var splice: Splice?

    /// All of the program at once.
    /// - Parameter time: nil: immediately.
    package init(eventID: UInt32, leavesNetwork: Bool, time: PresentationTime?, duration: BreakDuration? = nil) {
        self.eventID = eventID
        splice = Splice(
            leavesNetwork: leavesNetwork, isImmediate: time == nil, time: time.map { SpliceTime($0) },
            components: nil, duration: duration, uniqueProgramID: 0, availNumber: 0, availsExpected: 0)
    }

    @_lifetime(reader: copy reader)
    init(reading reader: inout ByteReader) throws(ParseError) {
        eventID = try reader.read(UInt32.self)
        guard try reader.read(UInt8.self) & 0x80 == 0 else {
            splice = nil
            return
        }
        let flags = try reader.read(UInt8.self)
        let isImmediate = flags & 0x10 != 0
        var time: SpliceTime?
        var components: [Component]?
        if flags & 0x40 != 0 {
            if !isImmediate { time = try SpliceTime(reading: &reader) }
        } else {
            var list: [Component] = []
            for _ in 0..<(try reader.read(UInt8.self)) {
                let tag = try reader.read(UInt8.self)
                list.append(Component(tag: tag, time: isImmediate ? nil : try SpliceTime(reading: &reader)))
            }
            components = list
        }
        splice = Splice(
            leavesNetwork: flags & 0x80 != 0, isImmediate: isImmediate, time: time, components: components,
            duration: flags & 0x20 != 0 ? try BreakDuration(reading: &reader) : nil,
            uniqueProgramID: try reader.read(UInt16.self), availNumber: try reader.read(UInt8.self),
            availsExpected: try reader.read(UInt8.self))
    }

    func write(to writer: inout ByteWriter) {
        writer.write(eventID)
        guard let splice else { return writer.write(0xFF as UInt8) }
        writer.write(0x7F as UInt8)
        var flags: UInt8 = 0x0F
        if splice.leavesNetwork { flags |= 0x80 }
        if splice.components == nil { flags |= 0x40 }
        if splice.duration != nil { flags |= 0x20 }
        if splice.isImmediate { flags |= 0x10 }
        writer.write(flags)
        if let components = splice.components {
            // At most 255 can be said, and no more were read.
            writer.write(UInt8(clamping: components.count))
            for component in components.prefix(255) {
                writer.write(component.tag)
                if !splice.isImmediate { (component.time ?? SpliceTime(nil)).write(to: &writer) }
            }
        } else if !splice.isImmediate {
            (splice.time ?? SpliceTime(nil)).write(to: &writer)
        }
        splice.duration?.write(to: &writer)
        writer.write(splice.uniqueProgramID)
        writer.write(splice.availNumber)
        writer.write(splice.availsExpected)
    }
}
