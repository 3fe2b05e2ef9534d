import OpenSSLCrypto

/// A host key as it is written in a file or by a helper command.
package enum HostKeyText {
    package enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        case empty
        /// So many bytes are none of the three forms.
        case form(byteCount: Int)
        /// 32 hexadecimal digits are 16 bytes; but as 32 bytes of text they would be taken for a key.
        case tooShort
        /// One byte 32 times.
        case constant

        package var description: String {
            switch self {
            case .empty: "is empty"
            case .form(let count):
                "is no key (\(count) bytes): it must be 64 hexadecimal digits, 32 bytes in base64, or 32 bytes"
            case .tooShort: "has only 16 bytes in hexadecimal: it must have 32, 64 digits"
            case .constant: "is the same byte 32 times, which is no secret"
            }
        }
    }

    /// More than any of the forms has with white space around it.
    package static let maximumBytes = 256

    static func bytes(of text: Span<UInt8>) throws(Failure) -> SecretBytes {
        let key = try read(text)
        var isConstant = true
        for index in 1..<HostKey.size where key.span[index] != key.span[0] { isConstant = false }
        if isConstant { throw .constant }
        return key
    }

    private static func read(_ text: Span<UInt8>) throws(Failure) -> SecretBytes {
        if text.count == HostKey.size {
            var isHexadecimal = true
            for index in 0..<text.count where digit(text[index]) == nil { isHexadecimal = false }
            if isHexadecimal { throw .tooShort }
            return SecretBytes(copying: text)
        }
        let trimmed = trim(text)
        guard trimmed.count > 0 else { throw .empty }
        let key =
            switch trimmed.count {
            case 64: hexadecimal(trimmed)
            case 43, 44: base64(trimmed)
            default: nil as SecretBytes?
            }
        guard let key else { throw trimmed.count == 32 ? .tooShort : .form(byteCount: trimmed.count) }
        return key
    }

    @_lifetime(copy text)
    private static func trim(_ text: Span<UInt8>) -> Span<UInt8> {
        var range = 0..<text.count
        while let first = range.first, isSpace(text[first]) { range.removeFirst() }
        while let last = range.last, isSpace(text[last]) { range.removeLast() }
        return text.extracting(range)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func hexadecimal(_ text: Span<UInt8>) -> SecretBytes? {
        var isWhole = true
        let key = SecretBytes(count: HostKey.size) { key in
            for index in 0..<HostKey.size {
                guard let high = digit(text[2 * index]), let low = digit(text[2 * index + 1]) else {
                    isWhole = false
                    return
                }
                key[index] = high << 4 | low
            }
        }
        return isWhole ? key : nil
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// 43 digits for 32 bytes, and one `=` that may be left out. RFC 4648, clauses 4 and 5.
    private static func base64(_ text: Span<UInt8>) -> SecretBytes? {
        guard text.count == 43 || text[43] == UInt8(ascii: "=") else { return nil }
        var isWhole = true
        let key = SecretBytes(count: HostKey.size) { key in
            var bits: UInt32 = 0
            var count: UInt32 = 0
            var place = 0
            for index in 0..<43 {
                guard let value = base64Value(text[index]) else {
                    isWhole = false
                    return
                }
                bits = (bits << 6 | value) & 0xFFFF
                count += 6
                guard count >= 8, place < HostKey.size else { continue }
                count -= 8
                key[place] = UInt8(truncatingIfNeeded: bits >> count)
                place += 1
            }
            // The last digit has two bits that belong to no byte.
            if bits & 3 != 0 { isWhole = false }
        }
        return isWhole ? key : nil
    }

    private static func base64Value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
