import CPIX
import CommonEncryption
import CurlHTTP
import Keys
import LoopbackServer
import Media
import Testing

/// Answers in the shapes that known servers give them, written for this test: what is said around a key differs
/// more than the specification lets one think.
@Suite(.timeLimit(.minutes(5))) struct ProviderShapesTests {
    private static let contract = KeyContract(
        contentID: "news", scheme: .cbcs, rotationIntervalSeconds: 60, systems: [.widevine, .fairPlay])

    private func keys(
        _ contract: KeyContract = contract, version: SPEKEVersion = .v2, headers: [(String, String)],
        quirks: SPEKEQuirks = SPEKEQuirks(), override: Bool = false, _ text: @escaping @Sendable (Parts) -> String
    ) async throws -> PeriodKeys {
        let request = SPEKERequest(contract, period: 7, version: version)
        let parts = Parts(kids: contract.entries.map { request.keyID(of: $0) })
        let server = try CannedServer { _ in .http(200, headers, text: text(parts)) }
        defer { server.stop() }
        return try await SPEKEClient(
            HTTPClient(), .init(urls: [server.url], version: version, allowsKeyIDOverride: override, quirks: quirks)
        ).keys(for: contract, period: 7)
    }

    struct Parts: Sendable {
        let kids: [KeyID]
        /// Base64 of a Widevine box without KIDs; of tag lines; of an MPD fragment.
        let pssh = "AAAAIHBzc2gAAAAA7e+LqXnWSs6jyCfc1R0h7QAAAAA="
        let media =
            "I0VYVC1YLUtFWTpNRVRIT0Q9U0FNUExFLUFFUyxVUkk9InNrZDovL2EiLEtFWUZPUk1BVD0iY29tLmFwcGxlLnN0cmVhbWluZ2tleWRlbGl2ZXJ5IixLRVlGT1JNQVRWRVJTSU9OUz0iMSI="
        let keys = ["EBESExQVFhcYGRobHB0eHw==", "ICEiIyQlJicoKSorLC0uLw=="]
    }

    /// A server that parses the request into objects and writes them again: the default namespace, other prefixes,
    /// upper-case KIDs, another order, and what it could not fill left empty.
    @Test func aServerThatWritesItsOwnXML() async throws {
        let keys = try await keys(headers: [
            ("Content-Type", "application/xml;charset=UTF-8"), ("x-speke-version", "2.0"),
        ]) { parts in
            let systems = parts.kids.map { kid in
                """
                <DRMSystem systemId="EDEF8BA9-79D6-4ACE-A3C8-27DCD51D21ED" kid="\(kid.uuid.uppercased())">
                <ContentProtectionData/><HLSSignalingData playlist="media"/><HLSSignalingData playlist="master"/>
                <PSSH>\(parts.pssh)</PSSH></DRMSystem>
                <DRMSystem systemId="94ce86fb-07ff-4f43-adb8-93d2fa968ca2" kid="\(kid.uuid.uppercased())" name="FairPlay">
                <HLSSignalingData playlist="media">\(parts.media)</HLSSignalingData></DRMSystem>
                """
            }
            let contentKeys = zip(parts.kids, parts.keys).map { kid, key in
                """
                <ContentKey xmlns:ns7="urn:ietf:params:xml:ns:keyprov:pskc" kid="\(kid.uuid.uppercased())"
                commonEncryptionScheme="cbcs"><Data><ns7:Secret><ns7:PlainValue>\(key)</ns7:PlainValue></ns7:Secret></Data>
                </ContentKey>
                """
            }
            return """
                <?xml version="1.0" encoding="UTF-8" standalone="yes"?>
                <CPIX xmlns="urn:dashif:org:cpix" version="2.3" contentId="news">
                <DRMSystemList>\(systems.joined())</DRMSystemList><ContentKeyList>\(contentKeys.joined())</ContentKeyList>
                <UpdateHistoryItemList/></CPIX>
                """
        }
        let video = try #require(keys["VIDEO"])
        #expect(bytes(video.key) == Array(0x10...0x1f))
        #expect(video.signalling[.widevine]?.hlsMedia.first?.contains("KEYFORMAT=\"urn:uuid:edef8ba9") == true)
        #expect(video.signalling[.fairPlay]?.keyURI == "skd://a")
        #expect(video.signalling[.fairPlay]?.hlsMultivariant.count == 1)
        #expect(keys["AUDIO"].map { bytes($0.key) } == Array(0x20...0x2f))
    }

    /// A test server: stray children of its own, an empty twin behind each filled element.
    @Test func strayChildrenAndEmptyTwins() async throws {
        let contract = KeyContract(
            contentID: "news", scheme: .cbcs, entries: ContractEntry.all, rotationIntervalSeconds: 60,
            systems: [.widevine])
        let keys = try await keys(contract, headers: [("X-Speke-Version", "2.0")]) { parts in
            """
            <cpix:CPIX xmlns:cpix="urn:dashif:org:cpix" xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc" contentId="news"
              version="2.3">
             <cpix:ContentKeyList><cpix:ContentKey kid="\(parts.kids[0])" commonEncryptionScheme="cbcs">
              <cpix:Data><pskc:Secret><pskc:PlainValue>
                \(parts.keys[0])
              </pskc:PlainValue></pskc:Secret></cpix:Data></cpix:ContentKey></cpix:ContentKeyList>
             <cpix:DRMSystemList><cpix:DRMSystem kid="\(parts.kids[0])" systemId="edef8ba9-79d6-4ace-a3c8-27dcd51d21ed">
              <cpix:PSSHData>AAAA</cpix:PSSHData><cpix:PSSH>\(parts.pssh)</cpix:PSSH><cpix:PSSH/>
              <cpix:HLSSignalingData playlist="multiVariant"/></cpix:DRMSystem>
              <cpix:DRMSystem kid="\(parts.kids[0])" systemId="edef8ba9-79d6-4ace-a3c8-27dcd51d21ed"><cpix:PSSH/>
             </cpix:DRMSystem></cpix:DRMSystemList>
            </cpix:CPIX>
            """
        }
        #expect(keys["ALL"]?.signalling[.widevine]?.pssh?.count == 32)
    }

    /// A server that gives KIDs of its own, as those that derive them from an asset's name do.
    @Test func aServerThatNamesTheKeysItself() async throws {
        let contract = KeyContract(contentID: "news", scheme: .cenc, rotationIntervalSeconds: 60, systems: [.widevine])
        let own = ["aaaaaaaa-0000-0000-0000-000000000001", "aaaaaaaa-0000-0000-0000-000000000002"]
        let text: @Sendable (Parts) -> String = { parts in
            let keys = zip(own, parts.keys).map {
                "<c:ContentKey kid='\($0)'><c:Data><p:Secret><p:PlainValue>\($1)</p:PlainValue></p:Secret></c:Data></c:ContentKey>"
            }
            let systems = own.map {
                "<c:DRMSystem kid='\($0)' systemId='edef8ba9-79d6-4ace-a3c8-27dcd51d21ed'><c:PSSH>\(parts.pssh)</c:PSSH></c:DRMSystem>"
            }
            // The rules in another order than the keys.
            let rules = zip(own.reversed(), ["AUDIO", "VIDEO"]).map {
                "<c:ContentKeyUsageRule kid='\($0)' intendedTrackType='\($1)'><c:KeyPeriodFilter periodId='x'/></c:ContentKeyUsageRule>"
            }
            return """
                <c:CPIX xmlns:c="urn:dashif:org:cpix" xmlns:p="urn:ietf:params:xml:ns:keyprov:pskc" contentId="news">
                <c:ContentKeyList>\(keys.joined())</c:ContentKeyList><c:DRMSystemList>\(systems.joined())</c:DRMSystemList>
                <c:ContentKeyPeriodList><c:ContentKeyPeriod id="x" index="7"/></c:ContentKeyPeriodList>
                <c:ContentKeyUsageRuleList>\(rules.joined())</c:ContentKeyUsageRuleList></c:CPIX>
                """
        }
        let keys = try await keys(contract, headers: [("X-Speke-Version", "2.0")], override: true, text)
        #expect(keys.entries.map(\.key.keyID.uuid) == own)
        #expect(bytes(try #require(keys["VIDEO"]).key) == Array(0x10...0x1f))
    }

    /// A CPIX document with several periods, each rule for its own.
    @Test func severalPeriodsInOneDocument() async throws {
        let contract = KeyContract(
            contentID: "news", scheme: .cbcs, entries: ContractEntry.all, rotationIntervalSeconds: 60,
            systems: [.widevine])
        let keys = try await keys(contract, headers: [("X-Speke-Version", "2.0")]) { parts in
            let kids = ["bbbbbbbb-0000-0000-0000-000000000006", parts.kids[0].uuid]
            let keys = zip(kids, parts.keys).map {
                "<ContentKey kid='\($0)'><Data><Secret><PlainValue>\($1)</PlainValue></Secret></Data></ContentKey>"
            }
            let systems = kids.map {
                "<DRMSystem kid='\($0)' systemId='edef8ba9-79d6-4ace-a3c8-27dcd51d21ed'><PSSH>\(parts.pssh)</PSSH></DRMSystem>"
            }
            let rules = zip(kids, ["p6", "p7"]).map {
                "<ContentKeyUsageRule kid='\($0)' intendedTrackType='ALL'><KeyPeriodFilter periodId='\($1)'/></ContentKeyUsageRule>"
            }
            return """
                <CPIX xmlns="urn:dashif:org:cpix" contentId="news" version="2.3"><ContentKeyList>\(keys.joined())
                </ContentKeyList><DRMSystemList>\(systems.joined())</DRMSystemList><ContentKeyPeriodList>
                <ContentKeyPeriod id="p6" index="6" start="2026-11-21T00:00:00+01:00"/><ContentKeyPeriod id="p7" index="7"/>
                </ContentKeyPeriodList><ContentKeyUsageRuleList>\(rules.joined())</ContentKeyUsageRuleList></CPIX>
                """
        }
        #expect(keys["ALL"].map { bytes($0.key) } == Array(0x20...0x2f))
    }

    /// The first version of SPEKE as gateways speak it: plain and base64 text mixed, `identity` by an empty KeyFormat.
    @Test func theFirstVersionBehindAGateway() async throws {
        let contract = KeyContract(
            contentID: "news", scheme: .aes128, entries: ContractEntry.all, rotationIntervalSeconds: 60,
            systems: [.aes128])
        let keys = try await keys(contract, version: .v1, headers: [("Speke-User-Agent", "x")]) { parts in
            """
            <cpix:CPIX id="news" xmlns:cpix="urn:dashif:org:cpix" xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc"
             xmlns:speke="urn:aws:amazon:com:speke">
            <cpix:ContentKeyList><cpix:ContentKey explicitIV="AAAAAAAAAAAAAAAAAAAAAA==" kid="\(parts.kids[0])">
            <cpix:Data><pskc:Secret><pskc:PlainValue>\(parts.keys[0])</pskc:PlainValue></pskc:Secret></cpix:Data>
            </cpix:ContentKey></cpix:ContentKeyList><cpix:DRMSystemList>
            <cpix:DRMSystem kid="\(parts.kids[0])" systemId="81376844-f976-481e-a84e-cc25d39b0b33">
            <cpix:ContentProtectionData/><speke:KeyFormat></speke:KeyFormat><speke:KeyFormatVersions/>
            <cpix:URIExtXKey>aHR0cHM6Ly9rLmV4YW1wbGUvMQ==</cpix:URIExtXKey></cpix:DRMSystem></cpix:DRMSystemList>
            <cpix:ContentKeyPeriodList><cpix:ContentKeyPeriod id="keyPeriod_7" index="7"/></cpix:ContentKeyPeriodList>
            <cpix:ContentKeyUsageRuleList><cpix:ContentKeyUsageRule kid="\(parts.kids[0])">
            <cpix:KeyPeriodFilter periodId="keyPeriod_7"/></cpix:ContentKeyUsageRule></cpix:ContentKeyUsageRuleList>
            </cpix:CPIX>
            """
        }
        #expect(keys["ALL"]?.signalling[.aes128]?.keyURI == "https://k.example/1")
    }
}
