/// Bytes as text. RFC 4648, clauses 4 and 5.
///
/// Our own, as what workers link knows no Foundation. Keys have another (`CPIX`), which leaves no copy behind.
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    /// What a digit stands for, by its code; 255: it is none.
    private static let values = (0...UInt8.max).map { UInt8(alphabet.firstIndex(of: $0) ?? 255) }
    private static let padding = UInt8(ascii: "=")
    private static let whiteSpace: Set<UInt8> = [9, 10, 13, 32]

    package static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for index in 0..<3 { bits = bits << 8 | (index < group.count ? UInt32(group[start + index]) : 0) }
            for index in 0..<4 {
                text.append(index <= group.count ? alphabet[Int(bits >> UInt32(18 - 6 * index) & 63)] : padding)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Without padding, and with the two digits that URLs take. RFC 4648, clause 5.
    package static func encodeForURL(_ bytes: [UInt8]) -> String {
        String(
            encode(bytes).compactMap { digit in
                switch digit {
                case "+": "-"
                case "/": "_"
                case "=": nil
                default: digit
                }
            })
    }

    /// - Parameter needsPadding: false: it may be left out.
    /// - Returns: nil where the text is no base64; white space is skipped.
    package static func decode(_ text: some Sequence<UInt8>, needsPadding: Bool = true) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.underestimatedCount / 4 * 3 + 2)
        var (bits, digits, padded): (UInt32, Int, Int) = (0, 0, 0)
        for character in text where !whiteSpace.contains(character) {
            if character == padding {
                padded += 1
                continue
            }
            let digit = values[Int(character)]
            guard padded == 0, digit < 64 else { return nil }
            bits = bits << 6 | UInt32(digit)
            digits += 1
            let filled = (digits - 1) % 4 * 6 + 6
            if filled >= 12 { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(filled % 8))) }
        }
        // A single digit is less than a byte.
        let missing = (4 - digits % 4) % 4
        guard missing < 3, padded == missing || padded == 0 && !needsPadding else { return nil }
        return bytes
    }

    package static func decode(_ text: String) -> [UInt8]? { decode(text.utf8) }
}
