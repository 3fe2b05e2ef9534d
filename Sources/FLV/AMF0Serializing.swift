package import Media

extension AMF0 {
    /// The bytes of `values`, one after the other: the body of a command or data message.
    package static func serialize(_ values: [AMF0]) -> [UInt8] {
        var writer = ByteWriter(capacity: 256)
        for value in values { value.write(to: &writer) }
        return writer.bytes
    }

    package func write(to writer: inout ByteWriter) {
        switch self {
        case .number(let value):
            writer.write(AMF0Marker.number)
            writer.write(value.bitPattern)
        case .boolean(let value):
            writer.write(AMF0Marker.boolean)
            writer.write(value ? 1 as UInt8 : 0)
        case .string(let text):
            let utf8 = text.utf8
            if let length = UInt16(exactly: utf8.count) {
                writer.write(AMF0Marker.string)
                writer.write(length)
            } else {
                writer.write(AMF0Marker.longString)
                writer.write(UInt32(clamping: utf8.count))
            }
            writer.write(bytes: utf8)
        case .object(let members):
            writer.write(AMF0Marker.object)
            Self.write(members, to: &writer)
        case .null: writer.write(AMF0Marker.null)
        case .undefined: writer.write(AMF0Marker.undefined)
        case .ecmaArray(let members):
            writer.write(AMF0Marker.ecmaArray)
            writer.write(UInt32(clamping: members.count))
            Self.write(members, to: &writer)
        case .strictArray(let elements):
            writer.write(AMF0Marker.strictArray)
            writer.write(UInt32(clamping: elements.count))
            for element in elements { element.write(to: &writer) }
        case .date(let milliseconds):
            writer.write(AMF0Marker.date)
            writer.write(milliseconds.bitPattern)
            writer.write(0 as UInt16)
        }
    }

    private static func write(_ members: [Property], to writer: inout ByteWriter) {
        for member in members {
            // A name has 16 bits for its length. What we parse fits, and what we make is shorter.
            let name = member.name.utf8.prefix(Int(UInt16.max))
            writer.write(UInt16(clamping: name.count))
            writer.write(bytes: name)
            member.value.write(to: &writer)
        }
        writer.write(0 as UInt16)
        writer.write(AMF0Marker.objectEnd)
    }
}
