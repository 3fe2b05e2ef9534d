/// The query of a URL as AWS Signature Version 4 wants it signed: encoded by RFC 3986, sorted, each parameter with `=`.
///
/// libcurl 7.88 signs the query as it is sent, so it is sent in this form.
enum CanonicalQuery {
    static func applied(to url: String) -> String {
        let parts = url.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)[0]
            .split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty else { return String(parts[0]) }
        let parameters = parts[1].split(separator: "&").map { parameter -> (String, String) in
            let pair = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (encoded(pair[0]), pair.count == 2 ? encoded(pair[1]) : "")
        }
        return parts[0] + "?" + parameters.sorted { $0 < $1 }.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    /// What is encoded already stays so, with upper-case digits.
    private static func encoded(_ text: Substring) -> String {
        let digits = Array("0123456789ABCDEF")
        var result = ""
        var rest = text.utf8
        while let byte = rest.popFirst() {
            let next = rest.prefix(2)
            if byte == UInt8(ascii: "%"), next.count == 2, UInt8(String(Substring(next)), radix: 16) != nil {
                result += "%" + String(Substring(next)).uppercased()
                rest = rest.dropFirst(2)
            } else if isUnreserved(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
        return result
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
