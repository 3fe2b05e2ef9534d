import Files
import Foundation
import Testing

@Suite struct DirectoryLockTests {
    @Test func oneHasItUntilItIsGone() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("lock-\(UUID().uuidString)").path
        try PlainFile.makeDirectory(directory)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        do {
            let first = try DirectoryLock(directory)
            let error = #expect(throws: FileError.self) { _ = try DirectoryLock(directory) }
            #expect(error?.isTaken == true)
            withExtendedLifetime(first) {}
        }
        _ = try DirectoryLock(directory)
        #expect(try PlainFile.names(in: directory) == [], "nothing is left of it")
    }

    @Test func whatIsNotThereIsNotTaken() {
        let error = #expect(throws: FileError.self) { _ = try DirectoryLock("/nowhere/at/all") }
        #expect(error?.isTaken == false && error?.code == ENOENT)
    }
}
