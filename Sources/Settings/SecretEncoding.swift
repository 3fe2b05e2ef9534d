import Foundation

/// How a secret's bytes are written.
package enum SecretEncoding: String, Sendable, Hashable, CaseIterable {
    case text, hex
    /// Also that of URLs, with or without padding.
    case base64

    /// The key's bytes; nil where the text is something else. For the caller to clear.
    package func bytes(of text: String) -> [UInt8]? {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        switch self {
        case .text: return Array(text.utf8)
        case .hex:
            let digits = Array(trimmed.utf8)
            guard digits.count.isMultiple(of: 2), digits.allSatisfy({ isxdigit(Int32($0)) != 0 }) else { return nil }
            return stride(from: 0, to: digits.count, by: 2).compactMap {
                UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
            }
        case .base64:
            var standard = trimmed.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
            standard = standard.trimmingCharacters(in: CharacterSet(charactersIn: "="))
            standard += String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
            return Data(base64Encoded: standard).map(Array.init)
        }
    }
}
