/// Appends elements to XML text, indented, with everything escaped that could end its place.
///
/// XML 1.0 (fifth edition), clauses 2.2 (characters) and 2.4 (markup).
struct XMLWriter {
    /// Attributes in writing order; those without a value are left out.
    typealias Attributes = KeyValuePairs<String, String?>

    private(set) var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    private var depth = 0

    init(capacity: Int = 0) { text.reserveCapacity(capacity) }

    /// Elements without a document around them.
    static func fragment(_ content: (inout XMLWriter) -> Void) -> String {
        var writer = XMLWriter()
        writer.text = ""
        content(&writer)
        return String(writer.text.dropLast())
    }

    /// An element without content.
    mutating func element(_ name: String, _ attributes: Attributes) {
        begin(name, attributes)
        text += "/>\n"
    }

    mutating func element(_ name: String, _ attributes: Attributes = [:], text content: String) {
        begin(name, attributes)
        text += ">"
        text += Self.escaped(content)
        end(name)
    }

    /// - Parameter content: writes the child elements; nothing written makes an empty element of it.
    mutating func element(_ name: String, _ attributes: Attributes, content: (inout XMLWriter) -> Void) {
        begin(name, attributes)
        let open = text.utf8.count
        text += ">\n"
        depth += 1
        let start = text.utf8.count
        content(&self)
        depth -= 1
        if text.utf8.count == start {
            text.unicodeScalars.removeLast(start - open)
            text += "/>\n"
        } else {
            indent()
            end(name)
        }
    }

    private mutating func end(_ name: String) {
        text += "</"
        text += name
        text += ">\n"
    }

    /// XML that is well-formed by itself, as it is.
    mutating func fragment(_ xml: String) {
        indent()
        text += xml + "\n"
    }

    private mutating func begin(_ name: String, _ attributes: Attributes) {
        indent()
        text += "<"
        text += name
        for (attribute, value) in attributes {
            guard let value else { continue }
            text += " "
            text += attribute
            text += "=\""
            text += Self.escaped(value)
            text += "\""
        }
    }

    private mutating func indent() {
        if depth > 0, depth < Self.indentations.count {
            text += Self.indentations[depth]
        } else {
            for _ in 0..<depth { text += "  " }
        }
    }

    private static let indentations = (0..<7).map { String(repeating: "  ", count: $0) }

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
