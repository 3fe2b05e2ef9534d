import Foundation
import KeyServer
import TestSupport
import Testing
import ViewerTokens

@Suite struct MasterSecretTests {
    private let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory()
    }

    private func refusal(_ path: String) throws -> String {
        try #require(throws: SecretFileError.self) { try MasterSecret.file(path) }.reason
    }

    @Test func theFileIsMadeOnceAndForItsOwnerAlone() throws {
        let path = "\(folder.path)/secret"
        _ = try MasterSecret.file(path)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let bytes = try Data(contentsOf: URL(filePath: path))
        #expect(bytes.count == 32 && Set(bytes).count > 8)
        _ = try MasterSecret.file(path)
        #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
    }

    @Test func filesThatAreNotSafeAreRefused() throws {
        let path = "\(folder.path)/secret"
        _ = try MasterSecret.file(path)
        for mode in [0o640, 0o604, 0o620, 0o666] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            #expect(try refusal(path).contains("chmod 600"))
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        let link = "\(folder.path)/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
        #expect(try refusal(link).contains("cannot be opened"))
        #expect(try refusal(folder.path).contains("not a regular file"))
        #expect(try refusal(folder.path + "/no/such").contains("cannot be created"))
        for count in [0, 31, 33] {
            try Data(count: count).write(to: URL(filePath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            #expect(try refusal(path).contains("exactly 32 bytes"))
        }
    }

    @Test func secretsNeverPrint() throws {
        let secret = try MasterSecret.random()
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped] { #expect(text.contains("redacted")) }
    }
}
