/// Strangers' texts as logs may have them.
package enum LoggedText {
    /// What stands for what may be a secret.
    static let hidden = "(hidden)"
    private static let longestURL = 1024

    /// A URL without what may be a secret: user, query, fragment, and parts that may be tokens.
    package static func url(_ text: String) -> String {
        let bare = Substring(text.unicodeScalars.prefix(longestURL).prefix { $0 != "?" && $0 != "#" })
        guard let scheme = bare.firstRange(of: "://") else { return parts(bare) }
        let rest = bare[scheme.upperBound...]
        let host = rest.prefix { $0 != "/" }
        guard !host.contains("@") else { return hidden }
        return "\(bare[..<scheme.upperBound])\(parts(host))\(parts(rest[host.endIndex...]))"
    }

    /// - Parameter text: names with slashes between them.
    static func parts(_ text: Substring) -> String {
        text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { part in
            part.count <= 64 && !part.contains(UInt8(ascii: "~")) && !part.contains(UInt8(ascii: "%"))
                ? String(Substring(part)) : hidden
        }.joined(separator: "/")
    }

    /// Between the quotes of JSON, in ASCII. RFC 8259, clause 7.
    package static func appendJSON(_ text: String, atMost limit: Int, to line: inout [UInt8]) {
        if text.utf8.count <= limit, text.utf8.allSatisfy({ isPlain($0) }) {
            line += text.utf8
            return
        }
        var left = limit
        for unit in text.utf16 {
            guard left > 0 else { break }
            left -= 1
            if unit < 0x7F, isPlain(UInt8(truncatingIfNeeded: unit)) {
                line.append(UInt8(truncatingIfNeeded: unit))
            } else {
                let digits = String(unit, radix: 16)
                line += "\\u\(String(repeating: "0", count: 4 - digits.utf8.count))\(digits)".utf8
            }
        }
    }

    /// As Apache's server writes it: what is not plain as `\xHH`.
    /// - Parameter isWord: blanks too.
    package static func appendPlain(_ text: String, atMost limit: Int, isWord: Bool = false, to line: inout [UInt8]) {
        for byte in text.utf8.prefix(limit) {
            if isPlain(byte), !isWord || byte != UInt8(ascii: " ") {
                line.append(byte)
            } else {
                line += "\\x\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
            }
        }
    }

    /// Printable, and no quote or backslash.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }
}
