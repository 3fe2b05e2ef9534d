import Files
import Foundation
import OpenSSLCrypto
import Sealing
import TestSupport
import Testing

@Suite struct HostKeyTests {
    static let digits = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    static let raw = (0..<32).map { UInt8($0) }

    struct Form: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: [UInt8]
    }

    @Test(arguments: [
        Form(testDescription: "raw", text: raw),
        Form(testDescription: "hexadecimal", text: Array(digits.utf8)),
        Form(testDescription: "capitals", text: Array(digits.uppercased().utf8)),
        Form(testDescription: "a line", text: Array("  \(digits)\r\n\n".utf8)),
        Form(testDescription: "base64", text: Array(Data(raw).base64EncodedString().utf8)),
        Form(testDescription: "unpadded", text: Array("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n".utf8)),
    ])
    func everyFormIsTheSameKey(_ form: Form) throws {
        var text = form.text
        let key = try HostKey(parsing: &text)
        #expect(text == [UInt8](repeating: 0, count: form.text.count), "the text is wiped")
        #expect(key.fingerprint == (try HostKey.of(Self.raw).fingerprint))
    }

    @Test(
        arguments: [
            ("", .empty), (" \n", .empty), ("secret", .form(byteCount: 6)),
            ("000102030405060708090a0b0c0d0e0f", .tooShort), ("000102030405060708090a0b0c0d0e0f\n", .tooShort),
            (digits + "00", .form(byteCount: 66)), ("x" + digits.dropFirst(), .form(byteCount: 64)),
            (String(repeating: "00", count: 32), .constant), (String(repeating: "a", count: 32) + "\n", .tooShort),
            (String(repeating: "!", count: 32), .constant),
            ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=", .form(byteCount: 44)),
            ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8!", .form(byteCount: 44)),
        ] as [(String, HostKeyText.Failure)])
    func whatIsNoKeyIsRefused(_ text: String, _ failure: HostKeyText.Failure) {
        var bytes = Array(text.utf8)
        #expect(throws: failure) { _ = try HostKey(parsing: &bytes) }
        #expect(bytes.allSatisfy { $0 == 0 })
    }

    @Test func theBase64OfEveryByteIsReadRight() throws {
        var random = SplitMix(seed: 3)
        for _ in 0..<200 {
            let bytes = (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            var text = Array(Data(bytes).base64EncodedString().utf8)
            #expect(try HostKey(parsing: &text).fingerprint == (try HostKey.of(bytes).fingerprint))
        }
    }

    @Test func theFirstStartMakesAKeyForTheOwnerAlone() throws {
        let directory = try TemporaryDirectory()
        let file = HostKeyFile(path: directory.path + "/etc/host.key")
        #expect(try file.read()?.fingerprint == nil)
        let (made, isNew) = try file.readOrMake()
        let (again, isNewAgain) = try file.readOrMake()
        #expect(isNew && !isNewAgain)
        #expect(made.fingerprint == again.fingerprint)
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try directory.names(in: "etc") == ["host.key"])
        #expect(try directory.read("etc/host.key").count == 65)
        let other = HostKeyFile(path: directory.path + "/other.key")
        #expect(try other.readOrMake().key.fingerprint != made.fingerprint)
    }

    @Test(arguments: [0o640, 0o604, 0o644, 0o620, 0o602, 0o610])
    func aKeyThatOthersCanReachIsRefused(_ mode: Int) throws {
        let directory = try TemporaryDirectory()
        let file = HostKeyFile(path: directory.path + "/host.key")
        _ = try file.readOrMake()
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
        #expect(throws: HostKeyFile.Failure.open(path: file.path, mode: UInt32(mode))) { _ = try file.readOrMake() }
        let text = "\(HostKeyFile.Failure.open(path: "/k", mode: UInt32(mode)))"
        #expect(text.contains("/k (mode \(String(mode, radix: 8))); chmod 600 it"))
    }

    @Test func aFileThatIsNoKeyIsNotReplaced() throws {
        let directory = try TemporaryDirectory()
        let file = HostKeyFile(path: directory.path + "/host.key")
        for text in ["", "password\n", String(repeating: "x", count: 300)] {
            try directory.write(text, to: "host.key")
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
            #expect(throws: HostKeyFile.Failure.self) { _ = try file.readOrMake() }
            #expect(try directory.read("host.key") == text)
        }
        #expect(throws: HostKeyFile.Failure.self) { _ = try HostKeyFile(path: directory.path).readOrMake() }
    }

    @Test func everyPurposeHasItsOwnKey() throws {
        let host = try HostKey.of(Self.raw)
        let message: [UInt8] = [1, 2, 3]
        let sealed = try host.key(for: .segments).sealing(message, [])
        #expect(host.key(for: .segments).opening(sealed, []) == message)
        #expect(host.key(for: .keys).opening(sealed, []) == nil)
    }

    @Test func nothingPrintsAKey() throws {
        let host = try HostKey.of(Self.raw)
        var dumped = ""
        dump(host, to: &dumped)
        dump(host.key(for: .keys), to: &dumped)
        for text in ["\(host)", String(reflecting: host), "\(host.key(for: .keys))", dumped] {
            #expect(text.contains("redacted"))
            #expect(!text.contains("secret"))
        }
        #expect(host.fingerprint.count == 16)
        #expect(!Self.digits.contains(host.fingerprint))
    }
}

/// Which host key a storage folder was sealed under.
@Suite struct HostKeyMarkTests {
    private let directory: TemporaryDirectory
    private let mark: HostKeyMark
    private let path: String

    init() throws {
        directory = try TemporaryDirectory()
        mark = HostKeyMark(directory: directory.path + "/data")
        path = directory.path + "/data/host-key-id"
    }

    @Test func theFirstKeyIsNotedAndTheSameOneTaken() throws {
        let key = try HostKey.of(HostKeyTests.raw)
        try mark.requireNone()
        for _ in 0..<2 { try mark.check(key) }
        #expect(try mark.fingerprint() == key.fingerprint)
        #expect(try directory.read("data/host-key-id") == key.fingerprint + "\n")
    }

    @Test func anotherKeyAndAMissingOneAreRefused() throws {
        let (key, other) = (try HostKey.of(HostKeyTests.raw), try HostKey.of(HostKeyTests.raw.reversed()))
        try mark.check(key)
        let error = HostKeyMark.Failure.otherKey(path: path, sealed: key.fingerprint, given: other.fingerprint)
        #expect(throws: error) { try mark.check(other) }
        #expect("\(error)".contains("bring that key back, or remove \(path)"))
        #expect(throws: HostKeyMark.Failure.missingKey(path: path, sealed: key.fingerprint)) { try mark.requireNone() }
        try directory.remove("data/host-key-id")
        try mark.check(other)
        #expect(try mark.fingerprint() == other.fingerprint)
    }

    @Test func aDamagedMarkIsNoMissingOne() throws {
        try PlainFile.makeDirectory(directory.path + "/data")
        try directory.write("\n", to: "data/host-key-id")
        #expect(throws: HostKeyMark.Failure.self) { try mark.requireNone() }
        let key = try HostKey.of(HostKeyTests.raw)
        #expect(throws: HostKeyMark.Failure.self) { try mark.check(key) }
    }
}
