import Media

/// What a player says of itself with a request. CTA-5004, "Common Media Client Data": keys and values in four headers, or
/// in one parameter of the query.
package struct CMCD {
    package enum Value: Equatable {
        case flag(Bool)
        /// As it came: a JSON number.
        case number(String)
        case text(String)
    }

    static let maximumBytes = 4096
    package static let maximumPairs = 64
    static let longestValue = 256
    private static let headers = ["cmcd-request", "cmcd-object", "cmcd-status", "cmcd-session"]

    /// In the order in which they came, each key once.
    package private(set) var pairs: [(key: String, value: Value)] = []

    /// - Parameter query: the parameter's value, percent-encoded.
    package init(query: String?, headers: some Sequence<(name: String, value: String)> = []) {
        if let query { read(Self.unescaped(query.utf8.prefix(Self.maximumBytes * 3)).prefix(Self.maximumBytes)) }
        for (name, value) in headers where name.utf8.count <= 12 {
            if Self.headers.contains(name.lowercased()) { read(Array(value.utf8.prefix(Self.maximumBytes))[...]) }
        }
    }

    /// A target without the parameter, and that: one thing is one thing to every cache, whoever asks for it. Nil where
    /// there is none.
    package static func taken(from target: String) -> (target: String, value: String)? {
        guard isIn(target), let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return nil }
        let query = target.utf8[target.utf8.index(after: mark)...]
        let pairs = query.split(separator: UInt8(ascii: "&"))
        guard let found = pairs.first(where: { $0.starts(with: name) }) else { return nil }
        let rest = pairs.filter { !$0.starts(with: name) }.map { String(Substring($0)) }
        return (
            String(target[..<mark]) + (rest.isEmpty ? "" : "?" + rest.joined(separator: "&")),
            String(Substring(found.dropFirst(name.count)))
        )
    }

    private static let name = Array("CMCD=".utf8)

    /// Most targets have none, and many no query, and each request is looked at.
    private static func isIn(_ target: String) -> Bool {
        let bytes = target.utf8.span
        var index = 0
        while index < bytes.count, bytes[index] != UInt8(ascii: "?") { index += 1 }
        // Of the name; nil: until the next parameter.
        var matched: Int? = 0
        index += 1
        while index < bytes.count {
            let byte = bytes[index]
            if let count = matched, byte == name[count] {
                if count + 1 == name.count { return true }
                matched = count + 1
            } else {
                matched = byte == UInt8(ascii: "&") ? 0 : nil
            }
            index += 1
        }
        return false
    }

    // MARK: Pairs

    private mutating func read(_ text: ArraySlice<UInt8>) {
        var rest = text
        while let pair = Self.next(&rest), pairs.count < Self.maximumPairs {
            guard let (key, value) = Self.pair(pair), !pairs.contains(where: { $0.key == key }) else { continue }
            pairs.append((key, value))
        }
    }

    /// What stands before the next comma that is neither in quotes nor in brackets.
    private static func next(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard !rest.isEmpty else { return nil }
        var isQuoted = false
        var isEscaped = false
        var depth = 0
        let end = rest.firstIndex { byte in
            if isEscaped {
                isEscaped = false
            } else if isQuoted {
                isEscaped = byte == UInt8(ascii: "\\")
                isQuoted = byte != UInt8(ascii: "\"")
            } else {
                switch byte {
                case UInt8(ascii: "\""): isQuoted = true
                case UInt8(ascii: "("): depth += 1
                case UInt8(ascii: ")"): depth = max(depth - 1, 0)
                case UInt8(ascii: ","): return depth == 0
                default: break
                }
            }
            return false
        }
        defer { rest = end.map { rest[($0 + 1)...] } ?? [] }
        return rest[..<(end ?? rest.endIndex)]
    }

    private static func pair(_ bytes: ArraySlice<UInt8>) -> (String, Value)? {
        let bytes = trimmed(bytes)
        let mark = bytes.firstIndex(of: UInt8(ascii: "=")) ?? bytes.endIndex
        let key = bytes[..<mark]
        guard (1...64).contains(key.count), key.allSatisfy(isOfKey) else { return nil }
        let name = String(decoding: key, as: UTF8.self)
        guard mark < bytes.endIndex else { return (name, .flag(true)) }
        return value(bytes[(mark + 1)...], isURL: name == "nor" || name == "url").map { (name, $0) }
    }

    private static func value(_ bytes: ArraySlice<UInt8>, isURL: Bool) -> Value? {
        guard let first = bytes.first else { return nil }
        var text: [UInt8] = []
        if first == UInt8(ascii: "\"") {
            var isEscaped = false
            for byte in bytes.dropFirst() {
                if !isEscaped, byte == UInt8(ascii: "\\") {
                    isEscaped = true
                    continue
                }
                if !isEscaped, byte == UInt8(ascii: "\"") { break }
                isEscaped = false
                text.append(byte)
            }
        } else {
            text = Array(first == UInt8(ascii: "(") ? bytes : bytes.prefix { $0 != UInt8(ascii: ";") })
            if text == Array("?1".utf8) { return .flag(true) }
            if text == Array("?0".utf8) { return .flag(false) }
            if isNumber(text) { return .number(String(decoding: text, as: UTF8.self)) }
        }
        // Where a player goes next may have what gets it in there.
        let plain = isURL ? Array(unescaped(text)) : text
        return .text(LoggedText.url(String(decoding: plain.prefix(longestValue), as: UTF8.self)))
    }

    /// A structured field's integer or decimal (RFC 8941, clauses 3.3.1 and 3.3.2) that JSON has too.
    private static func isNumber(_ text: [UInt8]) -> Bool {
        let digits = text.first == UInt8(ascii: "-") ? text.dropFirst() : text[...]
        let sides = digits.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard (1...15).contains(sides[0].count), sides[0].count == 1 || sides[0].first != UInt8(ascii: "0"),
            sides.count == 1 || (1...3).contains(sides[1].count)
        else { return false }
        return sides.allSatisfy { $0.allSatisfy { (0x30...0x39).contains($0) } }
    }

    private static func isOfKey(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-_.*".utf8.contains(byte)
        }
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes.drop { $0 == UInt8(ascii: " ") }
        while bytes.last == UInt8(ascii: " ") { bytes.removeLast() }
        return bytes
    }

    /// What is no escape stays. RFC 3986, clause 2.1.
    private static func unescaped(_ bytes: some Sequence<UInt8>) -> ArraySlice<UInt8> {
        var plain: [UInt8] = []
        var escape: [UInt8] = []
        for byte in bytes {
            guard !escape.isEmpty || byte == UInt8(ascii: "%") else {
                plain.append(byte)
                continue
            }
            escape.append(byte)
            guard escape.count == 3 else { continue }
            if let high = escape[1].hexadecimalValue, let low = escape[2].hexadecimalValue {
                plain.append(high << 4 | low)
            } else {
                plain += escape
            }
            escape = []
        }
        return (plain + escape)[...]
    }
}
