import Files
import Foundation
import TestSupport
import Testing
import Timeline

@Suite struct SegmentStoreTests {
    private func key(_ number: UInt64, _ track: String = "v") -> SegmentStore.Key {
        .init(segment: number, track: track)
    }

    @Test func memoryIsBoundedAndTheDiskHasTheRest() throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.path + "/v", withIntermediateDirectories: true)
        let store = SegmentStore(directory: directory.path, memoryBytes: 1000)
        for number in 0..<20 as Range<UInt64> {
            #expect(store.put(key(number), [UInt8](repeating: UInt8(number), count: 300)) == nil)
            #expect(store.memoryBytes <= 1000)
        }
        #expect(store.memoryBytes == 900)
        for number in 0..<20 as Range<UInt64> {
            #expect(store.get(key(number)) == [UInt8](repeating: UInt8(number), count: 300))
        }
        for number in 0..<19 as Range<UInt64> { store.remove(key(number)) }
        #expect(store.memoryBytes == 300)
        #expect(store.get(key(18)) == nil)
        #expect(store.get(key(19)) != nil)
        #expect(try directory.names(in: "v") == ["19.m4s"])
    }

    @Test func theNewestIsKeptHoweverLargeItIs() {
        let store = SegmentStore(directory: nil, memoryBytes: 10)
        #expect(store.put(key(1), [UInt8](repeating: 1, count: 5)) == nil)
        #expect(store.put(key(2), [UInt8](repeating: 2, count: 500)) == nil)
        #expect(store.get(key(1)) == nil)
        #expect(store.get(key(2))?.count == 500)
        #expect(store.memoryBytes == 500)
    }

    @Test func theSameSegmentTwiceIsCountedOnce() {
        let store = SegmentStore(directory: nil, memoryBytes: 1000)
        for _ in 0..<3 { #expect(store.put(key(1), [UInt8](repeating: 1, count: 100)) == nil) }
        #expect(store.memoryBytes == 100)
        store.remove(key(1))
        #expect(store.memoryBytes == 0)
    }

    /// A full disk leaves half a file, which must not be taken for the segment.
    @Test func whatTheDiskRefusesIsNotHalfThere() throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.path + "/v", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: directory.path + "/v/1.m4s", withDestinationPath: "/dev/full")
        let store = SegmentStore(directory: directory.path, memoryBytes: 10)
        let failure = store.put(key(1), [1, 2, 3])
        #expect(failure?.operation == "write")
        #expect(failure?.code == ENOSPC)
        #expect(store.get(key(1)) == [1, 2, 3])
        #expect(try directory.names(in: "v").isEmpty)
    }

    @Test func theBudgetCountsInAndOut() {
        let budget = StorageBudget(maximumBytes: 100)
        #expect(budget.add(100))
        #expect(!budget.add(1))
        #expect(budget.add(-51))
        #expect(budget.usedBytes == 50)
    }
}
