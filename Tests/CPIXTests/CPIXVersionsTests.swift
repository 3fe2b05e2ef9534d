import CPIX
import CommonEncryption
import Media
import Testing

private let id = "00112233-4455-6677-8899-aabbccddeeff"

/// The shapes of SPEKE 1.0 and 2.1, and what providers make of them.
@Suite struct CPIXVersionsTests {
    @Test func speke1HasItsOwnNamespaceAndNoVersion() throws {
        let keyID = try #require(KeyID(parsing: id))
        var document = CPIXDocument(contentID: nil, id: "news", version: nil)
        document.contentKeys = [ContentKeyElement(keyID: keyID, commonEncryptionScheme: nil)]
        var system = DRMSystemElement(keyID: keyID, systemID: .playReady)
        system.uriExtXKey = .requested
        system.keyFormat = .requested
        system.keyFormatVersions = .filled("1")
        system.protectionHeader = .filled([1, 2, 3])
        document.drmSystems = [system]
        let text = String(decoding: document.xml, as: UTF8.self)
        #expect(
            text == """
                <?xml version="1.0" encoding="UTF-8"?>
                <cpix:CPIX id="news" xmlns:cpix="urn:dashif:org:cpix" \
                xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc" xmlns:speke="urn:aws:amazon:com:speke">
                 <cpix:ContentKeyList>
                  <cpix:ContentKey kid="\(id)"/>
                 </cpix:ContentKeyList>
                 <cpix:DRMSystemList>
                  <cpix:DRMSystem kid="\(id)" systemId="9a04f079-9840-4286-ab92-e65be0885f95">
                   <cpix:URIExtXKey/>
                   <speke:KeyFormat/>
                   <speke:KeyFormatVersions>MQ==</speke:KeyFormatVersions>
                   <speke:ProtectionHeader>AQID</speke:ProtectionHeader>
                  </cpix:DRMSystem>
                 </cpix:DRMSystemList>
                </cpix:CPIX>

                """)
        #expect(try CPIXDocument(parsing: document.xml) == document)
    }

    @Test func speke21HasTimesHDCPAndAnotherWord() throws {
        let keyID = try #require(KeyID(parsing: id))
        var document = CPIXDocument(contentID: "news", version: SPEKEVersion.v21.cpixVersion)
        var key = ContentKeyElement(keyID: keyID, commonEncryptionScheme: "SAMPLE-AES")
        key.hlsHDCPLevel = "TYPE-1"
        key.hdcpOutputProtection = .filled("<a/>")
        document.contentKeys = [key]
        var system = DRMSystemElement(keyID: keyID, systemID: .fairPlay)
        system.hlsMultivariant = .requested
        system.contentProtectionData = .filled("<b/>")
        system.robustness = "SW_SECURE_CRYPTO"
        system.hlsAllowedCPC = "x"
        document.drmSystems = [system]
        var period = ContentKeyPeriodElement(id: "p", index: .max, start: 1_700_000_000_000, end: 1_700_000_010_500)
        document.periods = [period]
        period = ContentKeyPeriodElement(id: "q", index: 0)
        period.startOffset = "PT0S"
        period.endOffset = "PT10S"
        document.periods.append(period)
        var filter = ContentKeyUsageRuleElement.Filter(.video)
        filter[.minPixels] = 589_825
        filter[.maxFps] = 30
        filter.hdr = false
        document.usageRules = [
            ContentKeyUsageRuleElement(keyID: keyID, intendedTrackType: "HD", periodIDs: ["p"], filters: [filter])
        ]
        let text = String(decoding: document.xml, as: UTF8.self)
        for part in [
            #"version="2.4""#, #"playlist="multiVariant"/>"#, #"start="2023-11-14T22:13:20Z""#,
            #"end="2023-11-14T22:13:30.500Z""#, #"startOffset="PT0S" endOffset="PT10S""#,
            #"<cpix:HDCPData HLSHDCPLevel="TYPE-1">"#,
            #"<cpix:HDCPOutputProtectionData>PGEvPg==</cpix:HDCPOutputProtectionData>"#,
            #"robustness="SW_SECURE_CRYPTO""#, #"HLSAllowedCPC="x""#,
            #"<cpix:VideoFilter hdr="false" maxFps="30" minPixels="589825"/>"#,
        ] { #expect(text.contains(part), "\(part)") }
        let again = try CPIXDocument(parsing: document.xml)
        #expect(again == document)
        let read = try #require(again.usageRules.first?.filters.first)
        #expect(read[.minPixels] == 589_825 && read[.maxPixels] == nil && read.hdr == false)
    }

    @Test func theWordOfTheRequestIsTheWordOfTheAnswer() throws {
        for (version, word) in [("2.3", "multiVariant"), ("2.4", "master")] {
            let document = try CPIXDocument(
                parsing: Array(
                    """
                    <CPIX xmlns="urn:dashif:org:cpix" contentId="a" version="\(version)"><DRMSystemList>
                    <DRMSystem kid="\(id)" systemId="\(id)"><HLSSignalingData playlist="\(word)"/></DRMSystem>
                    </DRMSystemList></CPIX>
                    """.utf8))
            #expect(String(decoding: document.xml, as: UTF8.self).contains("playlist=\"\(word)\""))
        }
    }

    @Test func namespacesThatAreMixedUpOrForgottenAreUnderstood() throws {
        let key = "<PlainValue>AAECAwQFBgcICQoLDA0ODw==</PlainValue>"
        for secret in [
            "<c:Data><c:Secret><c:PlainValue>AAECAwQFBgcICQoLDA0ODw==</c:PlainValue></c:Secret></c:Data>",
            "<pskc:Data><pskc:Secret><pskc:PlainValue>AAECAwQFBgcICQoLDA0ODw==</pskc:PlainValue></pskc:Secret></pskc:Data>",
            "<Data><Secret>\(key)</Secret></Data>",
            "<c:Data>\(key)</c:Data>",
        ] {
            let document = try CPIXDocument(
                parsing: Array(
                    """
                    \u{feff}<?xml version="1.0" encoding="utf-16"?>
                    <c:CPIX xmlns:c="urn:dashif:org:cpix" id="a"><c:ContentKeyList><c:ContentKey kid="\(id)">\(secret)
                    </c:ContentKey></c:ContentKeyList><c:DRMSystemList><c:DRMSystem kid="\(id)" systemId="\(id)">
                    <c:KeyFormat>Y29tLmFwcGxl</c:KeyFormat><speke:KeyFormatVersions>1</speke:KeyFormatVersions>
                    <URIExtXKey>skd://some-asset</URIExtXKey>
                    <c:HLSSignalingData playlist="media">#EXT-X-KEY:METHOD=AES-128
                    </c:HLSSignalingData>
                    </c:DRMSystem></c:DRMSystemList></c:CPIX>
                    """.utf8))
            #expect(document.id == "a" && document.contentID == nil && document.version == nil)
            #expect(document.contentKeys.first?.key == ContentKey(copying: [UInt8](0..<16).span), "\(secret)")
            let system = try #require(document.drmSystems.first)
            #expect(system.keyFormat == .filled("com.apple"))
            #expect(system.keyFormatVersions == .filled("1"))
            #expect(system.uriExtXKey == .filled("skd://some-asset"))
            #expect(system.hlsMedia == .filled(["#EXT-X-KEY:METHOD=AES-128"]))
        }
    }

    @Test func twoKeysForOneKIDAreAnError() throws {
        func document(_ second: String) -> [UInt8] {
            Array(
                """
                <CPIX xmlns="urn:dashif:org:cpix"><ContentKeyList>
                <ContentKey kid="\(id)"><Data><Secret><PlainValue>AAECAwQFBgcICQoLDA0ODw==</PlainValue></Secret></Data></ContentKey>
                <ContentKey kid="\(id)"><Data><Secret><PlainValue>\(second)</PlainValue></Secret></Data></ContentKey>
                </ContentKeyList></CPIX>
                """.utf8)
        }
        #expect(try CPIXDocument(parsing: document("AAECAwQFBgcICQoLDA0ODw==")).contentKeys.count == 1)
        #expect(try CPIXDocument(parsing: document("")).contentKeys.first?.key != nil)
        #expect(throws: CPIXError(.invalid, "two different keys for KID \(id)")) {
            try CPIXDocument(parsing: document("AQECAwQFBgcICQoLDA0ODw=="))
        }
    }

    @Test func base64OfEveryLength() throws {
        let keyID = try #require(KeyID(parsing: id))
        for count in 0..<70 {
            var document = CPIXDocument(contentID: "a")
            var system = DRMSystemElement(keyID: keyID, systemID: .widevine)
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            system.pssh = bytes.isEmpty ? .requested : .filled(bytes)
            document.drmSystems = [system]
            #expect(try CPIXDocument(parsing: document.xml) == document, "\(count) bytes")
        }
        for bad in ["A", "AA", "AAA", "AA=A", "A===", "====", "AAAA=", "AA==AA==", "AAA=AAAA", "AA-_"] {
            let xml = """
                <CPIX xmlns="urn:dashif:org:cpix"><DRMSystemList><DRMSystem kid="\(id)" systemId="\(id)">
                <PSSH>\(bad)</PSSH></DRMSystem></DRMSystemList></CPIX>
                """
            #expect(throws: CPIXError.self, "\(bad)") { try CPIXDocument(parsing: Array(xml.utf8)) }
        }
    }
}
