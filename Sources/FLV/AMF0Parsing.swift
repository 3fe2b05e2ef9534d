package import Media

extension AMF0 {
    /// Bounds on one parse. A peer chooses the bytes, so it must not choose our memory or stack.
    package struct Bounds: Sendable {
        /// Bytes of input.
        package var size = 1 << 20
        /// Objects and arrays inside each other.
        package var depth = 16
        /// Values altogether, members included.
        package var count = 8192

        package init() {}
    }

    /// The values that follow each other in a command or data message, to its last byte.
    ///
    /// Text that is not UTF-8 is repaired with U+FFFD. A typed object becomes an object without its class name.
    /// - Throws: `.truncated`, `.invalid` (unknown marker, no end of object), `.unsupported` (AMF3, references),
    ///   `.tooLarge` (a bound).
    package static func parse(_ bytes: [UInt8], within bounds: Bounds = Bounds()) throws(ParseError) -> [AMF0] {
        guard bytes.count <= bounds.size else {
            throw ParseError(.tooLarge, at: 0, "AMF0 of \(bytes.count) bytes, at most \(bounds.size)")
        }
        var parser = AMF0Parser(depthLimit: bounds.depth, countLimit: bounds.count)
        var reader = ByteReader(bytes.span)
        var values: [AMF0] = []
        while !reader.isAtEnd { values.append(try parser.value(&reader, depth: 0)) }
        return values
    }
}

private struct AMF0Parser {
    let depthLimit: Int
    let countLimit: Int
    private var count = 0

    init(depthLimit: Int, countLimit: Int) {
        self.depthLimit = depthLimit
        self.countLimit = countLimit
    }

    @_lifetime(reader: copy reader)
    mutating func value(_ reader: inout ByteReader, depth: Int) throws(ParseError) -> AMF0 {
        let start = reader.offset
        count += 1
        guard count <= countLimit else { throw ParseError(.tooLarge, at: start, "more than \(countLimit) values") }
        let marker = try reader.read(UInt8.self)
        switch marker {
        case AMF0Marker.number: return .number(Double(bitPattern: try reader.read(UInt64.self)))
        case AMF0Marker.boolean: return .boolean(try reader.read(UInt8.self) != 0)
        case AMF0Marker.string: return .string(try text(&reader, length: Int(try reader.read(UInt16.self))))
        case AMF0Marker.longString, AMF0Marker.xmlDocument:
            return .string(try text(&reader, length: Int(try reader.read(UInt32.self))))
        case AMF0Marker.null: return .null
        case AMF0Marker.undefined, AMF0Marker.unsupported: return .undefined
        case AMF0Marker.date:
            let milliseconds = Double(bitPattern: try reader.read(UInt64.self))
            try reader.skip(2)
            return .date(milliseconds)
        case AMF0Marker.object: return .object(try members(&reader, depth: depth))
        case AMF0Marker.typedObject:
            try reader.skip(Int(try reader.read(UInt16.self)))
            return .object(try members(&reader, depth: depth))
        case AMF0Marker.ecmaArray:
            // The count is a hint that encoders fill in wrongly; the end marker decides.
            try reader.skip(4)
            return .ecmaArray(try members(&reader, depth: depth))
        case AMF0Marker.strictArray: return .strictArray(try elements(&reader, depth: depth))
        case AMF0Marker.reference: throw ParseError(.unsupported, at: start, "AMF0 reference")
        case AMF0Marker.amf3: throw ParseError(.unsupported, at: start, "AMF3 value inside AMF0")
        default: throw ParseError(.invalid, at: start, "AMF0 marker \(marker)")
        }
    }

    @_lifetime(reader: copy reader)
    private func text(_ reader: inout ByteReader, length: Int) throws(ParseError) -> String {
        String(decoding: try reader.readBytes(length), as: UTF8.self)
    }

    @_lifetime(reader: copy reader)
    private mutating func members(_ reader: inout ByteReader, depth: Int) throws(ParseError) -> [AMF0.Property] {
        try requireRoom(reader.offset, depth: depth)
        var members: [AMF0.Property] = []
        while true {
            let length = Int(try reader.read(UInt16.self))
            if length == 0, try reader.peek() == AMF0Marker.objectEnd {
                try reader.skip(1)
                return members
            }
            let name = try text(&reader, length: length)
            members.append(AMF0.Property(name, try value(&reader, depth: depth + 1)))
        }
    }

    @_lifetime(reader: copy reader)
    private mutating func elements(_ reader: inout ByteReader, depth: Int) throws(ParseError) -> [AMF0] {
        try requireRoom(reader.offset, depth: depth)
        let announced = Int(try reader.read(UInt32.self))
        guard announced <= reader.remaining else {
            throw ParseError(.truncated, at: reader.offset, "\(announced) elements in \(reader.remaining) bytes")
        }
        var elements: [AMF0] = []
        for _ in 0..<announced { elements.append(try value(&reader, depth: depth + 1)) }
        return elements
    }

    private func requireRoom(_ offset: Int, depth: Int) throws(ParseError) {
        guard depth < depthLimit else {
            throw ParseError(.tooLarge, at: offset, "AMF0 nested deeper than \(depthLimit)")
        }
    }
}
