import CPIX
import CommonEncryption
import CurlHTTP
import KeyServer
import Keys
import LoopbackServer
import Media
import TestKeyServer
import Testing

/// The client in every version and with every fault, against the model key server over a real socket.
@Suite(.timeLimit(.minutes(5))) struct SPEKEInteropTests {
    private let http: HTTPClient

    init() throws { http = try HTTPClient() }

    private static func url(_ base: String, _ version: SPEKEVersion) -> String {
        "\(base)/speke/v\(version.rawValue)/copyProtection"
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var version: SPEKEVersion
        var scheme: KeyContract.Scheme
        var systems: [DRMSystemID]

        var testDescription: String { "\(version.rawValue) \(scheme.rawValue)" }
    }

    static let cases: [Case] = SPEKEVersion.allCases.flatMap { version in
        [
            Case(version: version, scheme: .cenc, systems: [.widevine, .playReady, .clearKey, .common]),
            Case(version: version, scheme: .cbcs, systems: [.widevine, .playReady, .fairPlay, .clearKey]),
            Case(version: version, scheme: .sampleAES, systems: [.fairPlay]),
            Case(version: version, scheme: .aes128, systems: [.aes128]),
        ]
    }

    @Test(arguments: cases) func everyVersionAndScheme(_ test: Case) async throws {
        let entries =
            test.version == .v1
            ? ContractEntry.all : ContractEntry.video(preset: 8) + ContractEntry.audio(preset: 3)
        let contract = KeyContract(
            contentID: "news", scheme: test.scheme, entries: entries, rotationIntervalSeconds: 60,
            systems: test.systems)
        try await withKeyServer { base async throws in
            func client() -> SPEKEClient {
                SPEKEClient(http, .init(urls: [Self.url(base, test.version)], version: test.version))
            }
            let keys = try await client().keys(for: contract, period: 7)
            #expect(keys.entries.map(\.entry) == entries)
            #expect(Set(keys.entries.map(\.key.keyID)).count == entries.count)
            for (_, key) in keys.entries {
                #expect(Set(key.signalling.keys) == Set(test.systems))
                for (system, signalling) in key.signalling where system != .common {
                    #expect(signalling.hlsMedia.count == 1, "\(system)")
                    #expect(signalling.hlsMultivariant.count == 1, "\(system)")
                }
            }
            // The same question, the same key: from another client, as after a restart.
            let again = try await client().keys(for: contract, period: 7)
            #expect(
                zip(keys.entries, again.entries).allSatisfy { $0.key.keyID == $1.key.keyID && $0.key.key == $1.key.key }
            )
            let next = try await client().keys(for: contract, period: 8)
            #expect(
                !zip(keys.entries, next.entries).contains { $0.key.keyID == $1.key.keyID || $0.key.key == $1.key.key })
        }
    }

    @Test(.enabled(if: TestCertificates.arePossible), arguments: SPEKEVersion.allCases)
    func keysEncryptedForUs(_ version: SPEKEVersion) async throws {
        let certificates = try TestCertificates()
        defer { #expect(throws: Never.self) { try certificates.remove() } }
        let pair = try certificates.make("document")
        let identity = try DocumentIdentity(certificateFile: pair.certificate, privateKeyFile: pair.key)
        let contract = KeyContract(
            contentID: "news", scheme: .cbcs, entries: ContractEntry.all, rotationIntervalSeconds: 60,
            systems: [.clearKey])
        let desk = FaultDesk()
        try await withKeyServer(faults: desk) { base async throws in
            let url = Self.url(base, version)
            let encrypted = try await SPEKEClient(
                http, .init(urls: [url], version: version, documentIdentity: identity)
            ).keys(for: contract, period: 7)
            let clear = try await SPEKEClient(http, .init(urls: [url], version: version))
                .keys(for: contract, period: 7)
            #expect(encrypted["ALL"]?.key == clear["ALL"]?.key)
            #expect(desk.arm(Fault(.plainKey)))
            let error = try await #require(throws: KeyError.self) {
                try await SPEKEClient(http, .init(urls: [url], version: version, documentIdentity: identity))
                    .keys(for: contract, period: 7)
            }
            #expect(error.code == .invalidAnswer)
        }
    }

    struct Expectation: CustomTestStringConvertible, Sendable {
        var fault: Fault
        var code: KeyError.Code
        var says: String

        init(_ kind: Fault.Kind, _ code: KeyError.Code, _ says: String, _ change: (inout Fault) -> Void = { _ in }) {
            fault = Fault(kind)
            change(&fault)
            self.code = code
            self.says = says
        }

        var testDescription: String { "\(fault.fault.rawValue) \(fault.element ?? "")" }
    }

    static let expectations = [
        Expectation(.hang, .unavailable, "no complete answer within 2000 ms"),
        Expectation(.cut, .invalidAnswer, ""),
        Expectation(.truncate, .invalidAnswer, ""),
        Expectation(.status, .unavailable, "status 503") { $0.status = 503 },
        Expectation(.status, .refused, "status 403") { $0.status = 403 },
        Expectation(.garbage, .invalidAnswer, ""),
        Expectation(.staleKey, .invalidAnswer, "a stale key"),
        Expectation(.missingKey, .invalidAnswer, "no key in the ContentKey"),
        Expectation(.wrongKID, .invalidAnswer, "no ContentKey for VIDEO"),
        Expectation(.overriddenKID, .invalidAnswer, "allowKeyIDOverride"),
        Expectation(.wrongContentID, .invalidAnswer, "its contentId is"),
        Expectation(.wrongPeriod, .invalidAnswer, "it is for key period"),
        Expectation(.wrongScheme, .invalidAnswer, "is for scheme"),
        Expectation(.otherSystemsPSSH, .invalidAnswer, "another system's"),
        Expectation(.missingSystem, .invalidAnswer, "no DRMSystem"),
        Expectation(.missingElement, .invalidAnswer, "no DRMSystem") { $0.element = "DRMSystemList" },
        Expectation(.wrongVersion, .invalidAnswer, "its X-Speke-Version is"),
    ]

    @Test(arguments: expectations) func everyFaultIsNoticed(_ expected: Expectation) async throws {
        let contract = KeyContract(
            contentID: "news", scheme: .cbcs, rotationIntervalSeconds: 60, systems: [.widevine, .clearKey])
        let desk = FaultDesk()
        try await withKeyServer(faults: desk) { base async throws in
            let provider = { (deadline: UInt32) in
                SPEKEClient.Provider(urls: [Self.url(base, .v2)], deadlineMilliseconds: deadline)
            }
            let client = SPEKEClient(http, provider(60_000))
            let asking = expected.fault.fault == .hang ? SPEKEClient(http, provider(2000)) : client
            // One good answer first: that is the key that can be stale.
            _ = try await client.keys(for: contract, period: 7)
            #expect(desk.arm(expected.fault))
            let error = try await #require(throws: KeyError.self) { try await asking.keys(for: contract, period: 8) }
            #expect(error.code == expected.code && error.reason.contains(expected.says), "\(error)")
            desk.clear()
            _ = try await client.keys(for: contract, period: 8)
        }
    }

    @Test func anotherKeyForTheSameKIDIsNoticed() async throws {
        let contract = KeyContract(contentID: "a", scheme: .cbcs, rotationIntervalSeconds: 60, systems: [.clearKey])
        let desk = FaultDesk()
        try await withKeyServer(faults: desk) { base async throws in
            let client = SPEKEClient(http, .init(urls: [Self.url(base, .v2)]))
            _ = try await client.keys(for: contract, period: 7)
            #expect(desk.arm(Fault(.changedKey)))
            let error = try await #require(throws: KeyError.self) { try await client.keys(for: contract, period: 7) }
            #expect(error.reason.hasSuffix("has another key than before"))
        }
    }

    /// What is the provider's to fill and is not dangerous to lack, is made here.
    @Test(arguments: [
        "PSSH", "ContentProtectionData", "HLSSignalingData", "ContentKeyPeriodList", "ContentKeyUsageRuleList",
    ])
    func whatIsLeftOutIsMadeHere(_ element: String) async throws {
        let contract = KeyContract(
            contentID: "news", scheme: .cbcs, rotationIntervalSeconds: 60, systems: [.widevine, .playReady])
        for kind in [Fault.Kind.missingElement, .emptyElement] {
            let desk = FaultDesk()
            try await withKeyServer(faults: desk) { base async throws in
                var fault = Fault(kind)
                fault.element = element
                #expect(desk.arm(fault))
                let keys = try await SPEKEClient(http, .init(urls: [Self.url(base, .v2)]))
                    .keys(for: contract, period: 7)
                for (_, key) in keys.entries {
                    for (_, signalling) in key.signalling {
                        #expect(signalling.pssh != nil && signalling.contentProtectionData != nil)
                        #expect(signalling.hlsMedia.count == 1 && signalling.hlsMultivariant.count == 1)
                    }
                }
            }
        }
    }
}
