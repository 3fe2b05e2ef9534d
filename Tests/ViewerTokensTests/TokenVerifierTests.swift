import Foundation
import OpenSSLCrypto
import Testing

@testable import ViewerTokens

@Suite struct TokenVerifierTests {
    private let secret: TokenSecret
    private let keys: [TokenKey]

    init() throws {
        secret = try #require(TokenSecret(Array(OthersTokens.secret.utf8)))
        func publicKey(_ id: String, _ pem: String) throws -> TokenKey {
            TokenKey(id: id, .publicKey(try VerifyingKey(pem: Array((pem + "\n").utf8).span)))
        }
        keys = [
            TokenKey(id: "k1", .secret(secret)), try publicKey("ec", OthersTokens.ecKey),
            try publicKey("rsa", OthersTokens.rsaKey), try publicKey("ed", OthersTokens.edKey),
        ]
    }

    private func claims(_ text: String, keys: [TokenKey]? = nil) throws(TokenRefusal) -> TokenClaims {
        try TokenVerifier(keys: keys ?? self.keys).claims(of: text[...])
    }

    private var expected: TokenClaims {
        var claims = TokenClaims(content: "news", paths: [PathPattern("/news/hls/*")], expires: 1_800_000_000)
        claims.notBefore = 1000
        (claims.subject, claims.session, claims.id) = ("viewer 7", "s1", "t1")
        (claims.issuer, claims.audience) = ("shop", ["origin"])
        claims.addresses = ["192.0.2.0/24", "2001:db8::/32"]
        return claims
    }

    @Test(arguments: [OthersTokens.hs256, OthersTokens.es256, OthersTokens.rs256, OthersTokens.eddsa])
    func webTokensOfOthersAreRead(_ token: String) throws { #expect(try claims(token) == expected) }

    @Test func algorithmsFollowFromTheKeys() {
        #expect(keys.map(\.algorithm) == ["HS256", "ES256", "RS256", "EdDSA"])
        #expect(throws: TokenRefusal.malformed) { try claims(OthersTokens.none) }
        #expect(throws: TokenRefusal.unknownKey) { try claims(OthersTokens.confusion) }
        // Even without a key id: the text of a public key is no secret of ours.
        let parts = OthersTokens.confusion.split(separator: ".")
        let header = Base64URL.encode(Array(#"{"alg":"HS256"}"#.utf8))
        let signed = "\(header).\(parts[1])"
        let signature = hmacSHA256(Array(signed.utf8), key: Array((OthersTokens.rsaKey + "\n").utf8))
        #expect(throws: TokenRefusal.wrongSignature) { try claims("\(signed).\(Base64URL.encode(signature))") }
        #expect(throws: TokenRefusal.unknownKey) {
            try claims("\(signed).\(Base64URL.encode(signature))", keys: Array(keys.dropFirst()))
        }
    }

    @Test(arguments: [OthersTokens.hs256, OthersTokens.es256, OthersTokens.rs256, OthersTokens.eddsa])
    func everyChangeIsFound(_ token: String) throws {
        let bytes = Array(token.utf8)
        for index in stride(from: 0, to: bytes.count - 2, by: 7) {
            var changed = bytes
            changed[index] = changed[index] == 0x41 ? 0x42 : 0x41
            #expect(throws: TokenRefusal.self, "\(index)") { try claims(String(decoding: changed, as: UTF8.self)) }
            #expect(throws: TokenRefusal.self) { try claims(String(decoding: bytes[..<index], as: UTF8.self)) }
        }
    }

    @Test func keysOfOthersOpenNothing() throws {
        let tokens = [OthersTokens.hs256, OthersTokens.es256, OthersTokens.rs256, OthersTokens.eddsa]
        for (index, token) in tokens.enumerated() {
            for (other, key) in keys.enumerated() {
                let alone = TokenVerifier(keys: [key])
                if other == index {
                    #expect(try alone.claims(of: token[...]) == expected)
                } else {
                    #expect(throws: TokenRefusal.unknownKey) { try alone.claims(of: token[...]) }
                }
            }
        }
    }

    @Test func hmacTokensOfOthersAreRead() throws {
        var expected = TokenClaims(
            content: nil, paths: [PathPattern("/news/hls/*"), PathPattern("/news/dash/*")], expires: 1_800_000_000)
        (expected.notBefore, expected.session, expected.addresses) = (1000, "s1", ["192.0.2.7"])
        #expect(try claims(OthersTokens.akamai) == expected)
        #expect(try claims(OthersTokens.akamaiBare).paths == [PathPattern("/news/*")])
        // As a part of a path.
        let escaped = OthersTokens.akamai.replacingOccurrences(of: "/", with: "%2F")
        #expect(try claims(escaped) == expected)
    }

    @Test func hmacTokensAreHeldToTheirForm() throws {
        func signed(_ text: String) -> String {
            text + "~hmac=" + secret.signature(of: text.utf8).map { String(format: "%02x", $0) }.joined()
        }
        #expect(try claims(signed("exp=5~acl=%2fa~kid=k1")).paths == [PathPattern("/a")])
        #expect(throws: TokenRefusal.unknownKey) { try claims(signed("exp=5~acl=/a~kid=k2")) }
        for text in [
            "exp=5", "acl=/a", "exp=~acl=/a", "exp=-5~acl=/a", "exp=5~acl=", "exp=5~acl=!", "exp=x~acl=/a",
            "exp=5~acl=/a~st=", "exp=5~exp=9~acl=/a", "exp=5~acl=/a~role=admin", "exp=5~acl",
            "exp=99999999999999999999~acl=/a",
            "~exp=5~acl=/a", "exp=5~acl=%zz", "exp=5~acl=" + Array(repeating: "/a", count: 17).joined(separator: "!"),
        ] {
            #expect(throws: TokenRefusal.malformed, "\(text)") { try claims(signed(text)) }
        }
        let good = signed("exp=5~acl=/a")
        #expect(try claims(good.uppercasedSignature).expires == 5)
        for text in [good + "0", String(good.dropLast()), good.replacingOccurrences(of: "hmac", with: "Hmac")] {
            #expect(throws: TokenRefusal.malformed) { try claims(text) }
        }
        #expect(throws: TokenRefusal.wrongSignature) {
            try claims(good.replacingOccurrences(of: "exp=5", with: "exp=9"))
        }
    }

    /// Found the same by akamai-edgeauth: `EdgeAuth(key=secret.hex(), ...).generate_acl_token("/news/*")`.
    @Test func whatIsMintedIsReadAgain() throws {
        var claims = TokenClaims(content: nil, paths: [PathPattern("/news/*")], expires: 1_800_000_000)
        #expect(
            try self.claims(claims.hmacToken(signedBy: secret)) == claims
                && claims.hmacToken(signedBy: secret).contains("acl=%2fnews%2f*"))
        (claims.notBefore, claims.session, claims.addresses) = (7, "a~b=c é", ["2001:db8::/32"])
        #expect(try self.claims(claims.hmacToken(signedBy: secret, keyID: "k1")) == claims)
        #expect(try self.claims(expected.webToken(signedBy: secret, keyID: "k1")) == expected)
    }

    @Test func webTokensAreHeldToTheirForm() throws {
        func signed(_ claims: String) -> String {
            let text = Base64URL.encode(Array(#"{"alg":"HS256"}"#.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
            return text + "." + Base64URL.encode(secret.signature(of: text.utf8))
        }
        #expect(try claims(signed(#"{"exp":5,"paths":"/a","ip":"192.0.2.1","aud":"x"}"#)).addresses == ["192.0.2.1"])
        for text in [
            "{}", "[]", "5", "", #"{"exp":"5"}"#, #"{"exp":null}"#, #"{"exp":5,"paths":[]}"#, #"{"exp":5,"ip":[]}"#,
            #"{"exp":5,"ip":5}"#, #"{"exp":5,"paths":[5]}"#, #"{"exp":5,"content":5}"#, #"{"exp":5,"sid":5}"#,
            #"{"exp":5,"nbf":"soon"}"#, #"{"exp":5"#, String(repeating: "[", count: 2000),
            #"{"exp":5,"ip":[\#(Array(repeating: "\"::1\"", count: 17).joined(separator: ","))]}"#,
        ] {
            #expect(throws: TokenRefusal.malformed, "\(text)") { try claims(signed(text)) }
        }
        #expect(try claims(signed(#"{"exp":1e300,"nbf":-1e300}"#)).expires == .max)
    }

    @Test func thePEMOfAnythingElseIsRefused() {
        for text in ["", "x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
            #expect(throws: OpenSSLError.self) { try VerifyingKey(pem: Array(text.utf8).span) }
        }
    }

    @Test(arguments: [
        ("/news/*", "/news/", true), ("/news/*", "/news", false), ("/news/*", "/news/a/b.m4s", true),
        ("*", "", true), ("", "", true), ("", "/", false), ("/a", "/a", true), ("/a", "/ab", false),
        ("/a", "/A", false),
        ("/a*b*c", "/abbbc", true), ("/a*b*c", "/abbb", false), ("*/x", "/a/x/x", true), ("**", "/", true),
        ("/*/hls/*.ts", "/n/hls/high/1/5.ts", true), ("/*/hls/*.ts", "/n/dash/5.ts", false),
    ])
    func patterns(_ pattern: String, _ path: String, _ matches: Bool) {
        #expect(PathPattern(pattern).matches(path[...]) == matches)
    }

    /// A pattern that would take for ever if each star was tried anew.
    @Test func patternsEnd() {
        let path = String(repeating: "a", count: 500)
        #expect(!PathPattern(String(repeating: "a*", count: 200) + "b").matches(path[...]))
    }
}

extension String {
    fileprivate var uppercasedSignature: String {
        let mark = range(of: "hmac=")?.upperBound ?? endIndex
        return self[..<mark] + self[mark...].uppercased()
    }
}
