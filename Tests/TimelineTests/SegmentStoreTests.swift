import Files
import Foundation
import ISOBMFF
import Media
import MediaMemory
import Sealing
import TestSupport
import Testing
import Timeline

@Suite struct SegmentStoreTests {
    private func key(_ number: UInt64, _ track: String = "v") -> SegmentStore.Key {
        .init(segment: number, track: track)
    }

    private let disk = DiskQueue.patient

    /// A chunk of one sample.
    private func media(_ data: [UInt8]) throws -> ClearMedia {
        let sample = Sample(decodeTime: 0, compositionOffset: 0, duration: 1, isSync: true, data: data)
        return try ClearMedia(copying: CMAFChunk.serialize(sequenceNumber: 1, samples: [sample]))
    }

    private func put(_ store: SegmentStore, _ key: SegmentStore.Key, _ data: [UInt8]) throws -> StorageError? {
        _ = store.keep(key, try media(data))
        return store.save(key)
    }

    /// The data of the sample that was put.
    private func get(
        _ store: SegmentStore, _ key: SegmentStore.Key, _ form: SegmentStore.Form
    ) throws -> [UInt8]? {
        guard let media = try store.get(key, form) else { return nil }
        return try media.table.fragments[0].mediaSamples(in: media.bytes.span)[0].data
    }

    @Test func memoryIsBoundedAndTheDiskHasTheRest() throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.path + "/v", withIntermediateDirectories: true)
        let one = try media([UInt8](repeating: 0, count: 300)).memoryBytes
        let store = SegmentStore(directory: directory.path, memoryBytes: 3 * one + 10, disk: disk)
        for number in 0..<20 as Range<UInt64> {
            #expect(try put(store, key(number), [UInt8](repeating: UInt8(number), count: 300)) == nil)
            #expect(store.memoryBytes <= 3 * one + 10)
        }
        #expect(store.memoryBytes == 3 * one)
        for number in 0..<20 as Range<UInt64> {
            #expect(try get(store, key(number), .clear) == [UInt8](repeating: UInt8(number), count: 300))
        }
        for number in 0..<19 as Range<UInt64> { store.remove(key(number), .clear, byteCount: 300) }
        disk.finish()
        #expect(store.memoryBytes == one)
        #expect(try get(store, key(18), .clear) == nil)
        #expect(try get(store, key(19), .clear) != nil)
        #expect(try directory.names(in: "v") == ["19.m4s"])
    }

    @Test func theNewestIsKeptHoweverLargeItIs() throws {
        let store = SegmentStore(directory: nil, memoryBytes: 10, disk: disk)
        #expect(try put(store, key(1), [UInt8](repeating: 1, count: 5)) == nil)
        #expect(try put(store, key(2), [UInt8](repeating: 2, count: 500)) == nil)
        #expect(try get(store, key(1), .clear) == nil)
        #expect(try get(store, key(2), .clear)?.count == 500)
        #expect(store.memoryBytes == (try media([UInt8](repeating: 2, count: 500)).memoryBytes))
    }

    @Test func theSameSegmentTwiceIsCountedOnce() throws {
        let store = SegmentStore(directory: nil, memoryBytes: 1000, disk: disk)
        for _ in 0..<3 { #expect(try put(store, key(1), [UInt8](repeating: 1, count: 100)) == nil) }
        #expect(store.memoryBytes == (try media([UInt8](repeating: 1, count: 100)).memoryBytes))
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
        let failure = try put(store, key(1), [1, 2, 3])
        #expect(failure == .file(FileError(operation: "write", path: directory.path + "/v/1.m4s", code: ENOSPC)))
        #expect(try get(store, key(1), .clear) == [1, 2, 3])
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
        for number in 1...3 as ClosedRange<UInt64> { #expect(try put(store, key(number), picture) == nil) }
        #expect(try directory.names(in: "v") == ["1.sealed", "2.sealed", "3.sealed"])
        let file = try Data(contentsOf: URL(fileURLWithPath: directory.path + "/v/1.sealed"))
        #expect(file.count == (try media(picture)).bytes.count + 48)
        #expect(file.range(of: Data("moof".utf8)) == nil)
        #expect(try get(store, key(1), .sealed) == picture)
        store.remove(key(1), .sealed, byteCount: file.count - 48)
        disk.finish()
        #expect(try get(store, key(1), .sealed) == nil)
    }

    @Test func sealedAndClearStandSideBySide() throws {
        let directory = try TemporaryDirectory()
        #expect(try put(try sealedStore(directory, nil), key(1), [1]) == nil)
        let store = try sealedStore(directory, try seal())
        #expect(try put(store, key(2), [2]) == nil)
        #expect(try get(store, key(1), .clear) == [1])
        #expect(try get(store, key(1), .sealed) == nil, "a clear file never stands in for a sealed one")
        var again = try seal()
        again.isWriting = false
        let clear = try sealedStore(directory, again)
        #expect(try put(clear, key(3), [3]) == nil)
        #expect(try get(clear, key(1), .clear) == [1])
        #expect(try get(clear, key(2), .sealed) == [2])
        #expect(try directory.names(in: "v") == ["1.m4s", "2.sealed", "3.m4s"])
        let without = try sealedStore(directory, nil)
        #expect(try get(without, key(1), .clear) == [1])
        #expect(throws: StorageError.noKey(path: directory.path + "/v/2.sealed")) {
            _ = try get(without, key(2), .sealed)
        }
    }

    @Test func whatWasChangedTornOrSwappedIsNotServed() throws {
        let directory = try TemporaryDirectory()
        let store = try sealedStore(directory, try seal())
        for number in 1...3 as ClosedRange<UInt64> {
            #expect(try put(store, key(number), [1, 2, 3, UInt8(number)]) == nil)
        }
        #expect(try put(store, key(1, "w"), [9]) == nil)
        let path = directory.path + "/v/1.sealed"
        let whole = try PlainFile.read(path, atMost: 1000)
        let swapped = try PlainFile.read(directory.path + "/v/2.sealed", atMost: 1000)
        let zeros = [UInt8](repeating: 0, count: whole.count)
        let flipped = Array(whole.dropLast()) + [whole[51] ^ 1]
        for content in [Array(whole.dropLast()), [], flipped, swapped, zeros, [1, 2, 3, 1]] as [[UInt8]] {
            try PlainFile.write(content, to: path)
            #expect(throws: StorageError.tampered(path: path)) { _ = try get(store, key(1), .sealed) }
        }
        try PlainFile.write(whole, to: directory.path + "/w/1.sealed")
        _ = try put(store, key(7, "w"), [1, 2])
        #expect(throws: StorageError.self) { _ = try get(store, key(1, "w"), .sealed) }
        try PlainFile.write(whole, to: path)
        #expect(try get(store, key(1), .sealed) == [1, 2, 3, 1])
        for other in [try seal("sport"), try seal("news", 1)] {
            #expect(throws: StorageError.tampered(path: path)) {
                _ = try sealedStore(directory, other).get(key(1), .sealed)
            }
        }
    }
}
