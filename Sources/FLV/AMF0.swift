/// One AMF0 value, as RTMP commands and FLV script data carry it. Action Message Format AMF 0 (Adobe, 2007), clause 2.
package enum AMF0: Sendable, Equatable {
    /// A named member of an object or an ECMA array; names may repeat and keep the order of the wire.
    package struct Property: Sendable, Equatable {
        package var name: String
        package var value: AMF0

        package init(_ name: String, _ value: AMF0) {
            self.name = name
            self.value = value
        }
    }

    case number(Double)
    case boolean(Bool)
    /// A string of any length: up to 65,535 bytes it is written as a string, above as a long string.
    case string(String)
    case object([Property])
    case null
    case undefined
    case ecmaArray([Property])
    case strictArray([AMF0])
    /// Milliseconds since the Unix epoch, UTC; the time zone field of the wire is reserved and not kept.
    case date(Double)

    /// The first member called `name` of an object or an ECMA array; nil for every other kind.
    package subscript(name: String) -> AMF0? {
        switch self {
        case .object(let properties), .ecmaArray(let properties):
            properties.first { $0.name == name }?.value
        case .number, .boolean, .string, .null, .undefined, .strictArray, .date: nil
        }
    }

    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    package var number: Double? {
        if case .number(let value) = self { value } else { nil }
    }

    package var boolean: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }

    /// The members of an object or an ECMA array.
    package var properties: [Property]? {
        switch self {
        case .object(let properties), .ecmaArray(let properties): properties
        case .number, .boolean, .string, .null, .undefined, .strictArray, .date: nil
        }
    }
}

/// The type markers of AMF0. Action Message Format AMF 0, clause 2.1.
enum AMF0Marker {
    static let number: UInt8 = 0x00
    static let boolean: UInt8 = 0x01
    static let string: UInt8 = 0x02
    static let object: UInt8 = 0x03
    static let null: UInt8 = 0x05
    static let undefined: UInt8 = 0x06
    static let reference: UInt8 = 0x07
    static let ecmaArray: UInt8 = 0x08
    static let objectEnd: UInt8 = 0x09
    static let strictArray: UInt8 = 0x0A
    static let date: UInt8 = 0x0B
    static let longString: UInt8 = 0x0C
    static let unsupported: UInt8 = 0x0D
    static let xmlDocument: UInt8 = 0x0F
    static let typedObject: UInt8 = 0x10
    static let amf3: UInt8 = 0x11
}
