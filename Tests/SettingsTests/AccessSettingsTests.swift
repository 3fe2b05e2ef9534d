import Foundation
import Testing

@testable import Settings

@Suite struct AccessSettingsTests {
    private static let key = "0123456789abcdef0123456789abcdef"
    private static let environment = ["K": key, "CDN": "old-secret", "NEXT": "new-secret", "SHORT": "short"]

    private func load(
        _ access: String, endpoint: String = "", purpose: LoadPurpose = .serve, directory: String = ""
    ) -> (access: ChannelAccess?, diagnostics: [String]) {
        let text = """
            channel: news
            ingest: { streamKeys: { primary: { env: K } } }
            video: [{ name: high, codec: copy }]
            access: \(access)
            audio: []
            endpoints:
              - { id: hls, package: hls }
              - { id: dash, package: dash\(endpoint) }
            """
        let (profile, diagnostics) = ChannelProfile.load(
            text: text, file: "p", directory: directory, environment: Self.environment, purpose: purpose)
        return (profile?.access, diagnostics.map { "\($0)" })
    }

    @Test func readsEveryWord() throws {
        let (access, diagnostics) = load(
            """
            { cdn: { header: X-Shield, secrets: [{ env: CDN }, { env: NEXT }] }, allow: [10.0.0.0/8], deny: ["2001:db8::/32"],
              tokens: { placement: query, parameter: hdnts, issuer: shop, audience: origin,
                keys: [{ id: a, secret: { env: K }, encoding: text }, { secret: { env: K }, encoding: hex }] },
              countries: { header: CloudFront-Viewer-Country, allow: [CH, NO] } }
            """.replacing("hex }] }", with: "text }] }"), endpoint: ", access: open")
        #expect(diagnostics == [])
        let profile = try #require(access?.channel)
        #expect(
            profile.cdn?.header == "X-Shield"
                && profile.cdn?.secrets.map { $0.reveal() } == ["old-secret", "new-secret"])
        #expect(profile.allow?.map { "\($0)" } == ["10.0.0.0/8"] && profile.deny.count == 1)
        let tokens = try #require(profile.tokens)
        #expect(tokens.placement == .query && tokens.parameter == "hdnts")
        #expect(tokens.issuer == "shop" && tokens.audience == "origin" && tokens.keys.map(\.id) == ["a", nil])
        #expect(
            profile.countries?.allow == ["CH", "NO"]
                && profile.countries?.source == .header("CloudFront-Viewer-Country"))
        #expect(
            access?.endpoints.map(\.key) == ["dash"] && access?.endpoints.values.contains(nil) == true
                && access?.isOpen == false)
        var dumped = ""
        dump(access, to: &dumped)
        #expect(!dumped.contains(Self.key) && !dumped.contains("old-secret"))
    }

    @Test func standardsAreFewWords() throws {
        let (access, diagnostics) = load(
            "{ cdn: { secrets: { env: CDN } }, tokens: { keys: [{ secret: { env: K } }] } }")
        #expect(diagnostics == [])
        let profile = try #require(access?.channel)
        #expect(profile.cdn?.header == "X-MediaPackage-CDNIdentifier")
        #expect(profile.tokens?.placement == .path && profile.tokens?.parameter == "token")
        #expect(profile.allow == nil && profile.deny == [] && profile.countries == nil)
        #expect(load("open").access?.isOpen == true)
    }

    /// A whole profile with one line more, its fifth.
    private func load(line: String) -> (profile: ChannelProfile?, diagnostics: [String]) {
        let text = """
            channel: news
            ingest: { streamKeys: { primary: { env: K } } }
            video: [{ name: high, codec: copy }]
            audio: []
            \(line)
            endpoints: [{ id: hls, package: hls }]
            """
        let (profile, diagnostics) = ChannelProfile.load(text: text, file: "p", environment: Self.environment)
        return (profile, diagnostics.map { "\($0)" })
    }

    @Test func aRateIsNoReasonToBeginAnew() throws {
        let none = try #require(load(line: "limits: { requestRatePerAddress: 0 }").profile)
        let some = try #require(load(line: "limits: { requestRatePerAddress: 50 }").profile)
        #expect(none.requestRate == nil && some.requestRate == AddressRate(perSecond: 50, burst: 100))
        #expect(none != some && some.admitting(as: none) == none)
        #expect(
            load(line: "limits: { requestBurstPerAddress: 7 }").diagnostics == [
                "p:5:35: error: 'requestBurstPerAddress' is of no use without requestRatePerAddress; give both or neither"
            ])
        #expect(
            load(line: "limits: { connectionRatePerAddress: 7 }").diagnostics.first?.hasPrefix(
                "p:5:11: error: unknown key 'connectionRatePerAddress' in limits") == true)
    }

    @Test func changesUnderAPublicationAreNone() throws {
        func profile(_ access: String) throws -> ChannelProfile {
            try #require(load(line: "access: \(access)").profile)
        }
        let (open, kept) = (try profile("open"), try profile("{ allow: [10.0.0.0/8] }"))
        #expect(open != kept && kept.admitting(as: open) == open)
    }

    @Test(arguments: [
        (
            "closed",
            "p:4:9: error: 'access' cannot be 'closed'; write open, or a mapping of cdn, tokens, allow, deny, countries"
        ),
        ("", "p:4:1: error: 'access' has nothing behind it; write access: open, or its rules"),
        (
            "{ tokens: , deny: [192.0.2.0/24] }",
            "p:4:11: error: 'tokens' has nothing behind it; write its rule, or leave it out"
        ),
        ("{}", "p:4:9: error: 'access' has no rule, so it would keep nobody out; write access: open"),
        ("{ cdns: 1, deny: [10.0.0.0/8] }", "p:4:11: error: unknown key 'cdns' in access; did you mean 'cdn'?"),
        (
            "{ cdn: { secrets: [] } }",
            "p:4:27: error: 'secrets' lists 0 secrets; it must be one, or two while they change"
        ),
        (
            "{ cdn: { secrets: [{ env: CDN }, { env: CDN }, { env: CDN }] } }",
            "p:4:27: error: 'secrets' lists 3 secrets; it must be one, or two while they change"
        ),
        (
            "{ cdn: { secrets: { env: SHORT } } }",
            "p:4:27: error: a secret of the CDN has 8 to 256 characters; take another"
        ),
        (
            "{ cdn: { secrets: { env: NONE } } }",
            "p:4:27: error: 'secrets': the environment variable NONE is not set; set it"
        ),
        ("{ cdn: { header: X-A } }", "p:4:16: error: cdn has no 'secrets'; write secrets: [{ file: PATH }]"),
        (
            "{ cdn: { header: 'X A', secrets: { env: CDN } } }",
            "p:4:26: error: 'header' is no name of a header, such as X-MediaPackage-CDNIdentifier"
        ),
        ("{ tokens: { keys: [] } }", "p:4:27: error: 'keys' lists 0 keys; it must be 1 to 8"),
        ("{ tokens: {} }", "p:4:19: error: tokens has no 'keys'; write keys: [{ id: a, secret: { file: PATH } }]"),
        (
            "{ tokens: { keys: [{ id: a }] } }",
            "p:4:28: error: a key needs either secret: { file: PATH } or publicKey: FILE"
        ),
        (
            "{ tokens: { keys: [{ secret: { env: SHORT } }] } }",
            "p:4:38: error: 'secret' has 5 bytes; HMAC-SHA256 wants 32 or more: openssl rand -hex 32"
        ),
        (
            "{ tokens: { keys: [{ secret: { env: K }, encoding: hex }] } }",
            "p:4:38: error: 'secret' has 16 bytes; HMAC-SHA256 wants 32 or more: openssl rand -hex 32"
        ),
        (
            "{ tokens: { keys: [{ secret: { env: CDN }, encoding: hex }] } }",
            "p:4:38: error: 'secret' is not what encoding: hex says"
        ),
        (
            "{ tokens: { keys: [{ id: a, secret: { env: K } }, { id: a, secret: { env: K } }] } }",
            "p:4:27: error: the key id 'a' is there twice; tokens find their key by it"
        ),
        (
            "{ tokens: { parameter: start, keys: [{ secret: { env: K } }] } }",
            "p:4:32: error: 'parameter' is start, which asks for something else; take another, such as token"
        ),
        (
            "{ tokens: { parameter: 'a=b', keys: [{ secret: { env: K } }] } }",
            "p:4:32: error: 'parameter' must be letters, digits, - and _, at most 32, such as token"
        ),
        (
            "{ tokens: { placement: header, keys: [{ secret: { env: K } }] } }",
            "p:4:32: error: 'placement' cannot be 'header'; known are path, query"
        ),
        ("{ allow: [] }", "p:4:18: error: 'allow' lists 0 networks; it must be 1 to 256"),
        ("{ deny: [a] }", "p:4:18: error: 'a' is no network; write ADDRESS/BITS, such as 10.0.0.0/8 or 2001:db8::/32"),
        (
            "{ countries: { header: X-C, allow: [CH] } }",
            "p:4:24: error: 'header' could be set by anybody: write cdn, or allow, so that only the CDN comes in"
        ),
        (
            "{ countries: { allow: [CH] } }",
            "p:4:22: error: 'countries' needs either header: CloudFront-Viewer-Country, or another that the CDN sets, or database: FILE"
        ),
        (
            "{ allow: [10.0.0.0/8], countries: { header: X-C } }",
            "p:4:43: error: 'countries' needs either allow or deny: [CH, DE]"
        ),
        (
            "{ allow: [10.0.0.0/8], countries: { header: X-C, deny: [ch] } }",
            "p:4:65: error: 'ch' is no country; write two capital letters (ISO 3166-1), such as CH"
        ),
    ])
    func saysWhatIsWrong(_ access: String, _ expected: String) {
        let (found, diagnostics) = load(access)
        #expect(found == nil && diagnostics == [expected])
    }

    @Test func endpointsAreReadAlike() {
        let (found, diagnostics) = load("open", endpoint: ", access: { allow: [] }")
        #expect(found == nil && diagnostics == ["p:8:49: error: 'allow' lists 0 networks; it must be 1 to 256"])
    }

    @Test func publicKeysAreLookedAt() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            """
            -----BEGIN PUBLIC KEY-----
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEGJrmqukOpJKDiqUD2UFdQ6YrOEqP
            Rur20u9CkQ6FOWBdQ0Gbhw0hf3ZKFzZujzeFwLcFn+dqkJDzrskyYgj5xw==
            -----END PUBLIC KEY-----

            """, to: "app.pem")
        try folder.write("nothing", to: "bad.pem")
        let good = load("{ tokens: { keys: [{ id: app, publicKey: app.pem }] } }", directory: folder.path)
        #expect(good.diagnostics == [] && good.access?.channel?.tokens?.keys.count == 1)
        let bad = load("{ tokens: { keys: [{ id: app, publicKey: bad.pem }] } }", directory: folder.path)
        #expect(
            bad.diagnostics == [
                "p:4:50: error: 'publicKey': \(folder.path)/bad.pem has no public key in PEM in it of RSA "
                    + "(2048 bits or more), P-256 or Ed25519"
            ])
        let both = load(
            "{ tokens: { keys: [{ publicKey: app.pem, encoding: hex }] } }", directory: folder.path)
        #expect(both.diagnostics == ["p:4:50: error: 'encoding' is a word of a secret; delete it"])
    }

    @Test func databasesAreLookedAtAndAnotherIsAnother() throws {
        let folder = try TemporaryFolder()
        let text = "{ countries: { database: geo.mmdb, deny: [CH] } }"
        try folder.write("nothing", to: "geo.mmdb")
        let expected =
            "p:4:34: error: 'database': \(folder.path)/geo.mmdb is no MaxMind DB file, such as GeoLite2-Country.mmdb"
        #expect(load(text, directory: folder.path).diagnostics == [expected])
        let marked = [UInt8]("x".utf8) + [0xAB, 0xCD, 0xEF] + Array("MaxMind.com".utf8)
        func found(_ bytes: [UInt8]) throws -> ChannelAccess? {
            try Data(bytes).write(to: URL(filePath: folder.path + "/geo.mmdb"))
            return load(text, directory: folder.path).access
        }
        let (first, second) = (try found(marked), try found(marked + [0]))
        #expect(first != nil && second != nil && first != second)
        #expect(load(text, directory: folder.path).access == second)
    }

    @Test func whatIsMissingHereIsAWarningWhileChecking() {
        let (found, diagnostics) = load(
            "{ cdn: { secrets: { env: NONE } }, tokens: { keys: [{ secret: { env: NONE } }] } }", purpose: .check)
        #expect(found != nil && diagnostics.count == 2 && diagnostics.allSatisfy { $0.contains("warning") })
    }
}
