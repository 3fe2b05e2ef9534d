/// Turns values into playlist text that cannot break out of its place.
///
/// RFC 8216, clause 4.1: lines are ended by LF or CRLF, and there are no control characters in them.
/// Clause 4.2: a quoted string holds no line feed, carriage return or double quote, and there is no way
/// to escape one. What must not be in a value is therefore left out of it.
enum PlaylistText {
    /// Text without control characters, for the rest of a line.
    static func line(_ text: String) -> String { text.keeping { !isControl($0) } }

    /// Text for between double quotes.
    static func quoted(_ text: String) -> String { text.keeping { !isControl($0) && $0 != "\"" } }

    /// Text for an unquoted attribute value: no quote, comma or white space either.
    static func plain(_ text: String) -> String {
        text.keeping { !isControl($0) && $0 != "\"" && $0 != "," && !$0.properties.isWhitespace }
    }

    /// Text for a line that is a URI: it is not empty and does not look like a tag or comment.
    static func uri(_ text: String) -> String {
        let text = text.keeping { !isControl($0) && !$0.properties.isWhitespace }
        return text.isEmpty || text.hasPrefix("#") ? "./" + text : text
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
}
