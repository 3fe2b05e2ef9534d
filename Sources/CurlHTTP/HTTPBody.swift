import Glibc

/// The bytes of an answer, which may hold keys: nothing else ever holds them, and they are overwritten with zeros when
/// the last owner lets go.
package final class HTTPBody: @unchecked Sendable {  // why: appended to by one thread, before anybody else has it
    private var storage: UnsafeMutableRawBufferPointer
    package private(set) var count = 0

    init() { storage = .allocate(byteCount: 4096, alignment: 16) }

    deinit { Self.release(storage) }

    func append(_ bytes: UnsafeRawBufferPointer) {
        if storage.count - count < bytes.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(2 * storage.count, count + bytes.count), alignment: 16)
            larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[..<count]))
            Self.release(storage)
            storage = larger
        }
        UnsafeMutableRawBufferPointer(rebasing: storage[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    /// Begins anew.
    func removeAll() {
        if let start = storage.baseAddress { explicit_bzero(start, count) }
        count = 0
    }

    private static func release(_ storage: UnsafeMutableRawBufferPointer) {
        if let start = storage.baseAddress { explicit_bzero(start, storage.count) }
        storage.deallocate()
    }

    var copy: [UInt8] { Array(storage[..<count]) }

    /// The bytes, for as long as this object is borrowed.
    package var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let bytes = UnsafeBufferPointer(
                rebasing: UnsafeBufferPointer(storage.assumingMemoryBound(to: UInt8.self))[..<count])
            return _overrideLifetime(Span<UInt8>(_unsafeElements: bytes), borrowing: self)
        }
    }
}

extension HTTPBody: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "HTTPBody(\(count) bytes)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
