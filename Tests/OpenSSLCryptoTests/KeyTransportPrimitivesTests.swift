import Foundation
import OpenSSLCrypto
import Testing

private func isSame(_ secret: SecretBytes, _ bytes: [UInt8]) -> Bool { constantTimeEqual(secret.span, bytes.span) }

@Suite struct HMACSHA512Tests {
    @Test func publishedVectors() {
        // RFC 4231, test cases 1 and 2.
        let first = hmacSHA512(Array("Hi There".utf8).span, key: [UInt8](repeating: 0x0b, count: 20).span)
        #expect(
            first
                == hex(
                    "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
                        + "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"))
        let second = hmacSHA512(Array("what do ya want for nothing?".utf8).span, key: Array("Jefe".utf8).span)
        #expect(
            second
                == hex(
                    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                        + "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"))
    }
}

@Suite struct AES256CBCTests {
    /// NIST SP 800-38A, F.2.5.
    private let key = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
    private let iv = hex("000102030405060708090a0b0c0d0e0f")

    @Test func publishedVector() throws {
        let plain = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
        let sealed = try AES256CBC.sealed(plain.span, key: key.span, iv: iv)
        #expect(Array(sealed.prefix(16)) == iv)
        #expect(
            Array(sealed[16..<48]) == hex("f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"))
        #expect(sealed.count == 64)
        let opened = try AES256CBC.opened(sealed.span, key: key.span)
        #expect(isSame(opened, plain))
    }

    @Test(arguments: [0, 1, 15, 16, 17, 31, 32]) func messagesOfEverySizeComeBack(_ count: Int) throws {
        let plain = [UInt8](repeating: 7, count: count)
        let sealed = try AES256CBC.sealed(plain.span, key: key.span, iv: iv)
        #expect(sealed.count == 16 + (count / 16 + 1) * 16)
        let opened = try AES256CBC.opened(sealed.span, key: key.span)
        #expect(isSame(opened, plain))
    }

    @Test func otherSizesAndKeysAreRefused() throws {
        let sealed = try AES256CBC.sealed([1, 2, 3].span, key: key.span, iv: iv)
        for count in [0, 15, 16, 31] {
            #expect(throws: OpenSSLError.self) { _ = try AES256CBC.opened(Array(sealed[..<count]).span, key: key.span) }
        }
        #expect(throws: OpenSSLError(code: 0, during: .setKey)) {
            try AES256CBC.opened(sealed.span, key: iv.span)
        }
        #expect(throws: OpenSSLError(code: 0, during: .setIV)) {
            try AES256CBC.sealed([1].span, key: key.span, iv: [])
        }
    }
}

/// Key pairs made by the `openssl` program, for one test at a time.
struct DocumentKeyFiles {
    let key: [UInt8]
    let certificate: [UInt8]

    /// - Parameter algorithm: what `-newkey` takes.
    init(_ algorithm: String = "rsa:2048", traditional: Bool = false) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "rsa-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        let keyFile = folder.appending(path: "key.pem")
        let certificateFile = folder.appending(path: "cert.pem")
        var parameters = ["req", "-x509", "-newkey", algorithm, "-nodes", "-days", "2", "-subj", "/CN=packager"]
        if algorithm == "ec" { parameters += ["-pkeyopt", "ec_paramgen_curve:P-256"] }
        try Self.openSSL(parameters + ["-keyout", keyFile.path, "-out", certificateFile.path])
        if traditional {
            try Self.openSSL(["rsa", "-traditional", "-in", keyFile.path, "-out", keyFile.path])
        }
        key = Array(try Data(contentsOf: keyFile))
        certificate = Array(try Data(contentsOf: certificateFile))
    }

    static func openSSL(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}

@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"))) struct RSATransportTests {
    @Test(arguments: [false, true]) func whatIsSealedForACertificateOpensWithItsKey(traditional: Bool) throws {
        let files = try DocumentKeyFiles(traditional: traditional)
        let certificate = try X509Certificate(pem: files.certificate.span)
        let key = try RSAPrivateKey(pem: files.key.span)
        let bits = key.bits
        #expect(bits == 2048)
        let belongs = certificate.belongs(to: key)
        #expect(belongs)
        let secret = [UInt8](0..<32)
        let sealed = try certificate.sealedOAEP(secret.span)
        #expect(sealed.count == 256)
        let opened = try key.openedOAEP(sealed.span)
        #expect(isSame(opened, secret))
        // Every time another cipher text.
        let again = try certificate.sealedOAEP(secret.span)
        #expect(again != sealed)
        // The same certificate as DER.
        let copy = try X509Certificate(der: certificate.der)
        let isSameCertificate = copy.der == certificate.der && copy.belongs(to: key)
        #expect(isSameCertificate)
    }

    @Test func changedCipherTextsAndOtherKeysOpenNothingAndSayNothing() throws {
        let files = try DocumentKeyFiles()
        let certificate = try X509Certificate(pem: files.certificate.span)
        let key = try RSAPrivateKey(pem: files.key.span)
        let strangers = try DocumentKeyFiles()
        let stranger = try RSAPrivateKey(pem: strangers.key.span)
        let belongs = certificate.belongs(to: stranger)
        #expect(!belongs)
        let sealed = try certificate.sealedOAEP([UInt8](0..<32).span)
        for bad in [[], Array(sealed.dropLast()), sealed + [0], [sealed[0] ^ 1] + sealed.dropFirst()] {
            #expect(throws: OpenSSLError(code: 0, during: .transportKey)) { _ = try key.openedOAEP(bad.span) }
        }
        #expect(throws: OpenSSLError(code: 0, during: .transportKey)) { _ = try stranger.openedOAEP(sealed.span) }
        #expect(throws: OpenSSLError.self) { try certificate.sealedOAEP([UInt8](repeating: 0, count: 215).span) }
    }

    @Test func opensWhatTheOpenSSLProgramSeals() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "oaep-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        let files = try DocumentKeyFiles()
        let certificate = folder.appending(path: "cert.pem")
        let plain = folder.appending(path: "plain")
        let cipher = folder.appending(path: "cipher")
        try Data(files.certificate).write(to: certificate)
        try Data([UInt8](0..<32)).write(to: plain)
        try DocumentKeyFiles.openSSL([
            "pkeyutl", "-encrypt", "-certin", "-inkey", certificate.path, "-in", plain.path, "-out", cipher.path,
            "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha1", "-pkeyopt", "rsa_mgf1_md:sha1",
        ])
        let key = try RSAPrivateKey(pem: files.key.span)
        let opened = try key.openedOAEP(Array(try Data(contentsOf: cipher)).span)
        #expect(isSame(opened, [UInt8](0..<32)))
    }

    @Test func whatIsNoRSAKeyOf2048BitsIsRefused() throws {
        let small = try DocumentKeyFiles("rsa:1024")
        let curve = try DocumentKeyFiles("ec")
        for bad in [small.key, curve.key, small.certificate, [], Array("-----BEGIN".utf8)] {
            let error = #expect(throws: OpenSSLError.self) { _ = try RSAPrivateKey(pem: bad.span).bits }
            #expect(error?.during == .loadKey)
        }
        for bad in [small.certificate, curve.certificate, small.key, []] {
            let error = #expect(throws: OpenSSLError.self) { _ = try X509Certificate(pem: bad.span).der }
            #expect(error?.during == .loadCertificate)
        }
        let files = try DocumentKeyFiles()
        let der = try X509Certificate(pem: files.certificate.span).der
        for bad in [[], Array(der.dropLast()), der + [0]] {
            let error = #expect(throws: OpenSSLError.self) { _ = try X509Certificate(der: bad).der }
            #expect(error?.during == .loadCertificate)
        }
    }
}
