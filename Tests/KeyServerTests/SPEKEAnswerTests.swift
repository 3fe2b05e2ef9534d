import CPIX
import CommonEncryption
import CurlHTTP
import Foundation
import HLS
import ISOBMFF
import KeyServer
import Media
import OpenSSLCrypto
import ProtectionSystems
import TestKeyServer
import Testing

@Suite(.timeLimit(.minutes(5))) struct SPEKEAnswerTests {
    private let exchange: Exchange
    private let systems: [DRMSystemID] = [.widevine, .playReady, .fairPlay, .clearKey, .common, .aes128]

    init() throws { exchange = try Exchange() }

    @Test func everySystemIsFilledIn() async throws {
        let request = try Example.request(systems)
        try await withKeyServer { url async throws in
            let answer = try await exchange.answer(url, request)
            #expect(answer.contentID == "news" && answer.version == "2.3" && answer.periods == request.periods)
            #expect(answer.usageRules == request.usageRules)
            #expect(answer.contentKeys.map(\.keyID) == request.contentKeys.map(\.keyID))
            #expect(answer.contentKeys.allSatisfy { $0.key != nil && $0.commonEncryptionScheme == "cbcs" })
            #expect(answer.contentKeys[0].key != answer.contentKeys[1].key)
            #expect(answer.drmSystems.count == 12)
            for element in answer.drmSystems {
                if let pssh = element.pssh.value {
                    let box = try #require(ProtectionSystemHeaders.parse(pssh).first)
                    #expect(try box.systemID == element.systemID && box.namedKeyIDs == [element.keyID])
                    #expect([DRMSystemID.fairPlay, .aes128].contains(element.systemID) == false)
                }
                for (lines, tag) in [
                    (element.hlsMedia, "#EXT-X-KEY:"), (element.hlsMultivariant, "#EXT-X-SESSION-KEY:"),
                ]
                where element.systemID != .common {
                    let line = try #require(lines.value?.first)
                    let key = try Key(parsingLine: line)
                    #expect(line.hasPrefix(tag) && key.iv == nil)
                    #expect(key.method == (element.systemID == .aes128 ? .aes128 : .sampleAES))
                }
            }
            func element(_ system: DRMSystemID) throws -> DRMSystemElement {
                try #require(answer.drmSystems.first { $0.systemID == system })
            }
            #expect(
                try element(.clearKey).contentProtectionData.value?.contains(">\(url)/clearkey</dashif:laurl>") == true)
            #expect(try element(.playReady).contentProtectionData.value?.contains("<mspr:pro") == true)
            #expect(try element(.fairPlay).hlsMedia.value?.first?.contains("skd://\(Example.video)") == true)
            #expect(
                try element(.aes128).hlsMedia.value
                    == ["#EXT-X-KEY:METHOD=AES-128,URI=\"\(url)/keys/\(Example.video)\""])
        }
    }

    @Test func aSystemThatNobodyKnowsGetsABoxWithItsKey() async throws {
        let marlin = try #require(DRMSystemID(parsing: "5e629af5-38da-4063-8977-97ffbd9902d4"))
        let request = try Example.request([marlin], scheme: "cenc")
        try await withKeyServer { url async throws in
            let element = try #require(try await exchange.answer(url, request).drmSystems.first)
            let box = try #require(ProtectionSystemHeaders.parse(element.pssh.value ?? []).first)
            #expect(box.systemID == marlin && box.keyIDs == [element.keyID])
            #expect(element.contentProtectionData.value?.hasPrefix("<cenc:pssh") == true)
        }
    }

    @Test func onlyWhatIsAskedForIsAnswered() async throws {
        var request = try Example.request()
        for index in request.drmSystems.indices {
            request.drmSystems[index].hlsMedia = .absent
            request.drmSystems[index].contentProtectionData = .filled("<a xmlns=\"urn:b\"/>")
        }
        try await withKeyServer { [request] url async throws in
            let element = try #require(try await exchange.answer(url, request).drmSystems.first)
            #expect(element.hlsMedia == .absent && element.hlsMultivariant.value != nil)
            #expect(element.contentProtectionData == .filled("<a xmlns=\"urn:b\"/>"))
        }
    }

    @Test func storedContentHasNoPeriods() async throws {
        let request = try Example.request(period: nil)
        try await withKeyServer { url async throws in
            #expect(try await exchange.answer(url, request).periods == [])
        }
    }

    @Test func playReadyCarriesTheChecksumWhereItMay() async throws {
        for scheme in ["cenc", "cbcs"] {
            let request = try Example.request([.playReady], scheme: scheme)
            try await withKeyServer { url async throws in
                let answer = try await exchange.answer(url, request)
                let box = try #require(ProtectionSystemHeaders.parse(answer.drmSystems[0].pssh.value ?? []).first)
                let key = try #require(try PlayReadyObject(parsing: box.data).header?.keys.first)
                let content = try #require(answer.contentKeys[0].key)
                let checksum = try PlayReadyHeader.checksum(key.keyID, content)
                #expect(key.checksum == (scheme == "cenc" ? checksum : nil))
            }
        }
    }

    @Test func theFirstVersionFillsInWhatItKnows() async throws {
        let old = try #require(DRMSystemID(parsing: "81376844-f976-481e-a84e-cc25d39b0b33"))
        try await withKeyServer { url async throws in
            let response = try await exchange.speke(url, try Example.first([old]), version: nil, path: "v1.0")
            #expect(response.status == 200 && response[header: "Speke-User-Agent"] == "sluice-keyserver")
            #expect(response[header: "X-Speke-Version"] == nil)
            let element = try #require(try CPIXDocument(parsing: response.body).drmSystems.first)
            #expect(element.systemID == old)
            #expect(element.uriExtXKey.value == "\(url)/keys/\(Example.video)")
            #expect(element.keyFormat.value == "identity" && element.keyFormatVersions.value == "1")
            let fair = try await exchange.answer(url, try Example.first([.fairPlay]), version: nil, path: "v1.0")
            #expect(fair.id == "news" && fair.contentKeys.first?.key != nil)
            #expect(fair.drmSystems.first?.keyFormat.value == KeyFormat.fairPlay)
            let ready = try await exchange.answer(url, try Example.first([.playReady]), version: nil, path: "v1.0")
            let object = try PlayReadyObject(parsing: try #require(ready.drmSystems.first?.protectionHeader.value))
            #expect(try object.header?.keys.first?.algorithm == .aesCTR)
            let heartbeat = try await exchange.get("\(url)/speke/v1.0/heartbeat")
            #expect(heartbeat.status == 200)
        }
    }

    @Test func theNewestVersionTakesTimesAndMethods() async throws {
        var request = try Example.request([.aes128], scheme: "AES-128", version: .v21)
        request.periods[0].start = 1_800_000_000_000
        request.periods[0].end = 1_800_000_010_000
        try await withKeyServer { [request] url async throws in
            let response = try await exchange.speke(url, request, version: "2.1")
            #expect(response.status == 200 && response[header: "X-Speke-Version"] == "2.1")
            let answer = try CPIXDocument(parsing: response.body)
            #expect(answer.version == "2.4" && answer.periods == request.periods)
            for (method, expected) in [("SAMPLE-AES", Key.Method.sampleAES), ("SAMPLE-AES-CTR", .sampleAESCTR)] {
                let request = try Example.request([.widevine], scheme: method, version: .v21)
                let answer = try await exchange.answer(url, request, version: "2.1", path: "v2.1")
                let line = try #require(answer.drmSystems.first?.hlsMedia.value?.first)
                #expect(try Key(parsingLine: line).method == expected)
            }
        }
    }

    @Test func theSameQuestionGetsTheSameKey() async throws {
        let secret = try MasterSecret.random()
        func keys(_ content: String, _ secret: MasterSecret?) async throws -> [ContentKey?] {
            let request = try Example.request(content: content)
            return try await withKeyServer(secret: secret) { url async throws in
                let first = try await exchange.answer(url, request).contentKeys.map(\.key)
                #expect(try await exchange.answer(url, request).contentKeys.map(\.key) == first)
                return first
            }
        }
        let keys1 = try await keys("a", secret)
        #expect(try await keys("a", secret) == keys1)
        #expect(try await keys("a", nil) != keys1)
    }

    @Test func answersNameTheAddressThatWasAsked() async throws {
        let request = try Example.request([.aes128])
        @Sendable func line(_ response: [UInt8]) throws -> String {
            try #require(CPIXDocument(parsing: response).drmSystems.first?.hlsMedia.value?.first)
        }
        // Not of this machine alone: whoever asks by another name may be anybody.
        try await withKeyServer(access: Access(openness: .everybody)) { url async throws in
            let named = try await exchange.speke(url, request, headers: [.init("Host", "keys.example:1")])
            #expect(try line(named.body).contains("\"http://keys.example:1/keys/\(Example.video)\""))
            for host in ["a\"b", "a b", "a/b", "a<b", "ä"] {
                #expect(try await exchange.speke(url, request, headers: [.init("Host", host)]).status >= 400, "\(host)")
            }
        }
        try await withKeyServer(publicURL: "https://keys.example/base/") { url async throws in
            let fixed = try await exchange.speke(url, request)
            #expect(try line(fixed.body).contains("\"https://keys.example/base/keys/\(Example.video)\""))
        }
    }

    /// The key pair is of the `openssl` program's making.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")))
    func keysAreEncryptedForWhoAsksForIt() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "keyserver-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = [
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=packager", "-keyout",
            folder.appending(path: "key").path, "-out", folder.appending(path: "certificate").path,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        let pem = Array(try Data(contentsOf: folder.appending(path: "key")))
        let certificate = Array(try Data(contentsOf: folder.appending(path: "certificate")))
        let der = try X509Certificate(pem: certificate.span).der
        let plain = try Example.request()
        var request = plain
        request.deliveryData = [DeliveryDataElement(id: "us", certificate: der)]
        try await withKeyServer { [request] url async throws in
            var answer = try await exchange.answer(url, request)
            #expect(answer.contentKeys.allSatisfy { $0.key == nil && $0.isEncrypted })
            let privateKey = try RSAPrivateKey(pem: pem.span)
            try answer.decryptKeys(with: privateKey, certificate: der)
            let clear = try await exchange.answer(url, plain)
            #expect(answer.contentKeys.map(\.key) == clear.contentKeys.map(\.key))
            var broken = request
            broken.deliveryData[0].certificate = [1, 2, 3]
            let refused = try await exchange.speke(url, broken)
            #expect(refused.status == 422 && refused.text.contains("cannot be encrypted"))
        }
    }
}
