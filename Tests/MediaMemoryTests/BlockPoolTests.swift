import Testing

@testable import MediaMemory

@Suite struct BlockPoolTests {
    @Test func sixteenSizesMakeADoubling() {
        #expect(BlockPool.size(for: 1000) == 1000)
        #expect(BlockPool.size(for: 131_071) == 131_071)
        #expect(BlockPool.size(for: 131_073) == 139_264)
        #expect(BlockPool.size(for: 3_750_064) == 29 << 17)
        #expect(BlockPool.size(for: (4 << 20) + 1) == 17 << 18)
        var sizes: Set<Int> = []
        for count in stride(from: 1 << 20, through: 16 << 20, by: 1000) {
            let size = BlockPool.size(for: count)
            #expect(size >= count && size % 4096 == 0 && size <= count + count / 16)
            sizes.insert(size)
        }
        #expect(sizes.count <= 65)
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

    @Test func largeOnesAreWhereHugePagesBegin() {
        let pool = BlockPool(maximumBytes: 0)
        let block = pool.take(capacity: 3 << 20)
        #expect(Int(bitPattern: block.memory.baseAddress) % (2 << 20) == 0)
        block.bytes.update(repeating: 7, count: 3 << 20)
        #expect(block.bytes[(3 << 20) - 1] == 7)
        pool.giveBack(block)
    }
}
