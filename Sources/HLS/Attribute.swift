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

/// Collects the attributes of a tag in writing order.
struct AttributeWriter {
    private(set) var text = ""

    mutating func plain(_ name: String, _ value: String?) {
        guard let value else { return }
        append(name, PlaylistText.plain(value))
    }

    mutating func plain(_ name: String, _ value: UInt64?) { plain(name, value.map { String($0) }) }

    mutating func seconds(_ name: String, _ value: Ticks?) { plain(name, value.map(DecimalSeconds.text)) }

    mutating func quoted(_ name: String, _ value: String?) {
        guard let value else { return }
        append(name, "\"" + PlaylistText.quoted(value) + "\"")
    }

    /// YES, or nothing: NO is what every such attribute has by itself.
    mutating func flag(_ name: String, _ value: Bool) { if value { append(name, "YES") } }

    mutating func hexadecimal(_ name: String, _ bytes: [UInt8]?) {
        guard let bytes else { return }
        append(name, "0x" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined())
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

    private mutating func append(_ name: String, _ value: String) {
        if !text.isEmpty { text += "," }
        text += name + "=" + value
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
            let name = String(Substring(left[..<equals])).trimmingSpaces
            guard !name.isEmpty, Self.nameOnly(name) == name else {
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
                value = .plain(String(Substring(left[..<end])).trimmingSpaces)
                left = left[end...]
            }
            left = left.dropFirst()
            guard !rest.contains(where: { $0.name == name }) else { throw PlaylistError("\(name) is there twice") }
            rest.append(Attribute(name, value))
        }
    }

    /// The characters of a text that an attribute name may have: A to Z, 0 to 9 and "-".
    static func nameOnly(_ text: String) -> String {
        text.filter { $0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "-") }
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
        let digits = text.dropFirst(2).utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard text.hasPrefix("0x") || text.hasPrefix("0X"), digits.allSatisfy({ $0 != nil }), digits.count <= longest
        else {
            throw PlaylistError("\(name) is no hexadecimal sequence: \(text.prefix(40))")
        }
        let padded = (digits.count % 2 == 1 ? [0] : []) + digits.map { UInt8($0 ?? 0) }
        return stride(from: 0, to: padded.count, by: 2).map { padded[$0] << 4 | padded[$0 + 1] }
    }

    private mutating func take(_ name: String) -> Attribute.Value? {
        guard let index = rest.firstIndex(where: { $0.name == name }) else { return nil }
        return rest.remove(at: index).value
    }
}

extension UInt64 {
    /// A decimal-integer: digits alone, no sign, at most 2^64-1. RFC 8216, clause 4.2.
    init?(decimal text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        self.init(text, radix: 10)
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
