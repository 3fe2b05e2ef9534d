/// Media that is ready to be sent: bytes that do not change any more, in memory that is used again when the last owner
/// lets go.
package final class MediaBytes: Sendable {
    private let block: MediaBlock
    package let count: Int

    init(_ block: MediaBlock, count: Int) {
        self.block = block
        self.count = count
        block.name(self)
    }

    /// A copy, to be kept.
    package convenience init(copying bytes: Span<UInt8>) {
        var draft = MediaDraft(capacity: bytes.count, isKept: true)
        draft.append(bytes)
        self.init(draft.surrender(), count: bytes.count)
    }

    deinit { BlockPool.shared.giveBack(block) }

    /// Bytes that there is memory for.
    package var capacity: Int { block.capacity }

    package var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = Span<UInt8>(_unsafeElements: UnsafeBufferPointer(start: block.bytes, count: count))
            return _overrideLifetime(span, borrowing: self)
        }
    }

    /// A copy of some of it.
    package func array(_ range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a range within the bytes")
        return Array(UnsafeBufferPointer(start: block.bytes + range.lowerBound, count: range.count))
    }

    /// A copy.
    package var array: [UInt8] { Array(UnsafeBufferPointer(start: block.bytes, count: count)) }

    /// The bytes for one who knows nothing of this object: they stay until `takeBack` is called with where they begin.
    package func lend() -> UnsafeMutableRawBufferPointer {
        _ = Unmanaged.passRetained(self)
        return UnsafeMutableRawBufferPointer(start: block.bytes, count: count)
    }

    /// - Parameter start: of what `lend` gave, once for each time.
    package static func takeBack(_ start: UnsafeMutableRawPointer) { MediaBlock.object(before: start).release() }
}

extension MediaBytes: Equatable {
    package static func == (left: MediaBytes, right: MediaBytes) -> Bool {
        left.count == right.count
            && UnsafeBufferPointer(start: left.block.bytes, count: left.count).elementsEqual(
                UnsafeBufferPointer(start: right.block.bytes, count: right.count))
    }
}
