import OpenSSLCrypto

/// Writes elements, attributes and character data, escaped, as UTF-8. XML 1.0, clause 2.4.
///
/// Leaves no copy of what it has written behind: documents hold keys.
struct XMLTextWriter {
    private(set) var bytes: [UInt8] = []
    private var depth = 0

    init() {
        bytes.reserveCapacity(16 << 10)
        append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
    }

    /// One element; without `content` it is empty.
    mutating func element(
        _ name: String, _ attributes: [(String, String?)] = [], text content: String? = nil,
        _ children: ((inout XMLTextWriter) -> Void)? = nil
    ) {
        begin(name, attributes)
        if let children {
            append(">\n")
            depth += 1
            children(&self)
            depth -= 1
            indent()
            append("</\(name)>\n")
        } else if let content, !content.isEmpty {
            append(">\(Self.escape(content))</\(name)>\n")
        } else {
            append("/>\n")
        }
    }

    /// One element with the base64 of a secret in it.
    mutating func element(_ name: String, secret: Span<UInt8>) {
        begin(name, [])
        append(">")
        makeRoom(for: secret.count / 3 * 4 + 4)
        Base64.encode(secret) { bytes.append($0) }
        append("</\(name)>\n")
    }

    private mutating func begin(_ name: String, _ attributes: [(String, String?)]) {
        indent()
        append("<" + name)
        for case (let name, .some(let value)) in attributes { append(" \(name)=\"\(Self.escape(value))\"") }
    }

    private mutating func indent() { append(String(repeating: " ", count: depth)) }

    private mutating func append(_ text: String) {
        makeRoom(for: text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    /// Growing would leave the old bytes where they were.
    private mutating func makeRoom(for count: Int) {
        guard bytes.capacity - bytes.count < count else { return }
        var larger: [UInt8] = []
        larger.reserveCapacity(max(2 * bytes.capacity, bytes.count + count))
        larger.append(contentsOf: bytes)
        cleanse(&bytes)
        bytes = larger
    }

    private static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\t", "\n", "\r": result += "&#\(scalar.value);"
            // Characters that XML cannot carry at all.
            case "\0"..."\u{1f}", "\u{fffe}", "\u{ffff}": result += "\u{fffd}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
