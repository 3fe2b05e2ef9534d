/// Sections as text: base64, as messages and MPDs have them, and hexadecimal, as HLS has them. RFC 4648, clauses 4 and 8.
package enum SpliceText {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let digits = Array("0123456789ABCDEF".utf8)

    package static func base64(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for index in 0..<3 { bits = bits << 8 | (index < group.count ? UInt32(group[start + index]) : 0) }
            for index in 0..<4 {
                text.append(
                    index <= group.count ? alphabet[Int(bits >> UInt32(18 - 6 * index) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// With the prefix 0x.
    package static func hexadecimal(_ bytes: [UInt8]) -> String {
        "0x" + String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The bytes of either form; padding may be left out, the prefix too. Nil where it is neither, or longer than a section.
    package static func bytes(of text: String) -> [UInt8]? {
        let characters = text.utf8.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        guard (1...SpliceInfoSection.maximumSize * 2 + 2).contains(characters.count) else { return nil }
        let hasPrefix = characters.starts(with: "0x".utf8) || characters.starts(with: "0X".utf8)
        // A section begins with 0xFC, in base64 with a slash: no text is both.
        if hasPrefix || characters.starts(with: "FC".utf8) || characters.starts(with: "fc".utf8) {
            return decodedHexadecimal(characters.dropFirst(hasPrefix ? 2 : 0))
        }
        return decodedBase64(characters)
    }

    private static func decodedHexadecimal(_ characters: ArraySlice<UInt8>) -> [UInt8]? {
        let values = characters.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard values.count == characters.count, values.count % 2 == 0 else { return nil }
        return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
    }

    private static func decodedBase64(_ characters: [UInt8]) -> [UInt8]? {
        let end = characters.firstIndex(of: UInt8(ascii: "=")) ?? characters.count
        guard end > 1, characters.count - end <= 2, characters[end...].allSatisfy({ $0 == UInt8(ascii: "=") }),
            end % 4 != 1
        else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(end / 4 * 3 + 2)
        var bits: UInt32 = 0
        for (place, character) in characters[..<end].enumerated() {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            bits = bits << 6 | UInt32(value)
            let filled = place % 4 * 6 + 6
            if filled >= 12 { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(filled % 8))) }
        }
        return bytes
    }
}
