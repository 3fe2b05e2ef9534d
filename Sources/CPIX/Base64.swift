import OpenSSLCrypto

/// Base64. RFC 4648, clause 4.
///
/// Our own: what passes through it may be a key, so nothing may be left behind in a copy that nobody wipes.
enum Base64 {
    /// Decodes character by character, so that the text can come in pieces.
    struct Decoder {
        /// What has come out; the caller's to wipe where it is secret.
        private(set) var bytes: [UInt8]
        private var group: UInt32 = 0
        private var count = 0
        private var padding = 0
        private var isWrong = false

        /// - Parameter capacity: characters to come at most; below it nothing is moved, so nothing is left behind.
        init(capacity: Int) {
            bytes = []
            bytes.reserveCapacity(capacity / 4 * 3 + 3)
        }

        /// Takes a character; white space is passed over.
        mutating func take(_ character: UInt8) {
            switch character {
            case 9, 10, 13, 32: return
            case UInt8(ascii: "="):
                padding += 1
                group <<= 6
            default:
                guard padding == 0, let value = Base64.value(of: character) else {
                    isWrong = true
                    return
                }
                group = group << 6 | UInt32(value)
            }
            count += 1
            guard count == 4 else { return }
            guard padding <= 2 else {
                isWrong = true
                return
            }
            for place in 0..<3 - padding { bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(16 - 8 * place))) }
            // Padding ends a text: whatever follows is wrong, and more of it as well.
            (group, count) = (0, 0)
        }

        /// Whether all that came is the base64 of `bytes`.
        var isComplete: Bool { !isWrong && count == 0 && padding <= 2 }

        mutating func wipe() { cleanse(&bytes) }
    }

    /// The bytes that a text stands for, white space aside; nil where it is none.
    static func decoded(_ text: some Collection<UInt8>) -> [UInt8]? {
        var decoder = Decoder(capacity: text.count)
        for character in text { decoder.take(character) }
        return decoder.isComplete ? decoder.bytes : nil
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    /// Hands the text of some bytes to `body`, character by character.
    static func encode(_ bytes: Span<UInt8>, _ body: (UInt8) -> Void) {
        var offset = 0
        while offset < bytes.count {
            let rest = min(3, bytes.count - offset)
            var group: UInt32 = 0
            for place in 0..<3 { group = group << 8 | (place < rest ? UInt32(bytes[offset + place]) : 0) }
            for place in 0..<4 {
                let isPadding = place > rest
                body(isPadding ? UInt8(ascii: "=") : alphabet[Int(group >> UInt32(18 - 6 * place) & 63)])
            }
            offset += rest
        }
    }
}

extension Collection<UInt8> {
    var base64: String {
        var text: [UInt8] = []
        text.reserveCapacity((count + 2) / 3 * 4)
        Base64.encode(Array(self).span) { text.append($0) }
        return String(decoding: text, as: UTF8.self)
    }
}

extension String {
    /// The bytes that this base64 text stands for, white space aside; nil where it is none.
    var base64Bytes: [UInt8]? { Base64.decoded(utf8) }
}
