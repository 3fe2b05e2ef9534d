/// Secret bytes in memory of their own (`SecretMemory`), overwritten with zeros when the last owner lets go. Never
/// prints them.
package final class SecretBytes: @unchecked Sendable {  // why: written only in init and deinit
    private let storage: UnsafeMutableRawBufferPointer

    /// A copy; the caller still has to `cleanse` its own.
    package init(copying bytes: Span<UInt8>) {
        storage = SecretMemory.allocate(bytes.count)
        for index in 0..<bytes.count { storage[index] = bytes[index] }
    }

    /// `count` bytes that `fill` writes in place, zeros at first; no copy of them is made.
    package init<Failure: Error>(
        count: Int, _ fill: (UnsafeMutableBufferPointer<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        storage = SecretMemory.allocate(count)
        storage.initializeMemory(as: UInt8.self, repeating: 0)
        try fill(storage.assumingMemoryBound(to: UInt8.self))
    }

    deinit { SecretMemory.wipeAndFree(storage) }

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
