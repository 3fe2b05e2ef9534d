import CPIX
import CommonEncryption
import CurlHTTP
import Foundation
import Keys
import LoopbackServer
import Media
import Testing

/// What each version asks for, and how its answers are read.
@Suite(.timeLimit(.minutes(5))) struct SPEKEVersionTests {
    private func exchange(
        _ contract: KeyContract, _ version: SPEKEVersion, quirks: SPEKEQuirks = SPEKEQuirks(),
        _ answer: @escaping @Sendable (CannedServer.Request) -> CannedServer.Answer
    ) async throws -> (CannedServer.Request, PeriodKeys) {
        let server = try CannedServer(answer)
        defer { server.stop() }
        let client = try SPEKEClient(HTTPClient(), .init(urls: [server.url], version: version, quirks: quirks))
        let keys = try await client.keys(for: contract, period: 7)
        return (try #require(server.requests.first), keys)
    }

    @Test func speke1AsksForOneKeyInItsOwnWords() async throws {
        let contract = KeyContract(
            contentID: "news", scheme: .cbcs, entries: ContractEntry.all, rotationIntervalSeconds: 60,
            systems: [.fairPlay, .widevine, .playReady])
        let (request, keys) = try await exchange(contract, .v1) { request in
            CannedProvider.http(request, version: nil) { document in
                for index in document.drmSystems.indices {
                    document.drmSystems[index].keyFormatVersions = .filled("1")
                    switch document.drmSystems[index].systemID {
                    case .fairPlay:
                        document.drmSystems[index].uriExtXKey = .filled("skd://asset")
                        document.drmSystems[index].keyFormat = .filled("com.apple.streamingkeydelivery")
                    case .playReady:
                        // No PSSH: it is made of the object.
                        document.drmSystems[index].protectionHeader = .filled([10, 0, 0, 0, 1, 0, 3, 0, 0, 0])
                    default:
                        document.drmSystems[index].pssh = .filled(
                            [0, 0, 0, 32] + Array("pssh".utf8) + [0, 0, 0, 0]
                                + document.drmSystems[index].systemID.id.bytes + [0, 0, 0, 0])
                    }
                }
            }
        }
        #expect(request.headers["x-speke-version"] == nil)
        let asked = try CPIXDocument(parsing: request.body)
        #expect(asked.id == "news" && asked.contentID == nil && asked.version == nil)
        #expect(asked.contentKeys.count == 1 && asked.contentKeys[0].commonEncryptionScheme == nil)
        #expect(asked.contentKeys[0].explicitIV != nil)
        #expect(asked.periods.map(\.index) == [7] && asked.periods[0].start == nil)
        #expect(asked.usageRules.map(\.periodIDs) == [["period-7"]] && asked.usageRules[0].filters.isEmpty)
        #expect(asked.drmSystems.map(\.uriExtXKey) == [.requested, .absent, .absent])
        #expect(asked.drmSystems.map(\.keyFormat) == [.requested, .absent, .absent])
        #expect(asked.drmSystems.map(\.pssh) == [.absent, .requested, .requested])
        #expect(asked.drmSystems.map(\.protectionHeader) == [.absent, .absent, .requested])
        let key = try #require(keys["ALL"])
        #expect(
            key.signalling[.fairPlay]?.hlsMedia == [
                "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://asset\",KEYFORMAT=\"com.apple.streamingkeydelivery\","
                    + "KEYFORMATVERSIONS=\"1\""
            ])
        #expect(key.signalling[.fairPlay]?.hlsMultivariant.first?.hasPrefix("#EXT-X-SESSION-KEY:METHOD=SA") == true)
        #expect(key.signalling[.widevine]?.contentProtectionData?.contains("cenc:pssh") == true)
        #expect(key.signalling[.playReady]?.pssh?.suffix(10) == [10, 0, 0, 0, 1, 0, 3, 0, 0, 0])
        #expect(key.signalling[.playReady]?.hlsMedia.first?.contains("com.microsoft.playready") == true)
    }

    @Test func speke1WithoutRotationHasNeitherPeriodNorRules() {
        let contract = KeyContract(
            contentID: "news", scheme: .aes128, entries: ContractEntry.all, rotationIntervalSeconds: 0,
            systems: [.aes128])
        let document = SPEKERequest(contract, period: 0, version: .v1).document
        #expect(document.periods.isEmpty && document.usageRules.isEmpty)
        #expect(document.drmSystems.map(\.systemID.uuid) == ["81376844-f976-481e-a84e-cc25d39b0b33"])
        #expect(document.contentKeys[0].explicitIV == nil)
    }

    @Test func speke1ReadsAES128() async throws {
        let contract = KeyContract(
            contentID: "news", scheme: .aes128, entries: ContractEntry.all, rotationIntervalSeconds: 60,
            systems: [.aes128])
        let (_, keys) = try await exchange(contract, .v1) { request in
            CannedProvider.http(request, version: nil) { document in
                document.contentID = document.id
                document.id = nil
                document.drmSystems[0].uriExtXKey = .filled("https://keys.example/1")
                document.drmSystems[0].keyFormat = .filled("identity")
            }
        }
        let signalling = try #require(keys["ALL"]?.signalling[.aes128])
        #expect(signalling.keyURI == "https://keys.example/1")
        #expect(signalling.hlsMedia == ["#EXT-X-KEY:METHOD=AES-128,URI=\"https://keys.example/1\""])
    }

    @Test func speke1HasNoSecondKey() async throws {
        let contract = KeyContract(contentID: "a", scheme: .cbcs, rotationIntervalSeconds: 60, systems: [.widevine])
        let error = try await #require(throws: KeyError.self) {
            try await exchange(contract, .v1) { _ in .http(500) }
        }
        #expect(error.code == .refused && error.reason.contains("keyPolicy must be SHARED"))
    }

    @Test func speke21AddsTimesAndItsOwnWords() async throws {
        let contract = KeyContract(
            contentID: "news", scheme: .sampleAES, rotationIntervalSeconds: 60, systems: [.fairPlay])
        let (request, keys) = try await exchange(contract, .v21) { request in
            CannedProvider.http(request, version: "2.1") { document in
                for index in document.contentKeys.indices { document.contentKeys[index].hlsHDCPLevel = "TYPE-1" }
            }
        }
        #expect(request.headers["x-speke-version"] == "2.1")
        let text = String(decoding: request.body, as: UTF8.self)
        #expect(text.contains("version=\"2.4\"") && text.contains("playlist=\"multiVariant\""))
        #expect(text.contains("start=\"1970-01-01T00:07:00Z\" end=\"1970-01-01T00:08:00Z\""))
        let asked = try CPIXDocument(parsing: request.body)
        #expect(asked.contentKeys.map(\.commonEncryptionScheme) == ["SAMPLE-AES", "SAMPLE-AES"])
        #expect(keys.entries.count == 2)
        var quirks = SPEKEQuirks()
        quirks.sendMethodAsScheme = false
        quirks.multivariantWord = .master
        quirks.sendKeyPeriod = false
        quirks.sendExplicitIV = false
        let plain = SPEKERequest(contract, period: 7, version: .v21, quirks: quirks).document
        #expect(plain.contentKeys.map(\.commonEncryptionScheme) == ["cbcs", "cbcs"])
        #expect(plain.multivariantWord == .master && plain.periods.isEmpty)
        #expect(plain.usageRules.allSatisfy { $0.periodIDs.isEmpty && !$0.filters.isEmpty })
        #expect(plain.contentKeys.allSatisfy { $0.explicitIV == nil })
    }

    @Test func everyPresetAsksForItsEntriesWithTheirBounds() throws {
        let contract = KeyContract(
            contentID: "news", scheme: .cenc,
            entries: ContractEntry.video(preset: 8) + ContractEntry.audio(preset: 3), rotationIntervalSeconds: 60,
            systems: [.widevine, .clearKey])
        let document = SPEKERequest(contract, period: 3).document
        #expect(
            document.usageRules.map(\.intendedTrackType) == [
                "SD+HD1", "HD2", "UHD1", "UHD2", "STEREO_AUDIO", "MULTICHANNEL_AUDIO_3_6", "MULTICHANNEL_AUDIO_7",
            ])
        #expect(
            document.usageRules.map(\.filters) == [
                [
                    .init(.video, bounds: ["maxPixels": "589824"]),
                    .init(.video, bounds: ["minPixels": "589825", "maxPixels": "921600"]),
                ],
                [.init(.video, bounds: ["minPixels": "921601", "maxPixels": "2073600"])],
                [.init(.video, bounds: ["minPixels": "2073601", "maxPixels": "8847360"])],
                [.init(.video, bounds: ["minPixels": "8847361"])],
                [.init(.audio, bounds: ["maxChannels": "2"])],
                [.init(.audio, bounds: ["minChannels": "3", "maxChannels": "6"])],
                [.init(.audio, bounds: ["minChannels": "7"])],
            ])
        #expect(Set(document.contentKeys.map(\.keyID)).count == 7)
        #expect(document.drmSystems.count == 14)
        let shared = SPEKERequest(
            KeyContract(
                contentID: "a", scheme: .cenc, entries: ContractEntry.all, rotationIntervalSeconds: 0, systems: []),
            period: 0
        ).document
        #expect(shared.usageRules.map(\.filters) == [[.init(.video), .init(.audio)]])
    }

    @Test func anEmergencyKeyHasTheSameIndexAndAnotherKID() {
        let contract = KeyContract(contentID: "a", scheme: .cbcs, rotationIntervalSeconds: 60, systems: [.widevine])
        let first = SPEKERequest(contract, period: KeyPeriod(7)).document
        let second = SPEKERequest(contract, period: KeyPeriod(7, edition: 1)).document
        #expect(first.periods.map(\.index) == second.periods.map(\.index))
        #expect(Set((first.contentKeys + second.contentKeys).map(\.keyID)).count == 4)
    }
}
