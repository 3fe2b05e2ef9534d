import Foundation
import Testing
import ViewerTokens

@Suite struct ViewerTokenTests {
    private let secret: TokenSecret
    private let other: TokenSecret

    init() throws {
        secret = try #require(TokenSecret(Array("0123456789abcdef0123456789abcdef".utf8)))
        other = try #require(TokenSecret(Array("fedcba9876543210fedcba9876543210".utf8)))
    }

    private func verify(_ text: String, now: Int64 = 1000) throws(TokenRefusal) -> ViewerToken {
        try ViewerToken(verifying: text, by: [other, secret], now: now)
    }

    private func encoded(_ text: String) -> String { Base64URL.encode(Array(text.utf8)) }

    @Test func whatIsMintedIsFoundAgain() throws {
        for content in ["news", "", "a\"b\\c\n\u{1}é/+"] {
            let token = ViewerToken(content: content, expires: 1001)
            let text = token.minted(by: secret)
            #expect(try verify(text) == token)
            #expect(token.minted(by: secret) == text)
            #expect(text.utf8.allSatisfy { $0 == 0x2E || Base64URL.decode(String(UnicodeScalar($0)) + "A") != nil })
        }
    }

    /// Checked with PyJWT 2: `jwt.decode(token, b"0123456789abcdef0123456789abcdef", ["HS256"])`.
    @Test func theTextIsAnHS256JWT() {
        #expect(secret.keyID == "c46f7f3d")
        #expect(
            ViewerToken(content: "news", expires: 1_800_000_000).minted(by: secret)
                == "eyJhbGciOiJIUzI1NiIsImtpZCI6ImM0NmY3ZjNkIiwidHlwIjoiSldUIn0.eyJjb250ZW50IjoibmV3cyIsImV4cCI6MTgwMDAwMDAwMH0.E_oWRJE8O-LhknuZM4DLSVygqfFbqAIEvF7b2moNRtE"
        )
    }

    /// Made by PyJWT 2, without key id and with other claims.
    @Test func tokensOfOthersAreTaken() throws {
        #expect(
            try verify(
                "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJjb250ZW50IjoibmV3cyIsImV4cCI6MTgwMDAwMDAwMCwibmJmIjoxMDAwLCJzdWIiOiJ2aWV3ZXIgNyIsImlzcyI6InNob3AifQ.8C6-kLOBwRcf3qLlC1a4jguaxQhQVs3qpKiFklcRU1s"
            ) == ViewerToken(content: "news", expires: 1_800_000_000))
        #expect(throws: TokenRefusal.notYetValid) {
            try verify(
                "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJjb250ZW50IjoibmV3cyIsImV4cCI6MTgwMDAwMDAwMCwibmJmIjoxMDAwLCJzdWIiOiJ2aWV3ZXIgNyIsImlzcyI6InNob3AifQ.8C6-kLOBwRcf3qLlC1a4jguaxQhQVs3qpKiFklcRU1s",
                now: 999)
        }
    }

    @Test func timeIsKept() throws {
        let never = ViewerToken(content: "a", expires: .max)
        #expect(try verify(never.minted(by: secret), now: .max - 1) == never)
        let text = ViewerToken(content: "a", expires: 1000).minted(by: secret)
        #expect(try verify(text, now: 999).content == "a")
        for now in [1000, 1001, .max] as [Int64] {
            #expect(throws: TokenRefusal.expired) { try verify(text, now: now) }
        }
    }

    @Test func otherSecretsAreTold() throws {
        let text = ViewerToken(content: "a", expires: 2000).minted(by: secret)
        #expect(throws: TokenRefusal.unknownKey) { try ViewerToken(verifying: text, by: [other], now: 0) }
        #expect(throws: TokenRefusal.unknownKey) { try ViewerToken(verifying: text, by: [], now: 0) }
    }

    @Test func everyChangeOfATokenIsFound() throws {
        let text = ViewerToken(content: "news", expires: 2000).minted(by: secret)
        for index in text.indices {
            for replacement in ["A", "B", ".", "%"] as [Character] where text[index] != replacement {
                var changed = text
                changed.replaceSubrange(index...index, with: [replacement])
                // The last digit of a part of 32 bytes has two bits that belong to no byte.
                if Base64URL.decode(changed.split(separator: ".").last ?? "")
                    == Base64URL.decode(text.split(separator: ".").last ?? ""),
                    changed.dropLast() == text.dropLast()
                {
                    continue
                }
                #expect(throws: TokenRefusal.self, "\(changed)") { try verify(changed) }
            }
            #expect(throws: TokenRefusal.self) { try verify(String(text[..<index])) }
        }
    }

    @Test func aTokenNeverChoosesHowItIsChecked() throws {
        let claims = encoded(#"{"content":"news","exp":2000}"#)
        for header in [
            #"{"alg":"none"}"#, #"{"alg":"HS384"}"#, #"{"alg":"hs256"}"#, #"{"alg":"HS256","crit":["x"]}"#, "{}", "[]",
            "",
        ] {
            for signature in ["", "AAAA"] {
                #expect(throws: TokenRefusal.malformed, "\(header)") {
                    try verify("\(encoded(header)).\(claims).\(signature)")
                }
            }
        }
        let empty = "\(encoded(#"{"alg":"HS256"}"#)).\(claims)."
        #expect(throws: TokenRefusal.wrongSignature) { try verify(empty) }
        for text in ["", ".", "..", "a.b", "a.b.c.d", String(repeating: "a", count: 5000)] {
            #expect(throws: TokenRefusal.malformed) { try verify(text) }
        }
    }

    @Test func addressesTakeTheTokenAsAParameter() {
        #expect(ViewerToken.address("https://k/1", with: "t") == "https://k/1?token=t")
        #expect(ViewerToken.address("https://k/1?a=b", with: "t") == "https://k/1?a=b&token=t")
        #expect(ViewerToken.address("https://k/1#f?", with: "t") == "https://k/1?token=t#f?")
    }

    @Test func secretsNeverPrint() {
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped] {
            #expect(text.contains("redacted") && !text.contains("0123456789abcdef"))
        }
    }
}

@Suite struct TokenSecretFileTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "token-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    @Test func itIsMadeOnceAndMintsInOneCall() throws {
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        let path = folder.appending(path: "secret").path
        #expect(throws: SecretFileError.self) { try TokenSecret.file(path) }
        let made = try TokenSecret.file(path, makes: true)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.count == 65 && text.hasSuffix("\n") && text.dropLast().allSatisfy(\.isHexDigit))
        #expect(try TokenSecret.file(path, makes: true).keyID == made.keyID)
        let token = try ViewerToken.mint(content: "news", lifetime: 60, secretFile: path, now: 100)
        #expect(try ViewerToken(verifying: token, by: [made], now: 159) == ViewerToken(content: "news", expires: 160))
        // Others sign under the text without its line's end.
        #expect(TokenSecret(Array(text.dropLast().utf8))?.keyID == made.keyID)
    }

    @Test func filesThatAreNotSafeAreRefused() throws {
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        let path = folder.appending(path: "secret").path
        func refusal(_ path: String) throws -> String {
            try #require(throws: SecretFileError.self) { try TokenSecret.file(path, makes: true) }.reason
        }
        for count in [0, 31, 4097] {
            try Data(repeating: 0x61, count: count).write(to: URL(filePath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            #expect(try refusal(path).contains(count > 31 ? "more than 4096" : "has \(count) bytes"))
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        #expect(try refusal(path).contains("chmod 600"))
        let link = folder.appending(path: "link").path
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
        #expect(try refusal(link).contains("cannot be opened"))
        #expect(try refusal(folder.path).contains("not a regular file"))
    }
}
