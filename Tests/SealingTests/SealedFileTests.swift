import Files
import Foundation
import OpenSSLCrypto
import Sealing
import TestSupport
import Testing

@Suite struct SealedFileTests {
    private let directory: TemporaryDirectory
    private let key: SealingKey
    private let record = Array("a content key, say".utf8)

    init() throws {
        directory = try TemporaryDirectory()
        key = try HostKey.of(HostKeyTests.raw).key(for: .keys)
    }

    private func file(_ name: String = "keys.sealed", _ context: [String] = ["keys", "news"]) -> SealedFile {
        SealedFile(path: "\(directory.path)/\(name)", key: key, context: context)
    }

    private func bytes(_ secret: SecretBytes?) -> [UInt8]? { secret?.copy }

    @Test func aRecordIsReplacedWhole() throws {
        let file = file()
        let none: [UInt8] = []
        #expect(bytes(try file.read()) == nil)
        try file.replace(with: record.span)
        #expect(bytes(try file.read()) == record)
        try file.replace(with: none.span)
        #expect(bytes(try file.read()) == [])
        #expect(try directory.names(in: "") == ["keys.sealed"])
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        file.remove()
        #expect(bytes(try file.read()) == nil)
    }

    @Test func theDiskShowsNothingOfIt() throws {
        try file().replace(with: record.span)
        let disk = try Data(contentsOf: URL(fileURLWithPath: file().path))
        #expect(disk.range(of: Data(record.prefix(6))) == nil)
        #expect(disk.count == record.count + SealingKey.overhead)
    }

    @Test func whatWasChangedIsToldFromWhatIsMissing() throws {
        try file().replace(with: record.span)
        let whole = try Data(contentsOf: URL(fileURLWithPath: file().path))
        for length in [0, 1, 31, 47, whole.count - 1] {
            try whole.prefix(length).write(to: URL(fileURLWithPath: file().path))
            #expect(throws: SealedFile.Failure.tampered(path: file().path)) { _ = try file().read() }
        }
        try whole.write(to: URL(fileURLWithPath: file().path))
        #expect(bytes(try file().read()) == record)
        for other in [["keys", "sport"], ["keys"], []] {
            #expect(throws: SealedFile.Failure.tampered(path: file().path)) {
                _ = try file("keys.sealed", other).read()
            }
        }
        let stranger = try HostKey.of(HostKeyTests.raw.reversed()).key(for: .keys)
        #expect(throws: SealedFile.Failure.tampered(path: file().path)) {
            _ = try SealedFile(path: file().path, key: stranger, context: ["keys", "news"]).read()
        }
        #expect(try file().setAside() == file().path + ".damaged-1")
        #expect(bytes(try file().read()) == nil)
        try file().replace(with: record.span)
        #expect(try file().setAside() == file().path + ".damaged-2")
        #expect(try directory.names(in: "") == ["keys.sealed.damaged-1", "keys.sealed.damaged-2"])
    }

    @Test func whatTheDiskRefusesIsSaidAndLeavesTheOldOne() throws {
        try FileManager.default.createDirectory(atPath: directory.path + "/folder", withIntermediateDirectories: true)
        #expect(
            throws: SealedFile.Failure.unreadable(
                .init(operation: "read", path: directory.path + "/folder", code: EISDIR))
        ) {
            _ = try file("folder").read()
        }
        let other: [UInt8] = [1, 2, 3]
        #expect(throws: SealedFile.Failure.self) { try file("none/keys").replace(with: record.span) }
        try file().replace(with: record.span)
        try FileManager.default.createSymbolicLink(
            atPath: file().path + ".new", withDestinationPath: "/dev/full")
        #expect(throws: SealedFile.Failure.self) { try file().replace(with: other.span) }
        #expect(bytes(try file().read()) == record)
    }
}
