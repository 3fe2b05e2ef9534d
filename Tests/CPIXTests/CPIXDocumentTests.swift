import CPIX
import CommonEncryption
import Media
import Testing

/// A document of one key, with everything that this target knows.
func example() throws -> CPIXDocument {
    let id = try #require(KeyID(parsing: "00112233-4455-6677-8899-aabbccddeeff"))
    var bytes = [UInt8](0..<16)
    var document = CPIXDocument(contentID: "news & <weather>")
    document.contentKeys = [
        ContentKeyElement(
            keyID: id, commonEncryptionScheme: "cbcs", explicitIV: [UInt8](repeating: 7, count: 16),
            key: ContentKey(moving: &bytes))
    ]
    var system = DRMSystemElement(keyID: id, systemID: .widevine)
    system.pssh = .filled([1, 2, 3])
    system.contentProtectionData = .filled("<a b=\"c\">é</a>")
    system.hlsMedia = .filled(["#EXT-X-KEY:METHOD=SAMPLE-AES", "#EXT-X-KEY:METHOD=AES-128"])
    system.hlsMultivariant = .requested
    system.smoothStreamingProtectionHeader = .filled([9])
    system.uriExtXKey = .filled("skd://x")
    document.drmSystems = [system]
    document.periods = [ContentKeyPeriodElement(id: "period-7", index: 7)]
    document.usageRules = [
        ContentKeyUsageRuleElement(
            keyID: id, intendedTrackType: "SD+HD1", periodIDs: ["period-7"],
            filters: [.init(.video, bounds: ["maxPixels": "589824"]), .init(.video), .init(.audio)])
    ]
    return document
}

@Suite struct CPIXDocumentTests {
    @Test func writtenAndReadAgainItIsTheSame() throws {
        let document = try example()
        #expect(try CPIXDocument(parsing: document.xml) == document)
    }

    @Test func textIsThatOfTheStandard() throws {
        let expected = """
            <?xml version="1.0" encoding="UTF-8"?>
            <cpix:CPIX contentId="news &amp; &lt;weather&gt;" version="2.3" xmlns:cpix="urn:dashif:org:cpix" \
            xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc">
             <cpix:ContentKeyList>
              <cpix:ContentKey kid="00112233-4455-6677-8899-aabbccddeeff" commonEncryptionScheme="cbcs" \
            explicitIV="BwcHBwcHBwcHBwcHBwcHBw==">
               <cpix:Data>
                <pskc:Secret>
                 <pskc:PlainValue>AAECAwQFBgcICQoLDA0ODw==</pskc:PlainValue>
                </pskc:Secret>
               </cpix:Data>
              </cpix:ContentKey>
             </cpix:ContentKeyList>
             <cpix:DRMSystemList>
              <cpix:DRMSystem kid="00112233-4455-6677-8899-aabbccddeeff" \
            systemId="edef8ba9-79d6-4ace-a3c8-27dcd51d21ed">
               <cpix:PSSH>AQID</cpix:PSSH>
               <cpix:ContentProtectionData>PGEgYj0iYyI+w6k8L2E+</cpix:ContentProtectionData>
               <cpix:URIExtXKey>c2tkOi8veA==</cpix:URIExtXKey>
               <cpix:HLSSignalingData playlist="media">\
            I0VYVC1YLUtFWTpNRVRIT0Q9U0FNUExFLUFFUwojRVhULVgtS0VZOk1FVEhPRD1BRVMtMTI4</cpix:HLSSignalingData>
               <cpix:HLSSignalingData playlist="master"/>
               <cpix:SmoothStreamingProtectionHeaderData>CQ==</cpix:SmoothStreamingProtectionHeaderData>
              </cpix:DRMSystem>
             </cpix:DRMSystemList>
             <cpix:ContentKeyPeriodList>
              <cpix:ContentKeyPeriod id="period-7" index="7"/>
             </cpix:ContentKeyPeriodList>
             <cpix:ContentKeyUsageRuleList>
              <cpix:ContentKeyUsageRule kid="00112233-4455-6677-8899-aabbccddeeff" intendedTrackType="SD+HD1">
               <cpix:KeyPeriodFilter periodId="period-7"/>
               <cpix:VideoFilter maxPixels="589824"/>
               <cpix:VideoFilter/>
               <cpix:AudioFilter/>
              </cpix:ContentKeyUsageRule>
             </cpix:ContentKeyUsageRuleList>
            </cpix:CPIX>

            """
        #expect(String(decoding: try example().xml, as: UTF8.self) == expected)
    }

    /// What providers do: another prefix, elements of their own, line breaks in base64, duplicates with an empty twin.
    @Test func readingIsLenient() throws {
        let document = try CPIXDocument(
            parsing: Array(
                """
                <?xml version='1.0'?>
                <!-- a comment -->
                <CPIX xmlns="urn:dashif:org:cpix" xmlns:p="urn:ietf:params:xml:ns:keyprov:pskc" xmlns:x="urn:x"
                 version="2.3" contentId="a" x:other="b">
                 <x:ContentKeyList><ContentKey kid="wrong"/></x:ContentKeyList>
                 <DRMSystemList>
                  <DRMSystem kid="00112233-4455-6677-8899-AABBCCDDEEFF" systemId="EDEF8BA9-79D6-4ACE-A3C8-27DCD51D21ED">
                   <PSSHData>AAAA</PSSHData>
                   <PSSH>
                     AQ
                     ID
                   </PSSH>
                   <PSSH/>
                   <HLSSignalingData>I0VY</HLSSignalingData>
                   <HLSSignalingData playlist="multiVariant">I0VYCiNFWA0K</HLSSignalingData>
                  </DRMSystem>
                  <DRMSystem kid="00112233-4455-6677-8899-aabbccddeeff" systemId="edef8ba9-79d6-4ace-a3c8-27dcd51d21ed">
                   <PSSH/><ContentProtectionData><![CDATA[PGEv]]>Pg==</ContentProtectionData></DRMSystem>
                 </DRMSystemList>
                 <ContentKeyList>
                  <ContentKey kid="00112233-4455-6677-8899-AABBCCDDEEFF" commonEncryptionScheme="cenc" explicitIV="">
                   <Data><p:Secret><p:PlainValue>AAECAwQFBgcI
                     CQoLDA0ODw==</p:PlainValue></p:Secret></Data></ContentKey>
                  <ContentKey kid="00112233-4455-6677-8899-aabbccddeeff"/>
                 </ContentKeyList>
                </CPIX>
                """.utf8))
        #expect(document.contentID == "a")
        let key = try #require(document.contentKeys.first)
        #expect(document.contentKeys.count == 1)
        #expect(key.commonEncryptionScheme == "cenc")
        #expect(key.explicitIV == nil)
        #expect(key.key == ContentKey(copying: [UInt8](0..<16).span))
        let system = try #require(document.drmSystems.first)
        #expect(document.drmSystems.count == 1)
        #expect(system.systemID == .widevine)
        #expect(system.pssh == .filled([1, 2, 3]))
        #expect(system.contentProtectionData == .filled("<a/>"))
        #expect(system.hlsMedia == .filled(["#EX"]))
        #expect(system.hlsMultivariant == .filled(["#EX", "#EX"]))
        #expect(system.smoothStreamingProtectionHeader == .absent)
    }

    @Test func encryptedKeysAreSeenButNotRead() throws {
        let document = try CPIXDocument(
            parsing: Array(
                """
                <c:CPIX xmlns:c="urn:dashif:org:cpix" xmlns:p="urn:ietf:params:xml:ns:keyprov:pskc"><c:ContentKeyList>
                <c:ContentKey kid="00112233-4455-6677-8899-aabbccddeeff"><c:Data><p:Secret><p:EncryptedValue/></p:Secret>
                </c:Data></c:ContentKey></c:ContentKeyList></c:CPIX>
                """.utf8))
        #expect(document.contentKeys.first?.isEncrypted == true)
        #expect(document.contentKeys.first?.key == nil)
    }

    @Test func keysNeverPrint() throws {
        let document = try example()
        var dumped = ""
        dump(document, to: &dumped)
        for text in ["\(document)", String(reflecting: document), dumped] {
            #expect(text.contains("redacted"))
            #expect(!text.contains("AAECAwQFBgcICQoLDA0ODw"))
            #expect(!text.contains("0, 1, 2, 3, 4"))
        }
    }

    @Test func fragmentsOfXML() {
        for good in ["<a/>", "<cenc:pssh>AA==</cenc:pssh>", "<a xmlns=\"urn:b\">c</a> <d/>"] {
            #expect(XMLFragment.isWellFormed(good), "\(good)")
        }
        for bad in [
            "", "text", "<a>", "</fragment>", "<a/></fragment><fragment>", "<a b=c/>", "<a/>&nbsp;", "<a/><!--",
        ] {
            #expect(!XMLFragment.isWellFormed(bad), "\(bad)")
        }
    }
}
