import CPIX
import CurlHTTP
import Media
import TestKeyServer
import Testing

@Suite(.timeLimit(.minutes(5))) struct SPEKERefusalTests {
    private let exchange: Exchange

    init() throws { exchange = try Exchange() }

    private func refusal(
        _ url: String, _ document: CPIXDocument, version: String? = "2.0", path: String = "v2.0",
        _ change: (inout CPIXDocument) -> Void = { _ in }
    ) async throws -> String {
        var document = document
        change(&document)
        let response = try await exchange.speke(url, document, version: version, path: path)
        #expect(response.status == 422, "\(response.text)")
        #expect(response[header: "Cache-Control"] == "no-store")
        return response.text
    }

    @Test func theTextsThatProvidersAreToGive() async throws {
        let good = try Example.request()
        let id = good.contentKeys[0].keyID
        try await withKeyServer { url async throws in
            func text(_ change: (inout CPIXDocument) -> Void) async throws -> String {
                try await refusal(url, good, change)
            }
            #expect(try await text { $0.contentID = nil } == "Missing CPIX@contentId")
            #expect(try await text { $0.contentID = "" } == "Missing CPIX@contentId")
            #expect(try await text { $0.version = nil } == "Missing CPIX@version")
            for version in ["2.4", "2.2", "4.0", "x"] {
                #expect(try await text { $0.version = version } == "Unsupported CPIX@version")
            }
            #expect(
                try await text { $0.contentKeys[0].commonEncryptionScheme = nil }
                    == "Missing ContentKey@commonEncryptionScheme for KID \(id)")
            #expect(
                try await text { $0.contentKeys[0].commonEncryptionScheme = "cenc" }
                    == "Non compliant ContentKey@commonEncryptionScheme combination")
            for version in [nil, "1.0", "2.2", "2"] as [String?] {
                let response = try await exchange.speke(url, good, version: version)
                #expect(response.status == 422 && response.text == "Unsupported SPEKE version")
            }
            // The document is not even looked at then.
            #expect(try await exchange.speke(url, [], version: "3").text == "Unsupported SPEKE version")
        }
    }

    @Test func fairPlayKnowsOneScheme() async throws {
        let request = try Example.request([.widevine, .fairPlay], scheme: "cenc")
        try await withKeyServer { url async throws in
            #expect(
                try await refusal(url, request)
                    == "Non compliant ContentKey@commonEncryptionScheme combination")
        }
    }

    @Test func everyPartThatIsMandatory() async throws {
        let good = try Example.request()
        let id = good.contentKeys[0].keyID
        try await withKeyServer { url async throws in
            func text(_ change: (inout CPIXDocument) -> Void) async throws -> String {
                try await refusal(url, good, change)
            }
            #expect(try await text { $0.contentKeys = [] } == "Missing ContentKeyList")
            #expect(try await text { $0.drmSystems = [] } == "Missing DRMSystemList")
            #expect(try await text { $0.usageRules = [] } == "Missing ContentKeyUsageRuleList")
            #expect(try await text { $0.usageRules.removeFirst() } == "Missing ContentKeyUsageRule for KID \(id)")
            #expect(try await text { $0.drmSystems.removeFirst() } == "Missing DRMSystem for KID \(id)")
            #expect(
                try await text { $0.contentKeys.removeFirst() } == "DRMSystem@kid \(id) is not in the ContentKeyList")
            #expect(
                try await text { $0.usageRules[0].intendedTrackType = nil }
                    == "Missing ContentKeyUsageRule@intendedTrackType for KID \(id)")
            #expect(
                try await text { $0.usageRules[0].filters = [] } == "Missing VideoFilter or AudioFilter for KID \(id)")
            #expect(try await text { $0.usageRules[0].periodIDs = [] } == "Missing KeyPeriodFilter for KID \(id)")
            #expect(
                try await text { $0.periods = [] }
                    == "KeyPeriodFilter@periodId for KID \(id) is not in the ContentKeyPeriodList")
            #expect(try await text { $0.periods[0].index = nil } == "Missing ContentKeyPeriod@index")
            #expect(try await text { $0.id = "x" } == "CPIX@id is not SPEKE 2.0's")
            #expect(
                try await text { document in
                    for index in 0..<2 { document.contentKeys[index].commonEncryptionScheme = "cens" }
                }.contains("Unsupported"))
        }
    }

    @Test func theEncryptionContract() async throws {
        let good = try Example.request()
        try await withKeyServer { url async throws in
            func text(_ change: (inout CPIXDocument) -> Void) async throws -> String {
                try await refusal(url, good, change)
            }
            #expect(try await text { $0.usageRules[1].intendedTrackType = "VIDEO" }.contains("other medium"))
            #expect(
                try await text {
                    $0.usageRules[1] = $0.usageRules[0]
                    $0.usageRules[1].keyID = $0.contentKeys[1].keyID
                } == "ContentKeyUsageRule@intendedTrackType values are not unique")
            #expect(try await text { $0.usageRules[0].intendedTrackType = "ALL" }.contains("without attributes"))
            #expect(
                try await text {
                    $0.usageRules[0].intendedTrackType = "ALL"
                    $0.usageRules[0].filters = [.init(.video), .init(.audio)]
                } == "ContentKeyUsageRule@intendedTrackType ALL with another rule beside it")
            #expect(try await text { $0.usageRules[0].filters.append(.init(.audio)) }.contains("video and audio"))
            #expect(
                try await text { $0.usageRules[0].filters.append(.init(.video)) }.contains("more filters than parts"))
            for (name, value) in [
                ("wcg", "true"), ("minChannels", "2"), ("minPixels", "many"), ("maxPixels", "-1"), ("hdr", "maybe"),
            ] {
                #expect(try await text { $0.usageRules[0].filters[0].bounds[name] = value }.contains(name))
            }
            #expect(
                try await text { $0.usageRules[0].filters[0].bounds = ["minPixels": "2", "maxPixels": "1"] }
                    .contains("minimum above its maximum"))
        }
    }

    @Test func whatIsNoDocument() async throws {
        try await withKeyServer { url async throws in
            for body in [[], Array("<a/>".utf8), [0xFF, 0xFE], [UInt8](repeating: 0x20, count: 2 << 20)] {
                let response = try await exchange.speke(url, body)
                #expect(response.status == 422 && !response.text.isEmpty)
                #expect(response[header: "X-Speke-Version"] == "2.0")
            }
        }
    }

    @Test func theFirstVersionsRules() async throws {
        let good = try Example.first([.widevine])
        try await withKeyServer { url async throws in
            func text(_ change: (inout CPIXDocument) -> Void) async throws -> String {
                try await refusal(url, good, version: nil, path: "v1.0", change)
            }
            #expect(try await text { $0.id = nil } == "Missing CPIX@id")
            #expect(try await text { $0.version = "2.3" } == "CPIX@version and CPIX@contentId are not SPEKE 1.0's")
            #expect(try await text { $0.contentKeys = [] } == "Missing ContentKeyList")
            #expect(try await text { $0.drmSystems = [] } == "Missing DRMSystemList")
            #expect(try await refusal(url, good, version: "2.0", path: "v1.0") == "Unsupported SPEKE version")
        }
    }

    @Test func theNewestVersionsRules() async throws {
        let good = try Example.request(version: .v21)
        try await withKeyServer { url async throws in
            #expect(
                try await refusal(url, good, version: "2.1") { $0.version = "2.3" } == "Unsupported CPIX@version")
            #expect(try await refusal(url, good, version: "2.0") == "Unsupported CPIX@version")
            #expect(
                try await refusal(url, good, version: "2.1") {
                    $0.periods[0].start = 2000
                    $0.periods[0].end = 2000
                } == "ContentKeyPeriod@end is not after its @start")
        }
    }
}
