import CPIX
import CommonEncryption
import CurlHTTP
import Foundation
import ISOBMFF
import KeyServer
import Media
import ProtectionSystems
import TestKeyServer
import Testing

@Suite(.timeLimit(.minutes(5))) struct FaultTests {
    private let exchange: Exchange

    init() throws { exchange = try Exchange() }

    /// The answer to a request under one fault, armed over HTTP as tests of other languages do.
    private func answer(
        _ json: String, _ systems: [DRMSystemID] = [.widevine, .clearKey], iv: [UInt8]? = nil
    ) async throws -> (asked: CPIXDocument, answered: CPIXDocument) {
        var request = try Example.request(systems)
        for index in request.contentKeys.indices { request.contentKeys[index].explicitIV = iv }
        return try await withKeyServer(faults: FaultDesk()) { [request] url async throws in
            let armed = try await exchange.post("\(url)/faults", json)
            #expect(armed.status == 200, "\(armed.text)")
            return (request, try await exchange.answer(url, request))
        }
    }

    @Test func theWireFails() async throws {
        let desk = FaultDesk()
        let request = try Example.request()
        try await withKeyServer(faults: desk) { url async throws in
            func code(_ fault: Fault, deadline: UInt32 = 60_000) async throws -> HTTPError.Code? {
                desk.clear()
                #expect(desk.arm(fault))
                return await #expect(throws: HTTPError.self) {
                    try await exchange.speke(url, request.xml, deadlineMilliseconds: deadline)
                }?.code
            }
            #expect(try await code(Fault(.cut)) == .brokenAnswer)
            #expect(try await code(Fault(.truncate)) == .brokenAnswer)
            #expect(try await code(Fault(.hang), deadline: 300) == .timedOut)
            var late = Fault(.delay)
            late.seconds = 0.05
            desk.clear()
            #expect(desk.arm(late))
            #expect(try await exchange.speke(url, request).status == 200)
            var status = Fault(.status)
            status.status = 429
            status.retryAfter = 7
            desk.clear()
            #expect(desk.arm(status))
            let refused = try await exchange.speke(url, request)
            #expect(refused.status == 429 && refused[header: "Retry-After"] == "7")
            desk.clear()
            #expect(desk.arm(Fault(.garbage)))
            let garbage = try await exchange.speke(url, request)
            #expect(garbage.status == 200 && garbage.body.count == 777)
            desk.clear()
            #expect(desk.arm(Fault(.wrongVersion)))
            #expect(try await exchange.speke(url, request)[header: "X-Speke-Version"] == "2.1")
            desk.clear()
            #expect(try await exchange.speke(url, request).status == 200)
        }
    }

    /// A hung answer must not keep the server from ending.
    @Test func theServerEndsWhileAnAnswerHangs() async throws {
        let request = try Example.request()
        let desk = FaultDesk([Fault(.hang)])
        let waiting = try await withKeyServer(faults: desk) { url async throws in
            let waiting = Task { try? await exchange.speke(url, request).status }
            // Once it is served, the request is in there.
            while try await !exchange.get("\(url)/faults").text.contains(#""served":{"hang":1}"#) {}
            return waiting
        }
        #expect(await waiting.value != 200)
    }

    @Test func keysLie() async throws {
        let desk = FaultDesk()
        let secret = try MasterSecret.random()
        try await withKeyServer(secret: secret, faults: desk) { url async throws in
            func keys(_ request: CPIXDocument) async throws -> [ContentKey?] {
                try await exchange.answer(url, request).contentKeys.map(\.key)
            }
            let first = try Example.request()
            var second = try Example.request(period: 8)
            let others = ["10112233445566778899aabbccddeeff", "20112233445566778899aabbccddeeff"]
            for (index, text) in others.enumerated() {
                let id = try #require(KeyID(parsing: text))
                second.contentKeys[index].keyID = id
                second.drmSystems[index].keyID = id
                second.usageRules[index].keyID = id
            }
            let before = try await keys(first)
            #expect(desk.arm(Fault(.staleKey)))
            #expect(try await keys(second) == before)
            #expect(try await keys(second) == before)
            desk.clear()
            let right = try await keys(second)
            #expect(right != before && right.allSatisfy { $0 != nil })
            #expect(desk.arm(Fault(.changedKey)))
            let changed = try await keys(second)
            #expect(try await keys(second) != changed && changed != right)
            desk.clear()
            #expect(desk.arm(Fault(.missingKey)))
            #expect(try await keys(second) == [nil, nil])
        }
    }

    @Test func documentsLie() async throws {
        var (asked, answered) = try await answer(#"{"fault":"wrongKID"}"#)
        #expect(answered.contentKeys[0].keyID != asked.contentKeys[0].keyID)
        #expect(answered.drmSystems.map(\.keyID) == asked.drmSystems.map(\.keyID))
        (asked, answered) = try await answer(#"{"fault":"overriddenKID"}"#)
        #expect(answered.contentKeys[0].keyID != asked.contentKeys[0].keyID)
        #expect(answered.drmSystems[0].keyID == answered.contentKeys[0].keyID)
        #expect(answered.usageRules[0].keyID == answered.contentKeys[0].keyID)
        (asked, answered) = try await answer(#"{"fault":"wrongContentID"}"#)
        #expect(answered.contentID == "news-other")
        (asked, answered) = try await answer(#"{"fault":"wrongPeriod"}"#)
        #expect(answered.periods[0].index == 8)
        (asked, answered) = try await answer(#"{"fault":"wrongScheme"}"#)
        #expect(answered.contentKeys[0].commonEncryptionScheme == "cenc")
        (asked, answered) = try await answer(#"{"fault":"wrongIV"}"#, iv: [UInt8](repeating: 1, count: 16))
        #expect(answered.contentKeys[0].explicitIV != asked.contentKeys[0].explicitIV)
        (asked, answered) = try await answer(#"{"fault":"otherSystemsPSSH"}"#)
        let box = try #require(ProtectionSystemHeaders.parse(answered.drmSystems[0].pssh.value ?? []).first)
        #expect(box.systemID != answered.drmSystems[0].systemID)
        (asked, answered) = try await answer(#"{"fault":"missingSystem"}"#)
        #expect(Set(answered.drmSystems.map(\.systemID)) == [.widevine])
        (asked, answered) = try await answer(#"{"fault":"missingElement"}"#)
        #expect(answered.drmSystems.allSatisfy { $0.pssh == .absent && $0.hlsMedia.value != nil })
        (asked, answered) = try await answer(#"{"fault":"emptyElement","element":"HLSSignalingData"}"#)
        #expect(answered.drmSystems.allSatisfy { $0.hlsMedia == .requested && $0.pssh.value != nil })
        (asked, answered) = try await answer(#"{"fault":"missingElement","element":"ContentKeyUsageRuleList"}"#)
        #expect(answered.usageRules == [])
    }

    @Test func faultsAreForTheRequestsThatTheyName() async throws {
        let desk = FaultDesk()
        try await withKeyServer(faults: desk) { url async throws in
            func status(period: UInt32 = 7) async throws -> Int {
                try await exchange.speke(url, try Example.request(period: period)).status
            }
            #expect(try await exchange.post("\(url)/faults", #"{"fault":"status","after":1,"times":2}"#).status == 200)
            var statuses: [Int] = []
            for _ in 0..<4 { statuses.append(try await status()) }
            #expect(statuses == [200, 503, 503, 200])
            #expect(
                try await exchange.post("\(url)/faults", #"{"fault":"status","status":500,"period":9}"#).status == 200)
            #expect(try await status() == 200)
            #expect(try await status(period: 9) == 500)
            #expect(
                try await exchange.get("\(url)/faults").text
                    == #"{"armed":[{"fault":"status","on":"speke","period":9,"status":500}],"served":{"status":3}}"#)
            for bad in ["", "{}", #"{"fault":"no"}"#, #"{"fault":"delay","on":"door"}"#] {
                #expect(try await exchange.post("\(url)/faults", bad).status == 400)
            }
            let proxied = try await exchange.get("\(url)/faults", headers: [.init("Via", "x")])
            #expect(proxied.status == 404)
            #expect(try await exchange.post("\(url)/faults", #"{"fault":"changedKey","on":"keys"}"#).status == 200)
            #expect(try await exchange.post("\(url)/faults", #"{"fault":"missingKey","on":"clearkey"}"#).status == 200)
            let key = try await exchange.get("\(url)/keys/\(Example.video)").body
            #expect(try await exchange.get("\(url)/keys/\(Example.video)").body != key)
            let licence = try await exchange.post("\(url)/clearkey", #"{"kids":["ABEiM0RVZneImaq7zN3u_w"]}"#)
            #expect(licence.text == #"{"keys":[],"type":"temporary"}"#)
        }
    }

    @Test func everyKindHasItsJSON() {
        for kind in Fault.Kind.allCases {
            #expect(Fault(json: #"{"fault":"\#(kind.rawValue)"}"#) == Fault(kind))
        }
    }
}
