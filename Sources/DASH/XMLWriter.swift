/// Appends elements to XML text, indented, with everything escaped that could end its place.
///
/// XML 1.0 (fifth edition), clauses 2.2 (characters) and 2.4 (markup).
struct XMLWriter {
    /// Attributes in writing order; those without a value are left out.
    typealias Attributes = KeyValuePairs<StaticString, String?>

    /// UTF-8: most pieces are a few bytes, which a String takes longer to append.
    private var bytes: [UInt8] = []
    private var depth = 0

    init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
        append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
    }

    private init(fragment capacity: Int) { bytes.reserveCapacity(capacity) }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Elements without a document around them.
    static func fragment(_ content: (inout XMLWriter) -> Void) -> String {
        var writer = XMLWriter(fragment: 256)
        content(&writer)
        return String(decoding: writer.bytes.dropLast(), as: UTF8.self)
    }

    /// An element without content.
    mutating func element(_ name: StaticString, _ attributes: Attributes) {
        begin(name, attributes)
        append("/>\n")
    }

    mutating func element(_ name: StaticString, _ attributes: Attributes = [:], text content: String) {
        begin(name, attributes)
        append(">")
        append(Self.escaped(content))
        end(name)
    }

    /// - Parameter content: writes the child elements; nothing written makes an empty element of it.
    mutating func element(_ name: StaticString, _ attributes: Attributes, content: (inout XMLWriter) -> Void) {
        begin(name, attributes)
        let open = bytes.count
        append(">\n")
        depth += 1
        let start = bytes.count
        content(&self)
        depth -= 1
        if bytes.count == start {
            bytes.removeLast(start - open)
            append("/>\n")
        } else {
            indent()
            end(name)
        }
    }

    /// XML that is well-formed by itself, as it is.
    mutating func fragment(_ xml: String) {
        indent()
        append(xml)
        append("\n")
    }

    private mutating func begin(_ name: StaticString, _ attributes: Attributes) {
        indent()
        append("<")
        append(name)
        for (attribute, value) in attributes {
            guard let value else { continue }
            append(" ")
            append(attribute)
            append("=\"")
            append(Self.escaped(value))
            append("\"")
        }
    }

    private mutating func end(_ name: StaticString) {
        append("</")
        append(name)
        append(">\n")
    }

    private mutating func indent() { for _ in 0..<depth { append("  ") } }

    private mutating func append(_ text: StaticString) {
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { unsafe bytes.append(contentsOf: $0) }
    }

    /// Characters that XML cannot hold in any form are left out.
    static func escaped(_ value: String) -> String {
        let isPlain = value.utf8.allSatisfy { byte in
            (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "<") && byte != UInt8(ascii: ">")
                && byte != UInt8(ascii: "&") && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "'")
        }
        if isPlain { return value }
        var escaped = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            switch scalar {
            case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
            case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
            case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
            case "\"": escaped.append(contentsOf: "&quot;".unicodeScalars)
            case "'": escaped.append(contentsOf: "&apos;".unicodeScalars)
            // Kept from being normalized to a space or a line feed.
            case "\t", "\n", "\r": escaped.append(contentsOf: "&#\(scalar.value);".unicodeScalars)
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: break
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}
