import MediaMemory
@_spi(CustomByteBufferAllocator) import NIOCore

extension ByteBuffer {
    /// Media as it lies, without a copy: its memory is used again when all that send it have done so.
    init(lending media: MediaBytes) {
        guard media.count > 0 else {
            self.init()
            return
        }
        // With what is behind the bytes, for the cache counts all that is taken.
        let memory = UnsafeMutableRawBufferPointer(start: media.lend().baseAddress, count: media.capacity)
        self.init(takingOwnershipOf: memory, allocator: .media, writerIndex: media.count)
    }
}

extension ByteBufferAllocator {
    /// Answers are not written to: the first three are for completeness' sake.
    fileprivate static let media = ByteBufferAllocator(
        allocate: { MediaDraft.lendMemory(count: $0) },
        reallocate: { old, oldCount, count in
            let new = MediaDraft.lendMemory(count: count)
            if let old {
                new.copyMemory(from: old, byteCount: min(oldCount, count))
                MediaBytes.takeBack(old)
            }
            return new
        },
        deallocate: { MediaBytes.takeBack($0) },
        copy: { $0.copyMemory(from: $1, byteCount: $2) })
}
