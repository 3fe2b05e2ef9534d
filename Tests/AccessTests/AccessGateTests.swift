import Foundation
import OpenSSLCrypto
import Settings
import Testing
import ViewerTokens

@testable import Access

@Suite struct AccessGateTests {
    @Test func whatNobodyKeepsIsOpen() throws {
        let watched = try Watched(Profiles.access(Profiles.tokens, endpoint: ", access: open"))
        #expect(watched.passage("/sport/hls/index.m3u8?token=x") == .open)
        #expect(watched.passage("/news/dash/index.mpd") == .open)
        #expect(watched.passage("/") == .open && watched.passage("") == .open && watched.passage("*") == .open)
        #expect(watched.refusal("/news/hls/index.m3u8") == .tokenMissing)
        #expect(watched.desk.remove(channel: "news"))
        #expect(watched.passage("/news/hls/index.m3u8") == .open)
    }

    @Test func anEndpointMayHaveRulesOfItsOwn() throws {
        let watched = try Watched(
            Profiles.access("open", endpoint: ", access: { deny: [192.0.2.0/24] }"))
        #expect(watched.passage("/news/hls/index.m3u8") == .open)
        #expect(watched.refusal("/news/dash/index.mpd") == .addressDenied)
    }

    // MARK: Tokens

    @Test func tokensInThePathAreTakenOut() throws {
        let watched = try Watched(Profiles.access(Profiles.tokens))
        let token = try Watched.token()
        for file in ["index.m3u8", "high/playlist.m3u8", "high/0123456789ab/7.m4s", "", "a/b/c"] {
            #expect(watched.admitted("/news/hls/~\(token)/\(file)") == "/news/hls/\(file)")
        }
        #expect(watched.admitted("/news/hls/~\(token)/index.m3u8?start=5&x") == "/news/hls/index.m3u8?start=5&x")
        #expect(watched.admitted("http://cdn/news/hls/~\(token)/index.m3u8") == "/news/hls/index.m3u8")
        #expect(watched.admitted("/news/hls/~\(token)/index.m3u8#f") == "/news/hls/index.m3u8")
        #expect(watched.admitted("/news/hls/~\(token)/index.m3u8?token=\(token)&a=b") == "/news/hls/index.m3u8?a=b")
        #expect(watched.admitted("/news/hls/~\(token)") == "/news/hls")
        // Some clients escape the tilde.
        #expect(watched.admitted("/news/hls/%7E\(token)/index.m3u8") == "/news/hls/index.m3u8")
        #expect(watched.admitted("/news/hls/%7e\(token)/index.m3u8") == "/news/hls/index.m3u8")
        // A second one is nobody's name.
        #expect(watched.admitted("/news/hls/~\(token)/~\(token)/index.m3u8") == "/news/hls/~\(token)/index.m3u8")
        #expect(watched.refusal("/news/~\(token)/hls/index.m3u8") == .tokenMissing)
        #expect(watched.refusal("/news/hls/\(token)/index.m3u8") == .tokenMissing)
    }

    @Test func aTokenInAWrongPlaceIsNotLogged() throws {
        let watched = try Watched(Profiles.access(Profiles.tokens))
        let token = try Watched.token()
        for path in [
            "/news/~\(token)/hls/a", "/news/hls/high/~\(token)/a", "/news/hls/\(token)/a", "/news/hls/x%7E\(token)/a",
        ] {
            #expect(watched.refusal(path) == .tokenMissing)
        }
        #expect(watched.reports.all.count == 4)
        #expect(watched.reports.all.allSatisfy { !$0.path.contains(token.prefix(20)) && $0.path.contains("(hidden)") })
    }

    /// Who sees a playlist sees the tokens of its keys.
    @Test func aTokenOfKeysOpensNothing() throws {
        let watched = try Watched(Profiles.access(Profiles.tokens))
        let secret = try #require(TokenSecret(Array(Profiles.secret.utf8)))
        var claims = TokenClaims(content: "news", expires: 2000)
        #expect(watched.admitted("/news/hls/~\(claims.webToken(signedBy: secret, keyID: "k1"))/a") == "/news/hls/a")
        claims.use = TokenClaims.useOfKeys
        let token = claims.webToken(signedBy: secret, keyID: "k1")
        #expect(watched.refusal("/news/hls/~\(token)/a") == .tokenNotForUs)
        // Nor is what opens nothing remembered.
        #expect(watched.gate.tokenCount == 1)
    }

    @Test func manifestsWithATokenInTheQueryAreRedirected() throws {
        let watched = try Watched(Profiles.access(Profiles.tokens))
        let token = try Watched.token()
        #expect(
            watched.passage("/news/hls/index.m3u8?a=b&token=\(token)&c=d")
                == .redirected(location: "~\(token)/index.m3u8?a=b&c=d"))
        #expect(watched.passage("/news/dash/index.mpd?token=\(token)") == .redirected(location: "~\(token)/index.mpd"))
        // Players that add it everywhere may.
        #expect(watched.admitted("/news/hls/high/1/7.m4s?token=\(token)") == "/news/hls/high/1/7.m4s")
        #expect(
            watched.admitted("/news/hls/high/playlist.m3u8?_HLS_msn=4&token=\(token)")
                == "/news/hls/high/playlist.m3u8?_HLS_msn=4")
        #expect(watched.refusal("/news/hls/index.m3u8?token=\(token)x") == .tokenSignatureWrong)
        #expect(watched.refusal("/news/hls/index.m3u8?token=\(token)&token=\(token)") == .tokenMalformed)
        #expect(watched.refusal("/news/hls/index.m3u8?Token=\(token)") == .tokenMissing)
        let query = try Watched(
            Profiles.access(
                "{ tokens: { placement: query, parameter: hdnts, keys: [{ secret: \(Profiles.secret) }] } }"))
        #expect(query.admitted("/news/hls/index.m3u8?hdnts=\(token)") == "/news/hls/index.m3u8")
        #expect(query.admitted("/news/hls/~\(token)/index.m3u8?token=1") == "/news/hls/index.m3u8?token=1")
    }

    @Test func hmacTokensGoIntoPathsToo() throws {
        let watched = try Watched(Profiles.access(Profiles.tokens))
        let claims = TokenClaims(content: nil, paths: [PathPattern("/news/hls/*")], expires: 2000)
        let secret = try #require(TokenSecret(Array(Profiles.secret.utf8)))
        let token = claims.hmacToken(signedBy: secret)
        #expect(watched.admitted("/news/hls/~\(token)/high/1/7.m4s") == "/news/hls/high/1/7.m4s")
        #expect(watched.refusal("/news/dash/~\(token)/index.mpd") == .tokenOfOtherPath)
        #expect(watched.admitted("/news/hls/high/1/7.m4s?token=\(token)") == "/news/hls/high/1/7.m4s")
        // Akamai's own, with bare slashes; the signature is of what was minted.
        let bare = "exp=2000~acl=/news/hls/*"
        let digits = hmacSHA256(Array(bare.utf8), key: Array(Profiles.secret.utf8))
            .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(
            watched.passage("/news/hls/index.m3u8?token=\(bare)~hmac=\(digits)")
                == .redirected(location: "~exp=2000~acl=%2fnews%2fhls%2f*~hmac=\(digits)/index.m3u8"))
        #expect(watched.admitted("/news/hls/~exp=2000~acl=%2fnews%2fhls%2f*~hmac=\(digits)/a") == "/news/hls/a")
        // A client that escapes what it need not.
        let escaped = token.replacing("%", with: "%25").replacing("=", with: "%3D").replacing("~", with: "%7E")
        #expect(watched.admitted("/news/hls/high/1/7.m4s?token=\(escaped)") == "/news/hls/high/1/7.m4s")
    }

    @Test func timePathAndAddressBind() throws {
        let watched = try Watched(Profiles.access(Profiles.tokens))
        func refusal(_ token: String, _ target: String = "/news/hls/index.m3u8") -> AccessRefusal? {
            watched.refusal(target.replacing("/index", with: "/~\(token)/index"))
        }
        let timed = try Watched.token { $0.notBefore = 500 }
        for (now, expected) in [
            (499, .tokenNotYetValid), (500, nil), (1999, nil), (2000, .tokenExpired), (Int64.max / 1000, .tokenExpired),
        ] as [(Int64, AccessRefusal?)] {
            watched.now = now
            #expect(refusal(timed) == expected, "\(now)")
        }
        watched.now = 1000
        #expect(refusal(try Watched.token(content: "sport")) == .tokenOfOtherPath)
        #expect(refusal(try Watched.token(content: nil)) == .tokenOfOtherPath)
        #expect(refusal(try Watched.token(content: nil, paths: ["/news/*"])) == nil)
        #expect(refusal(try Watched.token(paths: ["/news/dash/*"])) == .tokenOfOtherPath)
        #expect(refusal(try Watched.token(content: "sport", paths: ["/news/*"])) == .tokenOfOtherPath)
        for (networks, expected) in [
            (["192.0.2.7"], nil), (["192.0.2.0/24"], nil), (["2001:db8::/32", "192.0.2.7"], nil),
            (["::ffff:192.0.2.0/120"], nil), (["192.0.2.8"], .tokenOfOtherAddress), (["::/0"], .tokenOfOtherAddress),
            (["viewer"], .tokenMalformed),
        ] as [([String], AccessRefusal?)] {
            #expect(refusal(try Watched.token { $0.addresses = networks }) == expected, "\(networks)")
        }
        watched.address = nil
        #expect(refusal(try Watched.token { $0.addresses = ["192.0.2.7"] }) == .tokenOfOtherAddress)
    }

    @Test func issuerAndAudienceAreWanted() throws {
        let watched = try Watched(
            Profiles.access(
                "{ tokens: { issuer: shop, audience: origin, keys: [{ secret: \(Profiles.secret) }] } }"))
        func refusal(_ issuer: String?, _ audience: [String]) throws -> AccessRefusal? {
            let token = try Watched.token { ($0.issuer, $0.audience) = (issuer, audience) }
            return watched.refusal("/news/hls/~\(token)/a")
        }
        #expect(try refusal("shop", ["x", "origin"]) == nil)
        #expect(try refusal("shop", ["x"]) == .tokenNotForUs)
        #expect(try refusal("shop", []) == .tokenNotForUs)
        #expect(try refusal("Shop", ["origin"]) == .tokenNotForUs)
        #expect(try refusal(nil, ["origin"]) == .tokenNotForUs)
    }

    @Test func keysRollOver() throws {
        let both = try Profiles.access(
            "{ tokens: { keys: [{ id: k1, secret: \(Profiles.secret) }, { id: k2, secret: \(Profiles.other) }] } }")
        let watched = try Watched(both)
        let old = try Watched.token(keyID: "k1")
        let new = try Watched.token(Profiles.other, keyID: "k2")
        #expect(watched.refusal("/news/hls/~\(old)/a") == nil && watched.refusal("/news/hls/~\(new)/a") == nil)
        #expect(watched.refusal("/news/hls/~\(try Watched.token(keyID: "k2"))/a") == .tokenSignatureWrong)
        #expect(watched.refusal("/news/hls/~\(try Watched.token(keyID: "k3"))/a") == .tokenKeyUnknown)
        #expect(try watched.desk.set(both, of: "news") == false)
        let later = try Profiles.access("{ tokens: { keys: [{ id: k2, secret: \(Profiles.other) }] } }")
        #expect(try watched.desk.set(later, of: "news"))
        // Though it was found to be right before.
        #expect(watched.refusal("/news/hls/~\(old)/a") == .tokenKeyUnknown)
        #expect(watched.refusal("/news/hls/~\(new)/a") == nil)
    }

    @Test func revocationsAreInEffectAtOnce() throws {
        let watched = try Watched(Profiles.access(Profiles.tokens))
        let token = try Watched.token { ($0.session, $0.subject, $0.id) = ("s1", "u1", "t1") }
        let target = "/news/hls/~\(token)/a"
        #expect(watched.refusal(target) == nil)
        for entry in [("s1", .session), ("u1", .subject), ("t1", .token)] as [(String, RevocationList.Kind)] {
            #expect(watched.desk.change { $0.add(.init(kind: entry.1, id: entry.0)) })
            #expect(watched.refusal(target) == .revoked)
            #expect(watched.desk.change { $0.remove(entry.1, entry.0) })
            #expect(watched.refusal(target) == nil)
        }
        #expect(watched.desk.change { $0.add(.init(kind: .session, id: "t1")) })
        #expect(watched.refusal(target) == nil)
    }

    @Test func tokensThatAreRememberedAreBounded() throws {
        let watched = try Watched(Profiles.access(Profiles.tokens), maximumTokens: 4)
        for (number, count) in [1, 2, 3, 4, 1, 2].enumerated() {
            let token = try Watched.token(expires: 2000 + Int64(number))
            for _ in 0..<2 {
                #expect(watched.admitted("/news/hls/~\(token)/a") != nil)
                #expect(watched.gate.tokenCount == count)
            }
        }
        // What opens nothing takes no room.
        #expect(watched.refusal("/news/hls/~a.b.c/a") == .tokenMalformed && watched.gate.tokenCount == 2)
    }

    @Test(arguments: [
        "", ".", "..", "...", "a.b.c", "~", "=", "%", "%00", "exp=1~hmac=", "exp=1~acl=/~hmac=00",
        "eyJhbGciOiJub25lIn0.e30.",
        "\u{e9}.\u{e9}.\u{e9}", String(repeating: "a", count: 9000), String(repeating: "~", count: 9000),
        String(repeating: "a.", count: 4000), "%3D%3D.%3D.%3D", "..%2f..%2f", "a/b", "null", "<script>",
    ])
    func nothingElseIsAToken(_ text: String) throws {
        let watched = try Watched(Profiles.access(Profiles.tokens))
        #expect(watched.passage("/news/hls/~\(text)/index.m3u8") == .refused)
        #expect(watched.passage("/news/hls/index.m3u8?token=\(text)") == .refused)
        #expect(watched.passage("/news/hls/~\(text)") == .refused)
    }

    // MARK: CDN, addresses, countries

    @Test func theCDNIsKnownByItsSecret() throws {
        let watched = try Watched(Profiles.access("{ cdn: { secrets: [old-secret, new-secret] } }"))
        let target = "/news/hls/index.m3u8?x=1"
        #expect(watched.refusal(target) == .cdnSecretMissing)
        for (value, expected) in [
            ("old-secret", nil), ("new-secret", nil), ("old-secre", .cdnSecretWrong), ("", .cdnSecretWrong),
            ("OLD-SECRET", .cdnSecretWrong), (" old-secret", .cdnSecretWrong),
            ("old-secretnew-secret", .cdnSecretWrong),
            (String(repeating: "a", count: 300), .cdnSecretWrong),
        ] as [(String, AccessRefusal?)] {
            watched.fields = [("x-mediapackage-cdnidentifier", value)]
            #expect(watched.refusal(target) == expected, "\(value)")
        }
        watched.fields = [
            ("X-MediaPackage-CDNIdentifier", "old-secret"), ("X-MediaPackage-CDNIdentifier", "old-secret"),
        ]
        #expect(watched.refusal(target) == .cdnSecretWrong)
        watched.fields = [("X-MediaPackage-CDNIdentifier", "old-secret")]
        #expect(watched.passage(target) == .open)
        let named = try Watched(Profiles.access("{ cdn: { header: X-Shield, secrets: some-secret } }"))
        named.fields = [("X-MediaPackage-CDNIdentifier", "some-secret")]
        #expect(named.refusal(target) == .cdnSecretMissing)
        named.fields = [("x-shield", "some-secret")]
        #expect(named.refusal(target) == nil)
    }

    @Test(
        arguments: [
            ("192.0.2.7", nil), ("192.0.2.255", nil), ("::ffff:192.0.2.7", nil),
            ("192.0.3.0", AccessRefusal.addressDenied),
            ("192.0.2.66", .addressDenied), ("2001:db8:1::5", nil), ("2001:db9::1", .addressDenied),
            ("::c000:207", .addressDenied), ("127.0.0.1", .addressDenied), (nil, .addressUnknown),
        ] as [(String?, AccessRefusal?)])
    func addresses(_ address: String?, _ expected: AccessRefusal?) throws {
        let watched = try Watched(
            Profiles.access(#"{ allow: ["192.0.2.0/24", "2001:db8::/32"], deny: ["192.0.2.64/29"] }"#))
        watched.address = address
        #expect(watched.refusal("/news/hls/index.m3u8") == expected)
        #expect(watched.desk.refusals.values.reduce(0, +) == (expected == nil ? 0 : 1))
    }

    @Test(
        arguments: [
            ("allow: [CH, NO]", ["CH"], nil), ("allow: [CH, NO]", ["no"], nil),
            ("allow: [CH, NO]", ["DE"], AccessRefusal.countryDenied), ("allow: [CH, NO]", [], .countryUnknown),
            ("allow: [CH, NO]", [""], .countryUnknown), ("allow: [CH, NO]", ["CHE"], .countryUnknown),
            ("allow: [CH, NO]", ["T1"], .countryUnknown), ("allow: [CH, NO]", ["CH", "CH"], .countryUnknown),
            ("deny: [DE]", ["DE"], .countryDenied), ("deny: [DE]", ["CH"], nil), ("deny: [DE]", [], nil),
            ("deny: [DE]", ["CH", "DE"], .countryUnknown),
        ] as [(String, [String], AccessRefusal?)])
    func countries(_ rule: String, _ values: [String], _ expected: AccessRefusal?) throws {
        let watched = try Watched(
            Profiles.access("{ allow: [192.0.2.0/24], countries: { header: CloudFront-Viewer-Country, \(rule) } }"))
        watched.fields = values.map { ("cloudfront-viewer-country", $0) }
        #expect(watched.refusal("/news/hls/index.m3u8") == expected)
    }

    @Test(
        arguments: [
            ("allow: [CH]", "192.0.2.7", nil), ("allow: [CH]", "::ffff:192.0.2.7", nil),
            ("allow: [CH]", "192.0.2.200", AccessRefusal.countryDenied), ("allow: [CH]", "10.0.0.1", .countryUnknown),
            ("allow: [CH]", nil, .addressUnknown), ("deny: [DE]", nil, .addressUnknown),
            ("deny: [DE]", "2001:db8::1", .countryDenied),
            ("deny: [DE]", "10.0.0.1", nil), ("deny: [DE]", "192.0.2.7", nil),
        ] as [(String, String?, AccessRefusal?)])
    func countriesOfADatabase(_ rule: String, _ address: String?, _ expected: AccessRefusal?) throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        let watched = try Watched(
            Profiles.access("{ countries: { database: \(tests)/CountriesTests/Fixtures/countries.mmdb, \(rule) } }"))
        watched.address = address
        #expect(watched.refusal("/news/hls/index.m3u8") == expected)
    }

    /// As the marker that `sluice check` looks for does not make a database.
    @Test func aBrokenDatabaseKeepsTheRulesOfBefore() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "broken-\(UUID().uuidString).mmdb")
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: path) } }
        try Data([0xAB, 0xCD, 0xEF] + Array("MaxMind.com".utf8)).write(to: path)
        let watched = try Watched(Profiles.access("{ deny: [192.0.2.0/24] }"))
        let broken = try Profiles.access("{ countries: { database: \(path.path), deny: [DE] } }")
        #expect(throws: UnusableRule.self) { try watched.desk.set(broken, of: "news") }
        #expect(watched.refusal("/news/hls/index.m3u8") == .addressDenied)
    }

    // MARK: Reports

    @Test func reportsSayWhyAndShowNoToken() throws {
        let watched = try Watched(Profiles.access(Profiles.tokens))
        let token = try Watched.token(expires: 900) { ($0.session, $0.subject) = ("s1", "viewer 7") }
        #expect(watched.refusal("/news/hls/~\(token)/high/playlist.m3u8?token=\(token)&x=\(token)") == .tokenExpired)
        #expect(watched.refusal("/news/hls/~not-a-token/a") == .tokenMalformed)
        let reports = watched.reports.all
        #expect(reports.map(\.refusal) == [.tokenExpired, .tokenMalformed])
        #expect(reports[0].path == "/news/hls/high/playlist.m3u8" && reports[0].session == "s1")
        #expect(reports[0].subject == "viewer 7" && reports[0].address.map { "\($0)" } == "192.0.2.7")
        #expect(reports[1].path == "/news/hls/a" && reports[1].session == nil)
        var dumped = ""
        dump(reports, to: &dumped)
        #expect(!dumped.contains(token) && !dumped.contains("not-a-token"))
    }

    @Test func floodsAreCountedAndNotReported() throws {
        let watched = try Watched(Profiles.access(Profiles.tokens))
        for _ in 0..<50 { _ = watched.passage("/news/hls/index.m3u8") }
        #expect(watched.reports.all.count == ReportLimit.perSecond)
        watched.now += 1
        _ = watched.passage("/news/hls/index.m3u8")
        #expect(watched.reports.all.last?.unreported == 40)
        #expect(watched.desk.refusals == [.tokenMissing: 51])
    }

    @Test func secretsNeverPrint() throws {
        let access = try Profiles.access(
            "{ cdn: { secrets: [old-secret] }, tokens: { keys: [{ id: k1, secret: \(Profiles.secret) }] } }")
        let watched = try Watched(access)
        _ = watched.passage("/news/hls/index.m3u8")
        var dumped = ""
        dump(access, to: &dumped)
        dump(watched.desk, to: &dumped)
        dump(watched.gate, to: &dumped)
        #expect(!dumped.contains("old-secret") && !dumped.contains(Profiles.secret))
    }
}
