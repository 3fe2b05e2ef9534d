import CPIX
import CommonEncryption
import CurlHTTP
import Keys
import LoopbackServer
import Media
import TestSupport
import Testing

/// What a provider can do wrong, each on a real socket.
@Suite(.timeLimit(.minutes(5))) struct SPEKEFaultTests {
    private static let contract = KeyContract(
        contentID: "news", scheme: .cbcs, rotationIntervalSeconds: 60, systems: [.widevine, .clearKey])
    private static let version = ("X-Speke-Version", "2.0")

    private struct Settings {
        var deadlineMilliseconds: UInt32 = 10_000
        var allowsKeyIDOverride = false
    }

    private func keys(
        _ settings: Settings = Settings(), _ answer: @escaping @Sendable (CannedServer.Request) -> CannedServer.Answer
    ) async throws -> PeriodKeys {
        let server = try CannedServer(answer)
        defer { server.stop() }
        return try await SPEKEClient(
            HTTPClient(),
            .init(
                urls: [server.url + "/speke?token=geheim"], allowsKeyIDOverride: settings.allowsKeyIDOverride,
                deadlineMilliseconds: settings.deadlineMilliseconds)
        ).keys(for: Self.contract, period: 7)
    }

    private func failure(
        deadlineMilliseconds: UInt32 = 10_000,
        _ answer: @escaping @Sendable (CannedServer.Request) -> CannedServer.Answer
    ) async throws -> KeyError {
        let error = try await #require(throws: KeyError.self) {
            try await keys(.init(deadlineMilliseconds: deadlineMilliseconds), answer)
        }
        #expect(!"\(error)".contains("geheim"))
        return error
    }

    private func failure(_ change: @escaping @Sendable (inout CPIXDocument) throws -> Void) async throws -> KeyError {
        try await failure { CannedProvider.http($0, change) }
    }

    @Test func aGoodAnswerToAGoodRequest() async throws {
        let keys = try await keys { request in
            guard request.line == "POST /speke?token=geheim", request.headers["content-type"] == "application/xml",
                request.headers["x-speke-version"] == "2.0"
            else { return .http(400) }
            return CannedProvider.http(request)
        }
        #expect(keys.index == 7 && keys.video.signalling.count == 2)
    }

    @Test(arguments: [400, 401, 403, 404, 422]) func clientErrorsAreRefusals(_ status: Int) async throws {
        let error = try await failure { _ in .http(status, text: "Missing CPIX@contentId\r\nsecond line") }
        #expect(error == KeyError(.refused, "status \(status): Missing CPIX@contentId"))
    }

    @Test(arguments: [408, 429, 500, 502, 503]) func serverErrorsAreUnavailability(_ status: Int) async throws {
        let error = try await failure { _ in .http(status, [("Retry-After", "17")], text: "a\tb\u{1b}[31m") }
        #expect(error == KeyError(.unavailable, "status \(status): a b [31m", retryAfterSeconds: 17))
    }

    @Test func aProvidersWordsAreShownWithoutOurToken() async throws {
        let error = try await failure { _ in .http(403, text: "token geheim is not known") }
        #expect(error == KeyError(.refused, "status 403: token (redacted) is not known"))
    }

    @Test(arguments: [204, 302]) func otherStatusesAreInvalid(_ status: Int) async throws {
        #expect(try await failure { _ in .http(status) }.code == .invalidAnswer)
    }

    @Test func slowAndAbsentServersAreUnavailability() async throws {
        #expect(try await failure(deadlineMilliseconds: 300) { _ in .silence }.code == .unavailable)
        let client = try SPEKEClient(HTTPClient(), .init(url: "http://127.0.0.1:1/"))
        let error = try await #require(throws: KeyError.self) { try await client.keys(for: Self.contract, period: 7) }
        #expect(error.code == .unavailable)
    }

    @Test func garbageTruncationAndExcessAreInvalid() async throws {
        for body in [
            [], Array("hello".utf8), Array("<html/>".utf8), [0xff, 0xfe, 0x00], [UInt8](repeating: 60, count: 2 << 20),
        ] {
            #expect(try await failure { _ in .http(200, [Self.version], body) }.code == .invalidAnswer)
        }
        let error = try await failure { request in
            guard case .bytes(let bytes) = CannedProvider.http(request) else { return .silence }
            return .bytes(bytes.dropLast(100))
        }
        #expect(error.code == .invalidAnswer)
    }

    @Test func theVersionMustComeBack() async throws {
        #expect(
            try await failure { CannedProvider.http($0, version: nil) }
                == KeyError(.invalidAnswer, "its X-Speke-Version is missing"))
        #expect(
            try await failure { CannedProvider.http($0, version: "1.0") }
                == KeyError(.invalidAnswer, "its X-Speke-Version is \"1.0\", not 2.0"))
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// What the error must say.
        var says: String
        var change: @Sendable (inout CPIXDocument) throws -> Void

        init(_ name: String, says: String, _ change: @escaping @Sendable (inout CPIXDocument) throws -> Void) {
            testDescription = name
            self.says = says
            self.change = change
        }
    }

    static let faults = [
        Fault("no key", says: "no key in the ContentKey") { $0.contentKeys[0].key = nil },
        Fault("no keys at all", says: "no ContentKey for VIDEO") { $0.contentKeys = [] },
        Fault("another KID", says: "no ContentKey for AUDIO") {
            $0.contentKeys[1].keyID = try #require(KeyID(bytes: [UInt8](repeating: 9, count: 16)))
        },
        Fault("one KID for both", says: "for AUDIO instead of") { $0.usageRules[1].keyID = $0.usageRules[0].keyID },
        Fault("another KID everywhere", says: "allowKeyIDOverride: true would accept it") {
            let own = try #require(KeyID(bytes: [UInt8](repeating: 9, count: 16)))
            $0.contentKeys[1].keyID = own
            $0.usageRules[1].keyID = own
        },
        Fault("several KIDs for one type", says: "several KIDs for VIDEO") {
            $0.usageRules[1].intendedTrackType = "VIDEO"
        },
        Fault("one key for both", says: "have the same key") { $0.contentKeys[1].key = $0.contentKeys[0].key },
        Fault("a key of zeros", says: "is all zeros") {
            $0.contentKeys[1].key = ContentKey([UInt8](repeating: 0, count: 16))
        },
        Fault("an IV that is the key", says: "is its key") { document in
            document.contentKeys[1].explicitIV = document.contentKeys[1].key.map { bytes($0) }
        },
        Fault("encrypted without being asked", says: "no documentKey is configured") {
            $0.contentKeys[0].key = nil
            $0.contentKeys[0].encrypted = EncryptedValue(algorithm: nil, cipherValue: [1])
        },
        Fault("another CPIX version", says: "its CPIX@version is \"2.4\", not 2.3") { $0.version = "2.4" },
        Fault("another scheme", says: "is for scheme \"cenc\"") { $0.contentKeys[0].commonEncryptionScheme = "cenc" },
        Fault("another content", says: "its contentId is \"other\"") { $0.contentID = "other" },
        Fault("no content id", says: "its contentId is missing") { $0.contentID = nil },
        Fault("another period", says: "key period 8, not 7") { $0.periods[0].index = 8 },
        Fault("a system missing", says: "no DRMSystem") { $0.drmSystems.removeLast() },
        Fault("a system empty", says: "nothing filled in") { $0.drmSystems[0].hlsMedia = .requested },
        Fault("pssh of another system", says: "another system's") {
            $0.drmSystems[0].pssh = .filled([0, 0, 0, 32] + Array("pssh".utf8) + [UInt8](repeating: 0, count: 24))
        },
        Fault("pssh of another key", says: "is for KID 09090909-") {
            let id = [UInt8](repeating: 9, count: 16)
            $0.drmSystems[0].pssh = .filled(
                [0, 0, 0, 52] + Array("pssh".utf8) + [1, 0, 0, 0] + DRMSystemID.widevine.id.bytes + [0, 0, 0, 1] + id
                    + [0, 0, 0, 0])
        },
        Fault("pssh of another key in Widevine's words", says: "is for KID 09090909-") {
            let id = [UInt8](repeating: 9, count: 16)
            $0.drmSystems[0].pssh = .filled(
                [0, 0, 0, 50] + Array("pssh".utf8) + [0, 0, 0, 0] + DRMSystemID.widevine.id.bytes + [0, 0, 0, 18]
                    + [0x12, 16] + id)
        },
        Fault("pssh with foreign data", says: "has data that is not this system's") {
            $0.drmSystems[0].pssh = .filled(
                [0, 0, 0, 34] + Array("pssh".utf8) + [0, 0, 0, 0] + DRMSystemID.widevine.id.bytes + [0, 0, 0, 2]
                    + [0x12, 16])
        },
        Fault("pssh cut short", says: "not a pssh box of it") {
            $0.drmSystems[0].pssh = .filled([0, 0, 0, 32] + Array("pssh".utf8))
        },
        Fault("pssh of size 0", says: "not a pssh box of it") {
            $0.drmSystems[0].pssh = .filled([0, 0, 0, 0] + Array("pssh".utf8) + [UInt8](repeating: 0, count: 24))
        },
        Fault("broken XML for the MPD", says: "not well-formed XML") {
            $0.drmSystems[0].contentProtectionData = .filled("</ContentProtection><a/>")
        },
        Fault("another tag for the playlist", says: "a line other than #EXT-X-KEY:") {
            $0.drmSystems[0].hlsMedia = .filled(["#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"a\"", "#EXT-X-ENDLIST"])
        },
        Fault("another tag for the multivariant playlist", says: "a line other than #EXT-X-SESSION-KEY:") {
            $0.drmSystems[0].hlsMultivariant = .filled(["#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"a\""])
        },
        Fault("METHOD=NONE", says: "no METHOD that encrypts") {
            $0.drmSystems[0].hlsMedia = .filled(["#EXT-X-KEY:METHOD=NONE"])
        },
        Fault("METHOD of another scheme", says: "has METHOD SAMPLE-AES-CTR, not SAMPLE-AES") {
            $0.drmSystems[0].hlsMedia = .filled(["#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,URI=\"a\""])
        },
        Fault("tag of another key", says: "is for KID 09090909-") {
            $0.drmSystems[0].hlsMedia = .filled([
                "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"a\",KEYID=0x09090909090909090909090909090909"
            ])
        },
        Fault("no attribute list", says: "not an attribute list") {
            $0.drmSystems[0].hlsMedia = .filled(["#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"a"])
        },
    ]

    @Test(arguments: faults) func faultsAreNamed(_ fault: Fault) async throws {
        let error = try await failure(fault.change)
        #expect(error.code == .invalidAnswer)
        #expect(error.reason.contains(fault.says), "\(error.reason)")
    }

    @Test func aProviderMayOverrideTheKIDWhereTheProfileSaysSo() async throws {
        let own = try #require(KeyID(bytes: [UInt8](repeating: 9, count: 16)))
        for keepsRules in [true, false] {
            let keys = try await keys(.init(allowsKeyIDOverride: true)) { request in
                CannedProvider.http(request) { document in
                    let old = document.contentKeys[1].keyID
                    document.contentKeys[1].keyID = own
                    document.contentKeys[1].explicitIV = [UInt8](repeating: 5, count: 16)
                    for index in document.drmSystems.indices where document.drmSystems[index].keyID == old {
                        document.drmSystems[index].keyID = own
                    }
                    document.usageRules[1].keyID = own
                    if !keepsRules { document.usageRules = [] }
                }
            }
            let audio = try #require(keys["AUDIO"])
            #expect(audio.keyID == own)
            #expect(audio.constantIV == [UInt8](repeating: 5, count: 16))
            #expect(keys["VIDEO"]?.keyID != own)
        }
    }
}
