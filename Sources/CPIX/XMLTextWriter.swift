/// Writes elements, attributes and character data, escaped. XML 1.0, clause 2.4.
struct XMLTextWriter {
    private(set) var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    private var depth = 0

    /// One element; without `content` it is empty.
    mutating func element(
        _ name: String, _ attributes: [(String, String?)] = [], text content: String? = nil,
        _ children: ((inout XMLTextWriter) -> Void)? = nil
    ) {
        text += String(repeating: " ", count: depth) + "<" + name
        for case (let name, .some(let value)) in attributes { text += " \(name)=\"\(Self.escape(value))\"" }
        if let children {
            text += ">\n"
            depth += 1
            children(&self)
            depth -= 1
            text += String(repeating: " ", count: depth) + "</\(name)>\n"
        } else if let content, !content.isEmpty {
            text += ">\(Self.escape(content))</\(name)>\n"
        } else {
            text += "/>\n"
        }
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
