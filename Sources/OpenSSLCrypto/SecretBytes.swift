import COpenSSL

/// Secret bytes in memory of their own, overwritten with zeros when the last owner lets go. Never prints them.
package final class SecretBytes: @unchecked Sendable {  // why: written only in init and deinit
    private let storage: UnsafeMutableRawBufferPointer

    /// A copy; the caller still has to `cleanse` its own.
    package init(copying bytes: Span<UInt8>) {
        storage = .allocate(byteCount: bytes.count, alignment: 16)
        for index in 0..<bytes.count { storage[index] = bytes[index] }
    }

    deinit {
        OPENSSL_cleanse(storage.baseAddress, storage.count)
        storage.deallocate()
    }

    package var count: Int { storage.count }

    /// The bytes, for as long as this object is borrowed.
    package var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = Span<UInt8>(_unsafeElements: UnsafeBufferPointer(storage.assumingMemoryBound(to: UInt8.self)))
            return _overrideLifetime(span, borrowing: self)
        }
    }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "SecretBytes(redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
