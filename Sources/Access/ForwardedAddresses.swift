import Settings

/// Reads the headers in which proxies say for whom they ask. Strict: a client may have begun the header, and what it left
/// open must not swallow what a proxy has added.
enum ForwardedAddresses {
    static let maximumBytes = 4096

    /// The addresses in their order, nil for each that is none, such as `unknown`; nil where the header is malformed.
    static func read(_ field: String, _ header: ForwardedHeader) -> [IPAddress?]? {
        let isLong = field.utf8.count > maximumBytes
        guard !isLong || header == .xForwardedFor else { return nil }
        switch header {
        case .xForwardedFor:
            // A client may have begun it at any length; what the proxies added stands at its end.
            let comma = UInt8(ascii: ",")
            let end = isLong ? field.utf8.suffix(maximumBytes).drop { $0 != comma } : field.utf8[...]
            guard !end.isEmpty || !isLong else { return nil }
            return end.split(separator: comma)
                .map { trimmed($0) }.filter { !$0.isEmpty }.map { address(String(Substring($0))) }
        case .forwarded:
            var reader = Reader(rest: field.utf8[...])
            return reader.elements()
        case .none: return []
        }
    }

    /// An address, with a port or without; IPv6 with a port, and in `Forwarded`, is in brackets. RFC 7239, clause 6.
    static func address(_ text: String) -> IPAddress? {
        guard text.utf8.count <= 64, !text.utf8.contains(UInt8(ascii: "%")) else { return nil }
        if text.utf8.first == UInt8(ascii: "[") {
            guard let end = text.lastIndex(of: "]") else { return nil }
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || isPort(rest) else { return nil }
            let inner = text[text.index(after: text.startIndex)..<end]
            return inner.contains(":") ? IPAddress(parsing: String(inner)) : nil
        }
        let colons = text.utf8.reduce(0) { $0 + ($1 == UInt8(ascii: ":") ? 1 : 0) }
        if colons == 1, let colon = text.firstIndex(of: ":") {
            guard isPort(text[colon...]) else { return nil }
            return IPAddress(parsing: String(text[..<colon]))
        }
        return IPAddress(parsing: text)
    }

    /// `:` and a number, or a name of a port that begins with `_`.
    private static func isPort(_ text: Substring) -> Bool {
        guard text.utf8.first == UInt8(ascii: ":") else { return false }
        let port = text.utf8.dropFirst()
        return (1...32).contains(port.count)
            && (port.allSatisfy { (0x30...0x39).contains($0) } || port.first == UInt8(ascii: "_"))
    }

    private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text = text.dropLast() }
        return text
    }

    /// RFC 7239, clause 4.
    private struct Reader {
        var rest: Substring.UTF8View

        /// Nil where the header is malformed.
        mutating func elements() -> [IPAddress?]? {
            var found: [IPAddress?] = []
            while true {
                skipBlanks()
                // A list may have empty elements. RFC 9110, clause 5.6.1.2.
                if rest.isEmpty { return found }
                if take(UInt8(ascii: ",")) { continue }
                guard let element = element() else { return nil }
                found.append(element)
                skipBlanks()
                guard rest.isEmpty || take(UInt8(ascii: ",")) else { return nil }
            }
        }

        /// Pairs with semicolons between them. Nil where it is malformed; nil within where it names no address.
        private mutating func element() -> IPAddress?? {
            var said: String?
            repeat {
                skipBlanks()
                guard let name = token(), take(UInt8(ascii: "=")), let value = value() else { return nil }
                if name.lowercased() == "for" {
                    guard said == nil else { return nil }
                    said = value
                }
                skipBlanks()
            } while take(UInt8(ascii: ";"))
            return .some(said.flatMap { ForwardedAddresses.address($0) })
        }

        private mutating func value() -> String? {
            rest.first == UInt8(ascii: "\"") ? quoted() : token(orAddress: true)
        }

        /// RFC 9110, clause 5.6.4.
        private mutating func quoted() -> String? {
            guard take(UInt8(ascii: "\"")) else { return nil }
            var text: [UInt8] = []
            while let byte = rest.popFirst() {
                switch byte {
                case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
                case UInt8(ascii: "\\"):
                    guard let escaped = rest.popFirst() else { return nil }
                    text.append(escaped)
                default: text.append(byte)
                }
            }
            return nil
        }

        /// - Parameter orAddress: with colons and brackets too, which many write without quotes.
        private mutating func token(orAddress: Bool = false) -> String? {
            let end = rest.firstIndex { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: false
                case UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"): !orAddress
                default: !"!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
            let text = rest[..<(end ?? rest.endIndex)]
            guard !text.isEmpty else { return nil }
            rest = rest[text.endIndex...]
            return String(Substring(text))
        }

        private mutating func skipBlanks() {
            rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        }

        private mutating func take(_ byte: UInt8) -> Bool {
            guard rest.first == byte else { return false }
            rest.removeFirst()
            return true
        }
    }
}
