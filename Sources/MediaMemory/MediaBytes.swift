import Synchronization

/// Media that is ready to be sent: bytes that do not change any more, in memory that is used again when the last owner
/// lets go.
package final class MediaBytes: Sendable {
    private let block: MediaBlock
    package let count: Int
    /// What stays as long as this does.
    private let kept: SendingRange?
    private let sent = Atomic(0)
    private let place = SendingPlace()

    init(_ block: MediaBlock, count: Int, keeping kept: SendingRange? = nil) {
        self.block = block
        self.count = count
        self.kept = kept
        block.name(self)
    }

    /// A copy, to be kept.
    package convenience init(copying bytes: Span<UInt8>) { self.init(copying: bytes, keeping: nil) }

    convenience init(copying bytes: Span<UInt8>, keeping kept: SendingRange?) {
        var draft = MediaDraft(capacity: bytes.count, isKept: true)
        draft.append(bytes)
        self.init(draft.surrender(), count: bytes.count, keeping: kept)
    }

    deinit {
        // The file knows the place.
        _ = place.take()
        BlockPool.shared.giveBack(block)
    }

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

/// Sent again and again.
extension MediaBytes {
    private static let smallestCopied = 256 << 10
    /// A copy costs as much as six to eight times sending from memory.
    private static let timesBeforeCopy = 16

    /// Counts that it is sent from memory.
    /// - Returns: whether it is worth a copy by now: that is for one thread to make, which may be kept busy.
    package func isSentOften() -> Bool {
        guard count >= Self.smallestCopied else { return false }
        return sent.add(1, ordering: .relaxed).newValue % Self.timesBeforeCopy == 0
    }

    /// In `file`, where there is one.
    package var sendingCopy: SendingCopy? { count >= Self.smallestCopied ? place.copy : nil }

    /// Makes the copy, where there is none and there is room.
    package func makeSendingCopy(in file: SendingFile) { file.copy(span, to: place) }
}

extension MediaBytes: Equatable {
    package static func == (left: MediaBytes, right: MediaBytes) -> Bool {
        left.count == right.count
            && UnsafeBufferPointer(start: left.block.bytes, count: left.count).elementsEqual(
                UnsafeBufferPointer(start: right.block.bytes, count: right.count))
    }
}
