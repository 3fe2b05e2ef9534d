import CommonEncryption
import CurlHTTP
import KeyServer
import Keys
import Media
import TestKeyServer
import TestSupport
import Testing

/// The SPEKE client against the key server over a real socket.
@Suite(.timeLimit(.minutes(5))) struct SPEKELoopbackTests {
    private let http: HTTPClient

    init() throws { http = try HTTPClient() }

    private func keys(_ contract: KeyContract, _ period: KeyPeriod, at url: String) async throws -> PeriodKeys {
        try await SPEKEClient(http, .init(url: url + "/speke/v2.0/copyProtection")).keys(for: contract, period: period)
    }

    private func bytes(_ key: ContentKey) -> [UInt8] { (0..<key.bytes.count).map { key.bytes[$0] } }

    @Test func cbcsWithEverySystem() async throws {
        let contract = KeyContract(
            contentID: "news", scheme: .cbcs, rotationIntervalSeconds: 300,
            systems: [.widevine, .playReady, .fairPlay, .clearKey])
        try await withKeyServer { url in
            let keys = try await keys(contract, 5_900_000, at: url)
            #expect(keys.index == 5_900_000)
            #expect(keys.video.keyID != keys.audio.keyID && keys.video.key != keys.audio.key)
            for key in [keys.video, keys.audio] {
                #expect(key.constantIV == InitializationVector.constantIV(keyID: key.keyID))
                #expect(Set(key.signalling.keys) == Set(contract.systems))
                #expect(key.signalling[.widevine]?.pssh?.contains(key.keyID.bytes) == true)
                #expect(key.signalling[.playReady]?.pssh != nil)
                #expect(key.signalling[.playReady]?.contentProtectionData?.contains("mspr:pro") == true)
                #expect(key.signalling[.fairPlay]?.keyURI == "skd://\(key.keyID.uuid)")
                let clearKey = try #require(key.signalling[.clearKey])
                #expect(clearKey.contentProtectionData?.contains(">\(url)/clearkey</dashif:laurl>") == true)
                #expect(clearKey.hlsMedia.count == 1)
                #expect(clearKey.hlsMedia.first?.contains("KEYFORMAT=\"org.w3.clearkey\"") == true)
                #expect(clearKey.hlsMultivariant.first?.hasPrefix("#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,") == true)
            }
        }
    }

    @Test func theAES128KeyIsWhatThePlayerGets() async throws {
        let contract = KeyContract(
            contentID: "news", scheme: .aes128, rotationIntervalSeconds: 10, systems: [.aes128])
        try await withKeyServer { url in
            let keys = try await keys(contract, 7, at: url)
            for key in [keys.video, keys.audio] {
                let uri = try #require(key.signalling[.aes128]?.keyURI)
                #expect(key.signalling[.aes128]?.hlsMedia == ["#EXT-X-KEY:METHOD=AES-128,URI=\"\(uri)\""])
                let response = try await http.send(HTTPRequest(.get, uri))
                #expect(response.status == 200 && response.body == bytes(key.key))
                #expect(response[header: "Cache-Control"] == "no-store")
                #expect(response[header: "Access-Control-Allow-Origin"] == "*")
                #expect(response[header: "Content-Type"] == "application/octet-stream")
            }
        }
    }

    /// In transport streams; SPEKE 2.0 has one name for both, so the provider's tags say AES-128.
    @Test func sampleAESHasPlainKeys() async throws {
        let contract = KeyContract(
            contentID: "news", scheme: .sampleAES, rotationIntervalSeconds: 10, systems: [.aes128])
        try await withKeyServer { url in
            let keys = try await keys(contract, 7, at: url)
            for key in [keys.video, keys.audio] {
                let uri = try #require(key.signalling[.aes128]?.keyURI)
                #expect(try await http.send(HTTPRequest(.get, uri)).body == bytes(key.key))
            }
        }
    }

    @Test func aSharedKeyIsOneKey() async throws {
        let contract = KeyContract(
            contentID: "news", scheme: .cenc, entries: ContractEntry.all, rotationIntervalSeconds: 0,
            systems: [.clearKey])
        try await withKeyServer { url in
            let keys = try await keys(contract, 0, at: url)
            #expect(keys.video.keyID == keys.audio.keyID && keys.video.key == keys.audio.key)
            #expect(keys.video.signalling[.clearKey]?.hlsMedia.first?.contains("METHOD=SAMPLE-AES-CTR") == true)
        }
    }

    @Test func theSameQuestionGetsTheSameKeyAndAnotherAnother() async throws {
        let secret = try MasterSecret.random()
        let contract = KeyContract(contentID: "a", scheme: .cbcs, rotationIntervalSeconds: 60, systems: [.clearKey])
        let first = try await withKeyServer(secret: secret) { try await keys(contract, 1, at: $0) }
        let second = try await withKeyServer(secret: secret) { try await keys(contract, 1, at: $0) }
        let next = try await withKeyServer(secret: secret) { try await keys(contract, 2, at: $0) }
        let foreign = try await withKeyServer { try await keys(contract, 1, at: $0) }
        #expect(first.video.key == second.video.key && first.video.keyID == second.video.keyID)
        #expect(first.video.key != next.video.key && first.video.keyID != next.video.keyID)
        #expect(first.video.key != foreign.video.key && first.video.keyID == foreign.video.keyID)
    }

    @Test func aRefusalCarriesTheServersWords() async throws {
        let contract = KeyContract(contentID: "a", scheme: .cenc, rotationIntervalSeconds: 60, systems: [.fairPlay])
        try await withKeyServer { url in
            let error = try await #require(throws: KeyError.self) { try await keys(contract, 1, at: url) }
            #expect(error.code == .refused)
            #expect(
                error.reason == "status 422: Non compliant ContentKey@commonEncryptionScheme combination")
        }
    }

    @Test func aScheduleRunsOnTheRealClock() async throws {
        let contract = KeyContract(contentID: "a", scheme: .cbcs, rotationIntervalSeconds: 3600, systems: [.clearKey])
        try await withKeyServer { url in
            let client = SPEKEClient(http, .init(url: url + "/speke/v2.0/copyProtection"))
            let schedule = KeySchedule(
                .init(rotationIntervalSeconds: 3600, prefetchSeconds: 60, retentionSeconds: 7200)
            ) { (period: KeyPeriod) async throws(KeyError) -> PeriodKeys in
                try await client.keys(for: contract, period: period)
            }
            let running = Task { await schedule.run() }
            let current = contract.index(at: Ticks(KeyClock.system.now(), timescale: 1000))
            for period in [current - 1, current, current + 1] {
                let keys = await schedule.keys(for: KeyPeriod(period), until: KeyClock.system.now() + 30_000)
                #expect(keys?.index == period)
            }
            running.cancel()
            await running.value
        }
    }
}
