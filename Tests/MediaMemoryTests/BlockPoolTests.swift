import Testing

@testable import MediaMemory

@Suite struct BlockPoolTests {
    /// Sixteen for what is kept.
    @Test(arguments: [(false, 4), (true, 16)]) func soManySizesMakeADoubling(isKept: Bool, sizes: Int) {
        #expect(BlockPool.size(for: 1000, isKept: isKept) == 1000)
        #expect(BlockPool.size(for: 131_071, isKept: isKept) == 131_071)
        #expect(BlockPool.size(for: 3_750_064, isKept: isKept) == (isKept ? 29 << 17 : 4 << 20))
        #expect(BlockPool.size(for: (4 << 20) + 1, isKept: isKept) == (isKept ? 17 << 18 : 5 << 20))
        var found: Set<Int> = []
        for count in stride(from: 1 << 20, through: 16 << 20, by: 1000) {
            let size = BlockPool.size(for: count, isKept: isKept)
            #expect(size >= count && size % 4096 == 0 && size <= count + count / sizes)
            // What is given back by those who keep is of use to the others.
            #expect(BlockPool.size(for: size, isKept: true) == size)
            found.insert(size)
        }
        #expect(found.count <= 4 * sizes + 1)
    }

    @Test func whatWasGivenBackIsTakenAgain() {
        let pool = BlockPool(maximumBytes: 1 << 20)
        let block = pool.take(capacity: 300_000)
        #expect(block.capacity >= 300_000)
        pool.giveBack(block)
        #expect(pool.waitingBytes == block.memory.count)
        // Of another size: a new one.
        let large = pool.take(capacity: 600_000)
        #expect(large.memory.baseAddress != block.memory.baseAddress)
        let again = pool.take(capacity: 310_000)
        #expect(again.memory.baseAddress == block.memory.baseAddress && pool.waitingBytes == 0)
        pool.giveBack(large)
        pool.giveBack(again)
    }

    @Test func noMoreWaitThanTheBound() {
        let pool = BlockPool(maximumBytes: 1 << 20)
        let blocks = (0..<8).map { _ in pool.take(capacity: 300_000) }
        blocks.forEach(pool.giveBack)
        #expect(pool.waitingBytes > 0 && pool.waitingBytes <= 1 << 20)
        let small = pool.take(capacity: 10)
        let before = pool.waitingBytes
        pool.giveBack(small)
        #expect(pool.waitingBytes == before)
    }

    /// After a change of ladder nobody wants the sizes of before.
    @Test func whatNobodyWantsMakesRoom() {
        let pool = BlockPool(maximumBytes: 4 << 20)
        let before = (0..<4).map { _ in pool.take(capacity: 1_000_000) }
        before.forEach(pool.giveBack)
        let after = (0..<6).map { _ in pool.take(capacity: 600_000) }
        after.forEach(pool.giveBack)
        #expect(pool.waitingBytes <= 4 << 20)
        let again = (0..<6).map { _ in pool.take(capacity: 600_000) }
        #expect(Set(again.map(\.memory.baseAddress)) == Set(after.map(\.memory.baseAddress)))
        again.forEach(pool.giveBack)
    }

    /// A size of which all are taken has nothing to give up, though nobody has wanted it for long.
    @Test func whatIsTakenForLongDoesNotKeepOthersFromMakingRoom() {
        let pool = BlockPool(maximumBytes: 4 << 20)
        pool.giveBack(pool.take(capacity: 2_000_000))
        let taken = pool.take(capacity: 2_000_000)
        let before = (0..<4).map { _ in pool.take(capacity: 1_000_000) }
        before.forEach(pool.giveBack)
        let after = (0..<6).map { _ in pool.take(capacity: 600_000) }
        for block in after {
            block.bytes[0] = 7
            pool.giveBack(block)
        }
        let again = (0..<6).map { _ in pool.take(capacity: 600_000) }
        // New pages would be 0, whatever their address.
        #expect(again.allSatisfy { $0.bytes[0] == 7 })
        (again + [taken]).forEach(pool.giveBack)
    }

    @Test func largeOnesAreWhereHugePagesBegin() {
        let pool = BlockPool(maximumBytes: 0)
        let block = pool.take(capacity: 3 << 20)
        #expect(Int(bitPattern: block.memory.baseAddress) % (2 << 20) == 0)
        block.bytes.update(repeating: 7, count: 3 << 20)
        #expect(block.bytes[(3 << 20) - 1] == 7)
        pool.giveBack(block)
    }
}
