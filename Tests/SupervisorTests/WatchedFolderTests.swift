import CLinux
import ChunkStream
import Foundation
import TestSupport
import Testing

@testable import Supervisor

/// A real folder, and the socket by which its files go to a worker.
@Suite struct WatchedFolderTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func tellsOfWhatIsRenamedIn() async throws {
        let (changes, told) = AsyncStream<Void>.makeStream()
        let folder = WatchedFolder(directory.path) { told.yield() }
        defer { folder.stop() }
        #expect(folder.look().entries == [])
        try directory.write("media", to: ".coming.mp4")
        try directory.write("media", to: "unfinished.part")
        try FileManager.default.createSymbolicLink(
            atPath: "\(directory.path)/link.mp4", withDestinationPath: "/etc/passwd")
        try FileManager.default.createDirectory(atPath: "\(directory.path)/below", withIntermediateDirectories: false)
        try FileManager.default.moveItem(atPath: "\(directory.path)/.coming.mp4", toPath: "\(directory.path)/a.mp4")
        var found: (entries: [FilePlan.Entry], arrived: Set<String>) = ([], [])
        for await _ in changes {
            let look = folder.look()
            found = (look.entries, found.arrived.union(look.arrived))
            if found.arrived.contains("a.mp4") { break }
        }
        #expect(found.entries.map(\.name) == ["a.mp4"])
        #expect(found.entries.first?.identity.size == 5)
        #expect(throws: SocketError.self) { try folder.open("link.mp4") }
        #expect(throws: SocketError.self) { try folder.open("below") }
    }

    /// A file that is named itself may be a link, and may come later.
    @Test func watchesOneFile() async throws {
        let (changes, told) = AsyncStream<Void>.makeStream()
        let folder = WatchedFolder(directory.path, only: "now.mp4") { told.yield() }
        defer { folder.stop() }
        try directory.write("other", to: "other.mp4")
        #expect(folder.look().entries == [])
        try FileManager.default.createSymbolicLink(
            atPath: "\(directory.path)/now.mp4", withDestinationPath: "\(directory.path)/other.mp4")
        for await _ in changes where folder.look().entries.map(\.name) == ["now.mp4"] { break }
        close(try folder.open("now.mp4"))
    }

    @Test func anOpenFileGoesOverTheFeed() throws {
        try directory.write("what is in it", to: "a.mp4")
        let feed = try #require(FileFeed())
        defer { close(feed.workersEnd) }
        let folder = WatchedFolder(directory.path) {}
        feed.give(try folder.open("a.mp4"), FileOffer(file: 3, startMilliseconds: 40))
        feed.give(nil, FileOffer())
        var bytes = [UInt8](repeating: 0, count: FileOffer.size)
        var descriptor: CInt = -1
        #expect(sluice_receive_file(feed.workersEnd, &bytes, UInt(bytes.count), &descriptor) == FileOffer.size)
        #expect(try FileOffer(parsing: bytes) == FileOffer(file: 3, startMilliseconds: 40))
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        #expect(try handle.readToEnd() == Data("what is in it".utf8))
        #expect(sluice_receive_file(feed.workersEnd, &bytes, UInt(bytes.count), &descriptor) == FileOffer.size)
        #expect(descriptor == -1)
        feed.cutOff()
        #expect(sluice_receive_file(feed.workersEnd, &bytes, UInt(bytes.count), &descriptor) == 0)
    }
}
