/// The attribute list of an HLS tag. RFC 8216, clause 4.2.
struct HLSAttributes {
    /// Values without the quotes of a quoted string.
    private var values: [String: String] = [:]

    /// Nil where the text does not follow the grammar.
    init?(parsing text: some StringProtocol) {
        var rest = text[...]
        while !rest.isEmpty {
            guard let equals = rest.firstIndex(of: "=") else { return nil }
            let name = rest[..<equals]
            guard !name.isEmpty, name.utf8.allSatisfy({ Self.isNameByte($0) }) else { return nil }
            rest = rest[rest.index(after: equals)...]
            if rest.first == "\"" {
                rest = rest.dropFirst()
                guard let quote = rest.firstIndex(of: "\"") else { return nil }
                values[String(name)] = String(rest[..<quote])
                rest = rest[rest.index(after: quote)...]
                guard rest.isEmpty || rest.first == "," else { return nil }
            } else {
                let end = rest.firstIndex(of: ",") ?? rest.endIndex
                values[String(name)] = String(rest[..<end])
                rest = rest[end...]
            }
            rest = rest.dropFirst()
        }
    }

    subscript(name: String) -> String? { values[name] }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
