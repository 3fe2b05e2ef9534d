/// Media that is being made, in the memory that it will be sent from: room for a number of bytes known beforehand, of which
/// those that were written count.
@safe package struct MediaDraft: ~Copyable, @unchecked Sendable {  // why: there is one owner, who alone has the memory
    private let block: MediaBlock
    package private(set) var count = 0
    /// Bytes that may be written in all.
    package let capacity: Int

    /// - Parameters:
    ///   - capacity: bytes that may be written.
    ///   - isKept: for minutes, with many of its kind.
    package init(capacity: Int, isKept: Bool = false) {
        self.capacity = capacity
        block = BlockPool.shared.take(capacity: capacity, isKept: isKept)
    }

    deinit { BlockPool.shared.giveBack(block) }

    /// What was written.
    package var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = Span<UInt8>(_unsafeElements: UnsafeBufferPointer(start: block.bytes, count: count))
            return _overrideLifetime(span, borrowing: self)
        }
    }

    /// What was written, to be changed.
    package var mutableSpan: MutableSpan<UInt8> {
        @_lifetime(&self)
        mutating get {
            let span = MutableSpan<UInt8>(_unsafeElements: UnsafeMutableBufferPointer(start: block.bytes, count: count))
            return _overrideLifetime(span, mutating: &self)
        }
    }

    /// Stops the program where there is no room.
    package mutating func append(_ bytes: Span<UInt8>) {
        precondition(bytes.count <= capacity - count, "room for what is written")
        bytes.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            (block.bytes + count).update(from: start, count: source.count)
        }
        count += bytes.count
    }

    /// Stops the program where there is no room.
    package mutating func append(repeating byte: UInt8, count more: Int) {
        precondition(more >= 0 && more <= capacity - count, "room for what is written")
        (block.bytes + count).update(repeating: byte, count: more)
        count += more
    }

    /// Has room from now on count as written, whatever is in it: for one who fills it piece by piece.
    package mutating func reserve(_ more: Int) {
        precondition(more >= 0 && more <= capacity - count, "room for what is written")
        count += more
    }

    /// Where it begins, for as long as there is the draft.
    package var start: UnsafeMutablePointer<UInt8> { block.bytes }

    /// Lets `body` write what follows. After a throw what it wrote counts too.
    package mutating func append<Failure: Error>(
        _ body: (inout OutputSpan<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        let rest = UnsafeMutableBufferPointer(start: block.bytes + count, count: capacity - count)
        var output = OutputSpan(buffer: rest, initializedCount: 0)
        var failure: Failure?
        do throws(Failure) { try body(&output) } catch { failure = error }
        count += output.finalize(for: rest)
        if let failure { throw failure }
    }

    /// Nothing changes any more.
    package consuming func finish() -> MediaBytes {
        let count = count
        return MediaBytes(surrender(), count: count)
    }

    /// Memory that nothing was written to, as `MediaBytes.lend` gives it.
    package static func lendMemory(count: Int) -> UnsafeMutableRawPointer {
        let draft = MediaDraft(capacity: max(count, 1))
        return MediaBytes(draft.surrender(), count: count).lend().baseAddress!  // why: a block is never empty
    }

    consuming func surrender() -> MediaBlock {
        let block = block
        discard self
        return block
    }
}
