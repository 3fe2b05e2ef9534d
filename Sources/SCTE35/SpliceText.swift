import Media

/// Sections as text: base64, as messages and MPDs have them, and hexadecimal, as HLS has them. RFC 4648, clauses 4 and 8.
package enum SpliceText {
    private static let digits = Array("0123456789ABCDEF".utf8)

    package static func base64(_ bytes: [UInt8]) -> String { Base64.encode(bytes) }

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
        return Base64.decode(characters, needsPadding: false).flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func decodedHexadecimal(_ characters: ArraySlice<UInt8>) -> [UInt8]? {
        let values = characters.compactMap(\.hexadecimalValue)
        guard values.count == characters.count, values.count % 2 == 0 else { return nil }
        return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }
}
