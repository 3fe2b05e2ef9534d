import Files
import Foundation
import Sealing
import TestSupport
import Testing
import Timeline

@Suite struct SegmentStoreTests {
    private func key(_ number: UInt64, _ track: String = "v") -> SegmentStore.Key {
        .init(segment: number, track: track)
    }

    private let disk = DiskQueue.patient

    private func put(_ store: SegmentStore, _ key: SegmentStore.Key, _ bytes: [UInt8]) -> StorageError? {
        _ = store.keep(key, bytes)
        return store.save(key)
    }

    @Test func memoryIsBoundedAndTheDiskHasTheRest() throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.path + "/v", withIntermediateDirectories: true)
        let store = SegmentStore(directory: directory.path, memoryBytes: 1000, disk: disk)
        for number in 0..<20 as Range<UInt64> {
            #expect(put(store, key(number), [UInt8](repeating: UInt8(number), count: 300)) == nil)
            #expect(store.memoryBytes <= 1000)
        }
        #expect(store.memoryBytes == 900)
        for number in 0..<20 as Range<UInt64> {
            #expect(try store.get(key(number), .clear) == [UInt8](repeating: UInt8(number), count: 300))
        }
        for number in 0..<19 as Range<UInt64> { store.remove(key(number), .clear, byteCount: 300) }
        disk.finish()
        #expect(store.memoryBytes == 300)
        #expect(try store.get(key(18), .clear) == nil)
        #expect(try store.get(key(19), .clear) != nil)
        #expect(try directory.names(in: "v") == ["19.m4s"])
    }

    @Test func theNewestIsKeptHoweverLargeItIs() throws {
        let store = SegmentStore(directory: nil, memoryBytes: 10, disk: disk)
        #expect(put(store, key(1), [UInt8](repeating: 1, count: 5)) == nil)
        #expect(put(store, key(2), [UInt8](repeating: 2, count: 500)) == nil)
        #expect(try store.get(key(1), .clear) == nil)
        #expect(try store.get(key(2), .clear)?.count == 500)
        #expect(store.memoryBytes == 500)
    }

    @Test func theSameSegmentTwiceIsCountedOnce() {
        let store = SegmentStore(directory: nil, memoryBytes: 1000, disk: disk)
        for _ in 0..<3 { #expect(put(store, key(1), [UInt8](repeating: 1, count: 100)) == nil) }
        #expect(store.memoryBytes == 100)
        store.remove(key(1), .clear, byteCount: 100)
        #expect(store.memoryBytes == 0)
    }

    /// A full disk leaves half a file, which must not be taken for the segment.
    @Test func whatTheDiskRefusesIsNotHalfThere() throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.path + "/v", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: directory.path + "/v/1.m4s", withDestinationPath: "/dev/full")
        let store = SegmentStore(directory: directory.path, memoryBytes: 10, disk: disk)
        let failure = put(store, key(1), [1, 2, 3])
        #expect(failure == .file(FileError(operation: "write", path: directory.path + "/v/1.m4s", code: ENOSPC)))
        #expect(try store.get(key(1), .clear) == [1, 2, 3])
        #expect(try directory.names(in: "v").isEmpty)
    }

    // MARK: Sealed

    private func seal(_ channel: String = "news", _ byte: UInt8 = 0) throws -> WindowSeal {
        var text = (0..<32).map { UInt8($0) ^ byte }
        return WindowSeal(key: try HostKey(parsing: &text).key(for: .segments), channel: channel)
    }

    private func sealedStore(_ directory: TemporaryDirectory, _ seal: WindowSeal?) throws -> SegmentStore {
        try FileManager.default.createDirectory(atPath: directory.path + "/v", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: directory.path + "/w", withIntermediateDirectories: true)
        // Too little memory for two: what is read comes from the disk.
        return SegmentStore(directory: directory.path, seal: seal, memoryBytes: 1, disk: disk)
    }

    @Test func theDiskShowsNothingOfWhatIsSealed() throws {
        let directory = try TemporaryDirectory()
        let store = try sealedStore(directory, try seal())
        let picture = Array("moof and mdat of a picture".utf8)
        for number in 1...3 as ClosedRange<UInt64> { #expect(put(store, key(number), picture) == nil) }
        #expect(try directory.names(in: "v") == ["1.sealed", "2.sealed", "3.sealed"])
        let file = try Data(contentsOf: URL(fileURLWithPath: directory.path + "/v/1.sealed"))
        #expect(file.count == picture.count + 48)
        #expect(file.range(of: Data("moof".utf8)) == nil)
        #expect(try store.get(key(1), .sealed) == picture)
        store.remove(key(1), .sealed, byteCount: picture.count)
        disk.finish()
        #expect(try store.get(key(1), .sealed) == nil)
    }

    @Test func sealedAndClearStandSideBySide() throws {
        let directory = try TemporaryDirectory()
        #expect(put(try sealedStore(directory, nil), key(1), [1]) == nil)
        let store = try sealedStore(directory, try seal())
        #expect(put(store, key(2), [2]) == nil)
        #expect(try store.get(key(1), .clear) == [1])
        #expect(try store.get(key(1), .sealed) == nil, "a clear file never stands in for a sealed one")
        var again = try seal()
        again.isWriting = false
        let clear = try sealedStore(directory, again)
        #expect(put(clear, key(3), [3]) == nil)
        #expect(try clear.get(key(1), .clear) == [1])
        #expect(try clear.get(key(2), .sealed) == [2])
        #expect(try directory.names(in: "v") == ["1.m4s", "2.sealed", "3.m4s"])
        let without = try sealedStore(directory, nil)
        #expect(try without.get(key(1), .clear) == [1])
        #expect(throws: StorageError.noKey(path: directory.path + "/v/2.sealed")) {
            _ = try without.get(key(2), .sealed)
        }
    }

    @Test func whatWasChangedTornOrSwappedIsNotServed() throws {
        let directory = try TemporaryDirectory()
        let store = try sealedStore(directory, try seal())
        for number in 1...3 as ClosedRange<UInt64> {
            #expect(put(store, key(number), [1, 2, 3, UInt8(number)]) == nil)
        }
        #expect(put(store, key(1, "w"), [9]) == nil)
        let path = directory.path + "/v/1.sealed"
        let whole = try PlainFile.read(path, atMost: 100)
        let swapped = try PlainFile.read(directory.path + "/v/2.sealed", atMost: 100)
        let zeros = [UInt8](repeating: 0, count: whole.count)
        let flipped = Array(whole.dropLast()) + [whole[51] ^ 1]
        for content in [Array(whole.dropLast()), [], flipped, swapped, zeros, [1, 2, 3, 1]] as [[UInt8]] {
            try PlainFile.write(content, to: path)
            #expect(throws: StorageError.tampered(path: path)) { _ = try store.get(key(1), .sealed) }
        }
        try PlainFile.write(whole, to: directory.path + "/w/1.sealed")
        _ = put(store, key(7, "w"), [1, 2])
        #expect(throws: StorageError.self) { _ = try store.get(key(1, "w"), .sealed) }
        try PlainFile.write(whole, to: path)
        #expect(try store.get(key(1), .sealed) == [1, 2, 3, 1])
        for other in [try seal("sport"), try seal("news", 1)] {
            #expect(throws: StorageError.tampered(path: path)) {
                _ = try sealedStore(directory, other).get(key(1), .sealed)
            }
        }
    }
}
