/// Turns values into playlist text that cannot break out of its place.
///
/// RFC 8216, clause 4.1: lines are ended by LF or CRLF, and there are no control characters in them.
/// Clause 4.2: a quoted string holds no line feed, carriage return or double quote, and there is no way
/// to escape one. What must not be in a value is therefore left out of it. What would be read as a reference to a
/// variable, `{$NAME}`, is parted: nobody defines any, and a player refuses a playlist that refers to one (RFC 8216bis,
/// clause 4.3).
enum PlaylistText {
    /// Text without control characters, for the rest of a line.
    static func line(_ text: String) -> String {
        if text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return text }
        return text.keeping { !isControl($0) }
    }

    /// Text for between double quotes.
    static func quoted(_ text: String) -> String {
        if text.utf8.allSatisfy({ isVisible($0) || $0 == 0x20 || $0 == UInt8(ascii: ",") }) { return text }
        return text.keeping { !isControl($0) && $0 != "\"" }.withoutReferences("{ ")
    }

    /// Text for an unquoted attribute value: no quote, comma or white space either.
    static func plain(_ text: String) -> String {
        if text.utf8.allSatisfy(isVisible) { return text }
        return text.keeping { !isControl($0) && $0 != "\"" && $0 != "," && !$0.properties.isWhitespace }
    }

    /// Text for a line that is a URI: it is not empty and does not look like a tag or comment.
    static func uri(_ text: String) -> String {
        if let first = text.utf8.first, first != UInt8(ascii: "#"), text.utf8.allSatisfy(isVisible) { return text }
        let text = text.keeping { !isControl($0) && !$0.properties.isWhitespace }.withoutReferences("%7B")
        return text.isEmpty || text.hasPrefix("#") ? "./" + text : text
    }

    /// What may stand anywhere, as nearly everything does: looked at byte by byte, for whole texts at a time.
    private static func isVisible(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: "$"): false
        default: (0x21...0x7E).contains(byte)
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028
            || scalar.value == 0x2029
    }
}

extension String {
    fileprivate func keeping(_ isKept: (Unicode.Scalar) -> Bool) -> String {
        if unicodeScalars.allSatisfy(isKept) { return self }
        var kept = String.UnicodeScalarView()
        kept.append(contentsOf: unicodeScalars.filter(isKept))
        return String(kept)
    }

    /// - Parameter brace: what stands for one before `$`.
    fileprivate func withoutReferences(_ brace: String) -> String {
        utf8.contains(UInt8(ascii: "$")) ? replacing("{$", with: brace + "$") : self
    }
}
