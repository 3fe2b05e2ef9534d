internal import Media

/// One `NAME=value` of an attribute list that no property of its tag stands for. RFC 8216, clause 4.2.
package struct Attribute: Sendable, Hashable {
    package enum Value: Sendable, Hashable {
        case quoted(String)
        /// A number, resolution, hexadecimal sequence or enumerated string.
        case plain(String)
    }

    package var name: String
    package var value: Value

    package init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }
}

/// Appends the attributes of a tag to its line, in writing order.
struct AttributeWriter {
    private(set) var line: String
    private var isFirst = true

    /// - Parameter tag: without its colon.
    init(_ tag: String) {
        line = ""
        line.reserveCapacity(160)
        line += tag
        line += ":"
    }

    mutating func plain(_ name: String, _ value: String?) {
        guard let value else { return }
        begin(name)
        line += PlaylistText.plain(value)
    }

    mutating func plain(_ name: String, _ value: UInt64?) {
        guard let value else { return }
        begin(name)
        line += String(value)
    }

    mutating func seconds(_ name: String, _ value: Ticks?) {
        guard let value else { return }
        begin(name)
        line += DecimalSeconds.text(value)
    }

    mutating func quoted(_ name: String, _ value: String?) {
        guard let value else { return }
        begin(name)
        line += "\""
        line += PlaylistText.quoted(value)
        line += "\""
    }

    /// YES, or nothing: NO is what every such attribute has by itself.
    mutating func flag(_ name: String, _ value: Bool) {
        guard value else { return }
        begin(name)
        line += "YES"
    }

    mutating func hexadecimal(_ name: String, _ bytes: [UInt8]?) {
        guard let bytes else { return }
        begin(name)
        line += "0x"
        line += unsafe String(unsafeUninitializedCapacity: bytes.count * 2) { digits in
            for (index, byte) in bytes.enumerated() {
                unsafe digits[index * 2] = Self.digit(byte >> 4)
                unsafe digits[index * 2 + 1] = Self.digit(byte & 15)
            }
            return bytes.count * 2
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }

    mutating func others(_ attributes: [Attribute]) {
        for attribute in attributes {
            let name = AttributeReader.nameOnly(attribute.name)
            guard !name.isEmpty else { continue }
            switch attribute.value {
            case .quoted(let value): quoted(name, value)
            case .plain(let value): plain(name, value)
            }
        }
    }

    private mutating func begin(_ name: String) {
        if !isFirst { line += "," }
        isFirst = false
        line += name
        line += "="
    }
}

/// Takes attributes out of a list by name; what is left over is kept for those who know it.
struct AttributeReader {
    private(set) var rest: [Attribute] = []

    /// - Parameter text: all that follows the colon of the tag.
    init(_ text: Substring) throws(PlaylistError) {
        var left = text.utf8[...]
        while !left.isEmpty {
            guard let equals = left.firstIndex(of: UInt8(ascii: "=")) else {
                throw PlaylistError("attribute without a value: \(Substring(left.prefix(40)))")
            }
            let name = String(Substring(left[..<equals].trimmingSpaces))
            guard !name.isEmpty, name.utf8.allSatisfy(Self.isOfName) else {
                throw PlaylistError("\"\(name.prefix(40))\" is no attribute name")
            }
            left = left[left.index(after: equals)...]
            let value: Attribute.Value
            if left.first == UInt8(ascii: "\"") {
                left = left.dropFirst()
                guard let quote = left.firstIndex(of: UInt8(ascii: "\"")) else {
                    throw PlaylistError("\(name) has no closing quote")
                }
                value = .quoted(String(Substring(left[..<quote])))
                left = left[left.index(after: quote)...]
                guard left.isEmpty || left.first == UInt8(ascii: ",") else {
                    throw PlaylistError("\(name) is followed by more than a comma")
                }
            } else {
                let end = left.firstIndex(of: UInt8(ascii: ",")) ?? left.endIndex
                value = .plain(String(Substring(left[..<end].trimmingSpaces)))
                left = left[end...]
            }
            left = left.dropFirst()
            guard !rest.contains(where: { $0.name == name }) else { throw PlaylistError("\(name) is there twice") }
            rest.append(Attribute(name, value))
        }
    }

    /// The characters of a text that an attribute name may have: A to Z, 0 to 9 and "-".
    static func nameOnly(_ text: String) -> String {
        text.utf8.allSatisfy(isOfName) ? text : String(decoding: text.utf8.filter(isOfName), as: UTF8.self)
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: false
        }
    }

    mutating func takeQuoted(_ name: String) throws(PlaylistError) -> String? {
        switch take(name) {
        case nil: return nil
        case .quoted(let value): return value
        case .plain: throw PlaylistError("\(name) is not quoted")
        }
    }

    mutating func takePlain(_ name: String) throws(PlaylistError) -> String? {
        switch take(name) {
        case nil: return nil
        case .plain(let value): return value
        case .quoted: throw PlaylistError("\(name) is quoted")
        }
    }

    mutating func takeInteger(_ name: String) throws(PlaylistError) -> UInt64? {
        guard let text = try takePlain(name) else { return nil }
        guard let value = UInt64(decimal: text) else { throw PlaylistError("\(name) is no number: \(text.prefix(40))") }
        return value
    }

    /// Microseconds.
    mutating func takeSeconds(_ name: String) throws(PlaylistError) -> Ticks? {
        guard let text = try takePlain(name) else { return nil }
        guard let value = DecimalSeconds.parse(text) else {
            throw PlaylistError("\(name) is no number of seconds: \(text.prefix(40))")
        }
        return value
    }

    mutating func takeFlag(_ name: String) throws(PlaylistError) -> Bool {
        switch try takePlain(name) {
        case nil, "NO": return false
        case "YES": return true
        case let other?: throw PlaylistError("\(name) is neither YES nor NO: \(other.prefix(40))")
        }
    }

    /// - Parameter longest: in digits.
    mutating func takeHexadecimal(_ name: String, longest: Int = 128) throws(PlaylistError) -> [UInt8]? {
        guard let text = try takePlain(name) else { return nil }
        guard text.hasPrefix("0x") || text.hasPrefix("0X"), text.utf8.count - 2 <= longest,
            let bytes = Self.hexadecimal(text.utf8.dropFirst(2))
        else {
            throw PlaylistError("\(name) is no hexadecimal sequence: \(text.prefix(40))")
        }
        return bytes
    }

    /// Digits in pairs; of an odd number the first is a byte by itself.
    private static func hexadecimal(_ digits: Substring.UTF8View) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2 + 1)
        var isFirstOfPair = digits.count % 2 == 0
        var high: UInt8 = 0
        for digit in digits {
            guard let value = digit.hexadecimalValue else { return nil }
            if isFirstOfPair { high = value << 4 } else { bytes.append(high | value) }
            if !isFirstOfPair { high = 0 }
            isFirstOfPair.toggle()
        }
        return bytes
    }

    private mutating func take(_ name: String) -> Attribute.Value? {
        guard let index = rest.firstIndex(where: { $0.name == name }) else { return nil }
        return rest.remove(at: index).value
    }
}

extension UInt64 {
    /// A decimal-integer: digits alone, no sign, at most 2^64-1. RFC 8216, clause 4.2.
    init?(decimal text: some StringProtocol) {
        guard !text.isEmpty, let value = DecimalSeconds.fixed(text, decimals: 0), !text.utf8.contains(UInt8(ascii: "."))
        else { return nil }
        self = value
    }
}

extension Substring.UTF8View {
    fileprivate var trimmingSpaces: Substring.UTF8View {
        var rest = self
        while let byte = rest.first, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { rest.removeFirst() }
        while let byte = rest.last, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { rest.removeLast() }
        return rest
    }
}
