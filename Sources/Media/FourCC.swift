/// A four-character code: box types, sample entries, brands, codec tags. ISO/IEC 14496-12:2022, clause 4.2.
package struct FourCC: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Four ASCII characters; anything else is our own mistake and stops the program.
    package init(stringLiteral value: StaticString) {
        precondition(value.utf8CodeUnitCount == 4 && value.isASCII, "a FourCC has four ASCII characters")
        var code: UInt32 = 0
        for byte in value.description.utf8 { code = code << 8 | UInt32(byte) }
        rawValue = code
    }

    /// The four characters; bytes outside printable ASCII are shown as `\xNN`.
    package var description: String {
        var text = ""
        for shift in [24, 16, 8, 0] as [UInt32] {
            let byte = UInt8(truncatingIfNeeded: rawValue >> shift)
            if (0x20...0x7E).contains(byte) {
                text.append(Character(Unicode.Scalar(byte)))
            } else {
                let hex = String(byte, radix: 16)
                text += "\\x" + (hex.count == 1 ? "0" : "") + hex
            }
        }
        return text
    }
}
