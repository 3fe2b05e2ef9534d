import Media

/// What a section tells to do. SCTE 35 2023r1, clause 9.6.1, table 7.
package enum SpliceCommand: Sendable, Hashable {
    /// A sign of life.
    case null
    case insert(SpliceInsert)
    /// A moment, which the descriptors say the meaning of.
    case timeSignal(SpliceTime)
    /// Another known type, not looked into: schedules, bandwidth reservations, private commands.
    case other(type: UInt8, body: [UInt8])

    private enum Kind {
        static let null: UInt8 = 0x00
        static let insert: UInt8 = 0x05
        static let timeSignal: UInt8 = 0x06
    }

    /// splice_schedule, bandwidth_reservation, private_command.
    private static let others: Set<UInt8> = [0x04, 0x07, 0xFF]

    package var type: UInt8 {
        switch self {
        case .null: Kind.null
        case .insert: Kind.insert
        case .timeSignal: Kind.timeSignal
        case .other(let type, _): type
        }
    }

    /// - Parameter length: nil where the section does not say it, as old ones do.
    @_lifetime(reader: copy reader)
    init(type: UInt8, length: Int?, reading reader: inout ByteReader) throws(ParseError) {
        let start = reader.offset
        switch type {
        case Kind.null: self = .null
        case Kind.insert: self = .insert(try SpliceInsert(reading: &reader))
        case Kind.timeSignal: self = .timeSignal(try SpliceTime(reading: &reader))
        default:
            guard Self.others.contains(type) else {
                throw ParseError(.unsupported, at: start, "splice command type \(type)")
            }
            guard let length else { throw ParseError(.unsupported, at: start, "command \(type) without a length") }
            self = .other(type: type, body: try reader.readBytes(length))
        }
        if let length, reader.offset - start != length {
            throw ParseError(.invalid, at: start, "a command of \(reader.offset - start) bytes that says \(length)")
        }
    }

    func write(to writer: inout ByteWriter) {
        switch self {
        case .null: break
        case .insert(let insert): insert.write(to: &writer)
        case .timeSignal(let time): time.write(to: &writer)
        case .other(_, let body): writer.write(bytes: body)
        }
    }
}
