import OpenSSLCrypto

/// The secret of this machine under which everything on its disk is sealed: 32 bytes.
///
/// It seals nothing itself: every purpose has a key of its own, made of it. Never prints.
package struct HostKey: Sendable {
    package static let size = 32

    /// What a sub-key is for. The words are part of the derivation: they never change.
    package enum Purpose: String, Sendable {
        /// The media of the window.
        case segments
        /// Content keys that must survive a restart.
        case keys
    }

    private let secret: SecretBytes

    /// A copy of 32 bytes; nil for any other count.
    package init?(copying bytes: Span<UInt8>) {
        guard bytes.count == Self.size else { return nil }
        secret = SecretBytes(copying: bytes)
    }

    /// The key as people and programs write it: 64 hexadecimal digits, base64, or the 32 bytes themselves; white space
    /// around text is passed over. Overwrites `text` with zeros.
    package init(parsing text: inout [UInt8]) throws(HostKeyText.Failure) {
        defer { cleanse(&text) }
        secret = try HostKeyText.bytes(of: text.span)
    }

    /// The key for one purpose.
    package func key(for purpose: Purpose) -> SealingKey { SealingKey(secret: derived("sluice \(purpose.rawValue) 1")) }

    /// 16 hexadecimal digits by which a key is told from another. Not secret.
    package var fingerprint: String {
        let bytes = derived("sluice fingerprint 1", count: 8)
        var text = ""
        for index in 0..<8 {
            let byte = bytes.span[index]
            text += String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        return text
    }

    private func derived(_ info: String, count: Int = 32) -> SecretBytes {
        hkdfSHA256(secret.span, salt: Array("sluice host key".utf8), info: Array(info.utf8), count: count)
    }
}

extension HostKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "HostKey(redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
