import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Large blocks that were given back, for the next ones who want as much.
///
/// A page that the system gives anew is one that it has to find and clear first, which takes longer than to fill it, send it
/// and all else that is done with it: of what is packaged just in time, half the cost. Blocks come in sizes of which four make a
/// doubling, so that one fits the next segment too, and in huge pages where the system has them; for what is kept, in sizes of which
/// sixteen do, as what is too large is kept too.
/// Bound: `maximumBytes` wait; beyond that those of the size that has been wanted least lately go back to the system. Small ones
/// are malloc's.
final class BlockPool: Sendable {
    static let shared = BlockPool(maximumBytes: 64 << 20)

    /// From here on.
    static let smallest = 128 << 10
    private static let hugePage = 2 << 20
    private static let page = 4096
    private static let sizesTooLarge = 2

    private struct State {
        /// By size; what came last goes first, as it may still be in the processor's cache.
        var waiting: [Int: [MediaBlock]] = [:]
        var bytes = 0
        /// When a block of a size was taken or given back last, by a clock that counts these.
        var wanted: [Int: UInt64] = [:]
        var clock: UInt64 = 0

        mutating func add(_ block: MediaBlock, of size: Int) {
            waiting[size, default: []].append(block)
            bytes += size
            want(size)
        }

        mutating func take(of size: Int) -> MediaBlock? {
            guard let block = waiting[size]?.popLast() else { return nil }
            bytes -= size
            want(size)
            forgetIfEmpty(size)
            return block
        }

        /// Takes out one of another size that is wanted less.
        mutating func takeLeastWanted(but size: Int) -> MediaBlock? {
            let other = waiting.keys.filter { $0 != size }.min { wanted[$0] ?? 0 < wanted[$1] ?? 0 }
            guard let other, let block = waiting[other]?.popLast() else { return nil }
            bytes -= other
            forgetIfEmpty(other)
            return block
        }

        private mutating func want(_ size: Int) {
            clock += 1
            wanted[size] = clock
        }

        /// Sizes of which none waits have nothing to give up.
        private mutating func forgetIfEmpty(_ size: Int) {
            guard waiting[size]?.isEmpty == true else { return }
            waiting[size] = nil
            wanted[size] = nil
        }
    }

    private let maximumBytes: Int
    private let state = Mutex(State())

    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    /// Bytes of blocks that wait.
    var waitingBytes: Int { state.withLock { $0.bytes } }

    /// - Parameters:
    ///   - capacity: 0 or more; there is room for no less.
    ///   - isKept: for minutes, with many of its kind.
    func take(capacity: Int, isKept: Bool = false) -> MediaBlock {
        precondition(capacity >= 0 && capacity <= Int(UInt32.max), "media is below 4 GiB")
        let size = Self.size(for: capacity + MediaBlock.headSize, isKept: isKept)
        guard size >= Self.smallest else {
            return MediaBlock(memory: .allocate(byteCount: size, alignment: MediaBlock.headSize))
        }
        let known = state.withLock { state -> MediaBlock? in
            // One that is a little too large is better than one of new pages.
            for larger in 0...Self.sizesTooLarge {
                let fitting = Self.size(for: size + larger * size / 16, isKept: true)
                if let block = state.take(of: fitting) { return block }
            }
            return nil
        }
        if let known { return known }
        if let memory = Self.map(size) { return MediaBlock(memory: memory, isMapped: true) }
        // A process may have only so many mappings (vm.max_map_count).
        return MediaBlock(memory: .allocate(byteCount: size, alignment: MediaBlock.headSize))
    }

    func giveBack(_ block: MediaBlock) {
        let size = block.memory.count
        guard block.isMapped else { return block.memory.deallocate() }
        let leaving = state.withLock { state -> [MediaBlock] in
            var leaving: [MediaBlock] = []
            while state.bytes + size > maximumBytes, let other = state.takeLeastWanted(but: size) {
                leaving.append(other)
            }
            guard state.bytes + size <= maximumBytes else { return leaving + [block] }
            state.add(block, of: size)
            return leaving
        }
        for other in leaving { munmap(other.memory.baseAddress, other.memory.count) }
    }

    /// The next of the sizes that blocks have.
    static func size(for count: Int, isKept: Bool = false) -> Int {
        guard count >= smallest else { return count }
        var step = page
        while step * (isKept ? 32 : 8) < count { step *= 2 }
        return (count + step - 1) / step * step
    }

    private static func map(_ size: Int) -> UnsafeMutableRawBufferPointer? {
        // Huge pages begin at multiples of their size: more is asked for, and what is beside it given back.
        let slack = size >= hugePage ? hugePage : 0
        guard
            let start = mmap(nil, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            start != MAP_FAILED
        else { return nil }
        guard slack > 0 else { return UnsafeMutableRawBufferPointer(start: start, count: size) }
        let before = (hugePage - Int(bitPattern: start) % hugePage) % hugePage
        if before > 0 { munmap(start, before) }
        if slack > before { munmap(start + before + size, slack - before) }
        // Where there are none, pages are small.
        _ = madvise(start + before, size, MADV_HUGEPAGE)
        return UnsafeMutableRawBufferPointer(start: start + before, count: size)
    }
}
