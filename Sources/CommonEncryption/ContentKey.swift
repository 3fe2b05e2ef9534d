import OpenSSLCrypto

/// A content key. ISO/IEC 23001-7:2023, clause 8.1: 16 bytes for AES-128.
///
/// Copies share one piece of memory, which is overwritten with zeros when the last of them goes. A key
/// never prints its bytes, is not `Codable`, and compares in constant time.
package struct ContentKey: Sendable, Equatable {
    package static let size = 16

    private let storage: SecretBytes

    /// A copy of 16 bytes; nil for any other count. The caller still has to clear its own.
    package init?(copying bytes: Span<UInt8>) {
        guard bytes.count == Self.size else { return nil }
        storage = SecretBytes(copying: bytes)
    }

    /// A copy of 16 bytes; nil for any other count. The caller still has to clear its own.
    package init?(_ bytes: [UInt8]) { self.init(copying: bytes.span) }

    /// Takes 16 bytes over; nil for any other count. The array is overwritten with zeros in either case.
    package init?(moving bytes: inout [UInt8]) {
        defer { cleanse(&bytes) }
        guard let key = ContentKey(copying: bytes.span) else { return nil }
        self = key
    }

    /// The 16 bytes, for as long as the key is borrowed.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { storage.span }
    }

    package static func == (left: ContentKey, right: ContentKey) -> Bool {
        constantTimeEqual(left.bytes, right.bytes)
    }
}

extension ContentKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "ContentKey(redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
