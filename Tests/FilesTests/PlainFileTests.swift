import Files
import Foundation
import TestSupport
import Testing

@Suite struct PlainFileTests {
    private let directory: TemporaryDirectory
    private let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.path + "/file"
    }

    @Test func filesOfManyFoldersDeepAndTheirErrors() throws {
        try PlainFile.makeDirectory(directory.path + "/a/b/c")
        try PlainFile.makeDirectory(directory.path + "/a/b/c")
        try PlainFile.write([1, 2], to: directory.path + "/a/b/c/file")
        try PlainFile.append([3], to: directory.path + "/a/b/c/file")
        try PlainFile.append([4], to: directory.path + "/a/b/c/file", .flushed)
        #expect(try PlainFile.read(directory.path + "/a/b/c/file", atMost: 4) == [1, 2, 3, 4])
        #expect(throws: FileError(operation: "read", path: directory.path + "/a/b/c/file", code: EFBIG)) {
            _ = try PlainFile.read(directory.path + "/a/b/c/file", atMost: 3)
        }
        try PlainFile.replace([9], at: directory.path + "/a/b/c/file")
        #expect(PlainFile.size(directory.path + "/a/b/c/file") == 1)
        #expect(try directory.names(in: "a/b/c") == ["file"])
        #expect(PlainFile.size(directory.path + "/none") == nil)
        #expect(throws: FileError.self) { try PlainFile.write([], to: directory.path + "/none/file") }
        #expect(throws: FileError.self) { try PlainFile.makeDirectory(directory.path + "/a/b/c/file/d") }
    }

    /// Missing is one thing, unreadable another.
    @Test func onlyAMissingFileIsMissing() throws {
        #expect(try PlainFile.readIfThere(path, atMost: 10) == nil)
        try PlainFile.write([1], to: path)
        #expect(try PlainFile.readIfThere(path, atMost: 10) == [1])
        #expect(throws: FileError(operation: "read", path: path, code: EFBIG)) {
            _ = try PlainFile.readIfThere(path, atMost: 0)
        }
        #expect(throws: FileError(operation: "read", path: directory.path, code: EISDIR)) {
            _ = try PlainFile.readIfThere(directory.path, atMost: 10)
        }
        #expect(throws: FileError.self) { _ = try PlainFile.readIfThere(path + "/below", atMost: 10) }
    }

    /// A full disk leaves the old file, and nothing beside it.
    @Test func whatCannotBeReplacedStaysAsItIs() throws {
        try PlainFile.write([1], to: path)
        try FileManager.default.createSymbolicLink(atPath: path + ".new", withDestinationPath: "/dev/full")
        #expect(throws: FileError(operation: "write", path: path + ".new", code: ENOSPC)) {
            try PlainFile.replace([2], at: path)
        }
        #expect(try PlainFile.read(path, atMost: 10) == [1])
        #expect(try directory.names(in: "") == ["file"])
    }

    /// The disk takes half of it, as this process may write no longer files.
    @Test func whatCannotBeAddedWholeIsNotAdded() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let path = directory.path + "/file"
            try PlainFile.write([1, 2], to: path)
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 4, rlim_max: 4)
            try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            #expect(throws: FileError(operation: "write", path: path, code: EFBIG)) {
                try PlainFile.append([3, 4, 5], to: path, .flushed)
            }
            #expect(try PlainFile.read(path, atMost: 10) == [1, 2])
            try PlainFile.append([3, 4], to: path, .flushed)
            #expect(try PlainFile.read(path, atMost: 10) == [1, 2, 3, 4])
        }
    }

    @Test func whatIsThereIsNotCreatedAgain() throws {
        #expect(try PlainFile.create([1], at: path))
        #expect(try !PlainFile.create([2], at: path))
        #expect(try PlainFile.read(path, atMost: 10) == [1])
        #expect(try directory.names(in: "") == ["file"])
        #expect(throws: FileError.self) { _ = try PlainFile.create([1], at: directory.path + "/none/file") }
    }

    @Test func damagedFilesAreKeptUnderOtherNames() throws {
        for _ in 0..<2 {
            try PlainFile.write([7], to: path)
            _ = try PlainFile.setAside(path)
        }
        #expect(try directory.names(in: "") == ["file.damaged-1", "file.damaged-2"])
        #expect(throws: FileError.self) { _ = try PlainFile.setAside(path) }
    }
}
