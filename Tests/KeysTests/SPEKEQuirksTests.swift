import CPIX
import CommonEncryption
import CurlHTTP
import Keys
import LoopbackServer
import Media
import Testing

/// Each word of `quirks`: without it the answer is refused, with it taken.
@Suite(.timeLimit(.minutes(5))) struct SPEKEQuirksTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var says: String
        var quirks: SPEKEQuirks
        var strict: SPEKEQuirks
        var version: String?
        var change: @Sendable (inout CPIXDocument) throws -> Void

        init(
            _ name: String, says: String, version: String? = "2.0", strict: SPEKEQuirks = SPEKEQuirks(),
            _ quirk: (inout SPEKEQuirks) -> Void, _ change: @escaping @Sendable (inout CPIXDocument) throws -> Void
        ) {
            testDescription = name
            self.says = says
            self.version = version
            self.strict = strict
            var quirks = SPEKEQuirks()
            quirk(&quirks)
            self.quirks = quirks
            self.change = change
        }
    }

    private static var noForeignIV: SPEKEQuirks {
        var quirks = SPEKEQuirks()
        quirks.acceptExplicitIV = false
        return quirks
    }

    static let cases = [
        Case(
            "acceptMissingVersionHeader", says: "its X-Speke-Version is missing", version: nil,
            { $0.acceptMissingVersionHeader = true }
        ) { _ in },
        Case("acceptOtherContentID", says: "its contentId is", { $0.acceptOtherContentID = true }) {
            $0.contentID = "other"
        },
        Case("acceptEmptySystems, empty", says: "nothing filled in", { $0.acceptEmptySystems = true }) {
            for index in $0.drmSystems.indices { $0.drmSystems[index].hlsMedia = .requested }
        },
        Case("acceptEmptySystems, missing", says: "no DRMSystem", { $0.acceptEmptySystems = true }) {
            $0.drmSystems = []
        },
        Case(
            "acceptOtherKeyIDsInSignalling, pssh", says: "is for KID 09090909-",
            { $0.acceptOtherKeyIDsInSignalling = true }
        ) {
            let box =
                [0, 0, 0, 50] + Array("pssh".utf8) + [0, 0, 0, 0] + DRMSystemID.widevine.id.bytes
                + [0, 0, 0, 18, 0x12, 16] + [UInt8](repeating: 9, count: 16)
            for index in $0.drmSystems.indices { $0.drmSystems[index].pssh = .filled(box) }
        },
        Case("acceptRepeatedKeys", says: "have the same key", { $0.acceptRepeatedKeys = true }) {
            $0.contentKeys[1].key = $0.contentKeys[0].key
        },
        Case(
            "acceptExplicitIV", says: "is not ours; acceptExplicitIV", strict: noForeignIV, { _ in }
        ) { $0.contentKeys[0].explicitIV = [UInt8](repeating: 5, count: 16) },
        Case("rebuildSignalling", says: "has METHOD AES-128", { $0.rebuildSignalling = true }) {
            for index in $0.drmSystems.indices {
                $0.drmSystems[index].hlsMedia = .filled(["#EXT-X-KEY:METHOD=AES-128,URI=\"a\""])
            }
        },
    ]

    @Test(arguments: cases) func eachWordTakesWhatIsRefusedWithoutIt(_ test: Case) async throws {
        let contract = KeyContract(contentID: "a", scheme: .cbcs, rotationIntervalSeconds: 60, systems: [.widevine])
        let server = try CannedServer { CannedProvider.http($0, version: test.version, test.change) }
        defer { server.stop() }
        func keys(_ quirks: SPEKEQuirks) async throws -> PeriodKeys {
            try await SPEKEClient(HTTPClient(), .init(urls: [server.url], quirks: quirks))
                .keys(for: contract, period: 7)
        }
        let error = try await #require(throws: KeyError.self) { try await keys(test.strict) }
        #expect(error.code == .invalidAnswer && error.reason.contains(test.says), "\(error.reason)")
        let taken = try await keys(test.quirks)
        let signalling = try #require(taken["VIDEO"]?.signalling[.widevine])
        // Whatever the provider left out was made here.
        #expect(signalling.pssh != nil && signalling.contentProtectionData?.contains("pssh") == true)
        #expect(signalling.hlsMedia.first?.hasPrefix("#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"data:") == true)
        #expect(signalling.hlsMultivariant.first?.hasPrefix("#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI=") == true)
    }

    /// A PlayReady object that is made here has the checksum by which a client knows a wrong key.
    @Test func aPlayReadyObjectOfOurOwnHasItsChecksum() async throws {
        let contract = KeyContract(contentID: "a", scheme: .cenc, rotationIntervalSeconds: 60, systems: [.playReady])
        let server = try CannedServer { request in
            CannedProvider.http(request) { document in
                for index in document.drmSystems.indices { document.drmSystems[index].hlsMedia = .requested }
            }
        }
        defer { server.stop() }
        var quirks = SPEKEQuirks()
        quirks.acceptEmptySystems = true
        let keys = try await SPEKEClient(HTTPClient(), .init(urls: [server.url], quirks: quirks))
            .keys(for: contract, period: 7)
        let box = try #require(keys["VIDEO"]?.signalling[.playReady]?.pssh)
        let word = Array("CHECKSUM".utf16).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
        #expect(box.indices.contains { box[$0...].starts(with: word) })
    }

    @Test func aes128UnderAnotherNumber() async throws {
        let contract = KeyContract(contentID: "a", scheme: .aes128, rotationIntervalSeconds: 60, systems: [.aes128])
        var quirks = SPEKEQuirks()
        quirks.aes128SystemID = DRMSystemID(parsing: "01020304-0506-0708-090a-0b0c0d0e0f10")
        let server = try CannedServer { request in
            CannedProvider.http(request) { document in
                for index in document.drmSystems.indices {
                    #expect(document.drmSystems[index].systemID.uuid == "01020304-0506-0708-090a-0b0c0d0e0f10")
                    document.drmSystems[index].hlsMedia = .filled(["#EXT-X-KEY:METHOD=AES-128,URI=\"https://k/1\""])
                }
            }
        }
        defer { server.stop() }
        let keys = try await SPEKEClient(HTTPClient(), .init(urls: [server.url], quirks: quirks))
            .keys(for: contract, period: 7)
        #expect(keys["AUDIO"]?.signalling[.aes128]?.keyURI == "https://k/1")
    }
}
