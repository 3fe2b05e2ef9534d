import CPIX
import CommonEncryption
import CurlHTTP
import Keys
import LoopbackServer
import Media
import TestSupport
import Testing

/// What a provider can do wrong, each on a real socket.
@Suite(.timeLimit(.minutes(1))) struct SPEKEFaultTests {
    private static let contract = KeyContract(
        contentID: "news", scheme: .cbcs, rotationIntervalSeconds: 60, systems: [.widevine, .clearKey])
    private static let version = ("X-Speke-Version", "2.0")

    /// A good answer to a request, which `change` then spoils.
    private static func answer(
        to body: [UInt8], _ change: (inout CPIXDocument) throws -> Void = { _ in }
    ) throws -> [UInt8] {
        var document = try CPIXDocument(parsing: body)
        for index in document.contentKeys.indices {
            document.contentKeys[index].key = ContentKey(copying: [UInt8](repeating: UInt8(index), count: 16).span)
        }
        for index in document.drmSystems.indices {
            document.drmSystems[index].hlsMedia = .filled(["#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"data:,x\""])
            document.drmSystems[index].pssh = .absent
        }
        try change(&document)
        return document.xml
    }

    private func keys(
        deadlineMilliseconds: UInt32 = 10_000,
        _ answer: @escaping @Sendable (CannedServer.Request) -> CannedServer.Answer
    ) async throws -> PeriodKeys {
        let server = try CannedServer(answer)
        defer { server.stop() }
        return try await SPEKEClient(
            HTTPClient(), .init(url: server.url + "/speke?token=geheim", deadlineMilliseconds: deadlineMilliseconds)
        ).keys(for: Self.contract, period: 7)
    }

    private func failure(
        deadlineMilliseconds: UInt32 = 10_000,
        _ answer: @escaping @Sendable (CannedServer.Request) -> CannedServer.Answer
    ) async throws -> KeyError {
        let error = try await #require(throws: KeyError.self) {
            try await keys(deadlineMilliseconds: deadlineMilliseconds, answer)
        }
        #expect(!"\(error)".contains("geheim"))
        return error
    }

    private func failure(_ change: @escaping @Sendable (inout CPIXDocument) throws -> Void) async throws -> KeyError {
        try await failure { .http(200, [Self.version], Self.spoiled($0.body, change)) }
    }

    private static func spoiled(
        _ body: [UInt8], _ change: (inout CPIXDocument) throws -> Void = { _ in }
    ) -> [UInt8] {
        do { return try answer(to: body, change) } catch { return Array("the test itself failed: \(error)".utf8) }
    }

    @Test func aGoodAnswerToAGoodRequest() async throws {
        let keys = try await keys { request in
            guard request.line == "POST /speke?token=geheim", request.headers["content-type"] == "application/xml",
                request.headers["x-speke-version"] == "2.0"
            else { return .http(400) }
            return .http(200, [Self.version], Self.spoiled(request.body))
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
            let body = Self.spoiled(request.body)
            return .bytes(
                Array("HTTP/1.1 200 OK\r\nX-Speke-Version: 2.0\r\nContent-Length: \(body.count)\r\n\r\n".utf8)
                    + body.dropLast(100))
        }
        #expect(error.code == .invalidAnswer)
    }

    @Test func theVersionMustComeBack() async throws {
        #expect(
            try await failure { .http(200, [], Self.spoiled($0.body)) }
                == KeyError(.invalidAnswer, "its X-Speke-Version is missing"))
        #expect(
            try await failure { .http(200, [("X-Speke-Version", "1.0")], Self.spoiled($0.body)) }
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
        Fault("one KID for both", says: "the same KID") { $0.usageRules[1].keyID = $0.usageRules[0].keyID },
        Fault("another scheme", says: "is for scheme \"cenc\"") { $0.contentKeys[0].commonEncryptionScheme = "cenc" },
        Fault("another content", says: "its contentId is \"other\"") { $0.contentID = "other" },
        Fault("no content id", says: "its contentId is missing") { $0.contentID = nil },
        Fault("another period", says: "key period 8, not 7") { $0.periods[0].index = 8 },
        Fault("a system missing", says: "no DRMSystem") { $0.drmSystems.removeLast() },
        Fault("a system empty", says: "nothing filled in") { $0.drmSystems[0].hlsMedia = .requested },
        Fault("pssh of another system", says: "another system's") {
            $0.drmSystems[0].pssh = .filled([0, 0, 0, 32] + Array("pssh".utf8) + [UInt8](repeating: 0, count: 24))
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
        Fault("no attribute list", says: "not an attribute list") {
            $0.drmSystems[0].hlsMedia = .filled(["#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"a"])
        },
    ]

    @Test(arguments: faults) func faultsAreNamed(_ fault: Fault) async throws {
        let error = try await failure(fault.change)
        #expect(error.code == .invalidAnswer)
        #expect(error.reason.contains(fault.says), "\(error.reason)")
    }

    @Test func aProviderMayOverrideTheKID() async throws {
        let own = try #require(KeyID(bytes: [UInt8](repeating: 9, count: 16)))
        for keepsRules in [true, false] {
            let keys = try await keys { request in
                .http(
                    200, [Self.version],
                    Self.spoiled(request.body) { document in
                        let old = document.contentKeys[1].keyID
                        document.contentKeys[1].keyID = own
                        document.contentKeys[1].explicitIV = [UInt8](repeating: 5, count: 16)
                        for index in document.drmSystems.indices where document.drmSystems[index].keyID == old {
                            document.drmSystems[index].keyID = own
                        }
                        document.usageRules[1].keyID = own
                        if !keepsRules { document.usageRules = [] }
                    })
            }
            #expect(keys.audio.keyID == own)
            #expect(keys.audio.constantIV == [UInt8](repeating: 5, count: 16))
            #expect(keys.video.keyID != own)
        }
    }
}
