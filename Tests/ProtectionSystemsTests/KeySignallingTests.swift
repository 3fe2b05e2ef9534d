import DASH
import HLS
import ISOBMFF
import Media
import ProtectionSystems
import Testing

@Suite struct KeySignallingTests {
    private let id: KeyID

    init() throws { id = try #require(KeyID(parsing: "00112233-4455-6677-8899-aabbccddeeff")) }

    private func key(
        _ system: DRMSystemID, _ scheme: ProtectionScheme?, pssh: [UInt8]? = nil, uri: String? = nil,
        license: String? = nil
    ) -> SystemKey {
        SystemKey(system, scheme: scheme, keyIDs: [id], pssh: pssh, keyURI: uri, licenseURL: license)
    }

    /// The box is what Shaka Packager 3.8.0 writes for this key, byte for byte.
    @Test func widevine() throws {
        let made = try KeySignalling(completing: key(.widevine, .cbcs))
        let pssh = try #require(made.pssh)
        let box = try ProtectionSystemSpecificHeader(parsing: pssh.span)
        #expect(box.systemID == .widevine && box.keyIDs == [])
        #expect(try WidevineHeader(parsing: box.data) == WidevineHeader(keyIDs: [id], protectionScheme: "cbcs"))
        #expect(
            made.key?.line
                == "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"data:text/plain;base64,AAAAOHBzc2gAAAAA7e+LqXnWSs6jyCfc1R0h7QAAABgSEAARIjNEVWZ3iJmqu8zd7v9I88aJmwY=\","
                + "KEYID=0x00112233445566778899aabbccddeeff,KEYFORMAT=\"urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed\","
                + "KEYFORMATVERSIONS=\"1\"")
        #expect(made.key?.sessionLine.hasPrefix("#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,") == true)
        #expect(made.contentProtection == .system(.widevine, [.pssh(pssh)]))
        #expect(try KeySignalling(completing: key(.widevine, .cenc)).key?.method == .sampleAESCTR)
    }

    @Test func playReadyNamesOneObjectEverywhere() throws {
        let made = try KeySignalling(completing: key(.playReady, .cenc, license: "https://l/"))
        let pssh = try #require(made.pssh)
        let box = try ProtectionSystemSpecificHeader(parsing: pssh.span)
        let header = try #require(try PlayReadyObject(parsing: box.data).header)
        #expect(header == PlayReadyHeader([.init(id, .aesCTR)], licenseURL: "https://l/"))
        #expect(made.contentProtection?.value == "MSPR 2.0")
        #expect(made.contentProtection?.contents == [.pssh(box.serialize()), .playReadyObject(box.data)])
        #expect(made.key?.keyFormat == "com.microsoft.playready")
        #expect(made.key?.uri?.hasPrefix("data:text/plain;charset=UTF-16;base64,") == true)
        // The provider's own object is taken over.
        let given = ProtectionSystemSpecificHeader(systemID: .playReady, data: [1, 2, 3]).serialize()
        let completed = try KeySignalling(completing: key(.playReady, .cenc, pssh: given))
        #expect(completed.pssh == given)
        #expect(completed.key?.uri == "data:text/plain;charset=UTF-16;base64,AQID")
        #expect(completed.contentProtection?.contents == [.pssh(given), .playReadyObject([1, 2, 3])])
    }

    @Test func fairPlayNeedsTheProvidersURI() throws {
        #expect(throws: MissingSignalling(systemID: .fairPlay, reason: .noKeyURI)) {
            try KeySignalling(completing: key(.fairPlay, .cbcs))
        }
        #expect(throws: MissingSignalling(systemID: .fairPlay, reason: .otherScheme)) {
            try KeySignalling(completing: key(.fairPlay, .cenc, uri: "skd://a"))
        }
        let made = try KeySignalling(completing: key(.fairPlay, .cbcs, uri: "skd://a"))
        #expect(
            made.key?.line
                == "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://a\",KEYFORMAT=\"com.apple.streamingkeydelivery\",KEYFORMATVERSIONS=\"1\""
        )
        #expect(made.pssh == nil && made.contentProtection == nil)
    }

    @Test func clearKeyNamesTheLicenceServerInDASHAndTheKeyInHLS() throws {
        let made = try KeySignalling(completing: key(.clearKey, .cbcs, license: "https://l/?a&b"))
        #expect(made.key?.keyFormat == "org.w3.clearkey" && made.key?.keyID == id)
        #expect(made.key?.uri == "data:text/plain;base64,ABEiM0RVZneImaq7zN3u/w==")
        #expect(made.contentProtection == .clearKey(licenseURL: "https://l/?a&b"))
        #expect(
            made.contentProtection?.fragment
                == "<dashif:laurl xmlns:dashif=\"https://dashif.org/CPS\" licenseType=\"EME-1.0\">https://l/?a&amp;b</dashif:laurl>"
                + "<dashif:Laurl xmlns:dashif=\"https://dashif.org/CPS\" licenseType=\"EME-1.0\">https://l/?a&amp;b</dashif:Laurl>"
        )
        // Players with a licence server of their own do without.
        #expect(try KeySignalling(completing: key(.clearKey, .cbcs)).contentProtection?.contents == [])
    }

    @Test func commonListsTheKeys() throws {
        let made = try KeySignalling(completing: key(.common, .cenc))
        #expect(made.pssh == ProtectionSystemSpecificHeader.common(keyIDs: [id]).serialize())
        #expect(made.pssh?.count == 52 && made.key == nil)
    }

    @Test func aes128IsTheKeysURIAlone() throws {
        let made = try KeySignalling(completing: key(.aes128, nil, uri: "https://k/1"))
        #expect(made == KeySignalling(key: Key(method: .aes128, uri: "https://k/1")))
        #expect(throws: MissingSignalling(systemID: .aes128, reason: .noKeyURI)) {
            try KeySignalling(completing: key(.aes128, nil))
        }
        for (system, scheme) in [(DRMSystemID.aes128, ProtectionScheme.cbcs), (.widevine, nil), (.clearKey, nil)] {
            #expect(throws: MissingSignalling(systemID: system, reason: .otherScheme)) {
                try KeySignalling(completing: key(system, scheme, uri: "https://k/1"))
            }
        }
    }

    @Test func systemsThatWeDoNotKnowArePassedThrough() throws {
        let marlin = try #require(DRMSystemID(parsing: "5e629af5-38da-4063-8977-97ffbd9902d4"))
        #expect(throws: MissingSignalling(systemID: marlin, reason: .noPSSH)) {
            try KeySignalling(completing: key(marlin, .cenc))
        }
        let pssh = ProtectionSystemSpecificHeader(systemID: marlin, data: [7]).serialize()
        let made = try KeySignalling(completing: key(marlin, .cenc, pssh: pssh))
        #expect(made == KeySignalling(pssh: pssh, contentProtection: .system(marlin, [.pssh(pssh)])))
        #expect(
            made.contentProtection?.fragment
                == "<cenc:pssh xmlns:cenc=\"urn:mpeg:cenc:2013\">AAAAIXBzc2gAAAAAXmKa9TjaQGOJd5f/vZkC1AAAAAEH</cenc:pssh>"
        )
    }

    @Test func withoutKeysThereIsNothingToSay() {
        #expect(throws: MissingSignalling(systemID: .widevine, reason: .noKeyID)) {
            try KeySignalling(completing: SystemKey(.widevine, scheme: .cenc, keyIDs: []))
        }
    }

    @Test func headersListEveryKey() throws {
        let other = try #require(KeyID(bytes: Array(0..<16)))
        for system in [DRMSystemID.widevine, .playReady, .common, .clearKey] {
            let made = try KeySignalling(completing: SystemKey(system, scheme: .cenc, keyIDs: [id, other]))
            let pssh = try #require(made.pssh)
            let box = try ProtectionSystemSpecificHeader(parsing: pssh.span)
            #expect(try box.namedKeyIDs == [id, other], "\(system)")
        }
    }

    @Test func whereAnIVBelongs() throws {
        func takesIV(_ system: DRMSystemID, _ scheme: ProtectionScheme?) throws -> Bool? {
            try KeySignalling(completing: key(system, scheme, uri: "a:b")).key?.takesIV
        }
        #expect(try takesIV(.aes128, nil) == true)
        #expect(try takesIV(.widevine, .cbcs) == true)
        #expect(try takesIV(.widevine, .cenc) == false)
        #expect(try takesIV(.fairPlay, .cbcs) == false)
        #expect(Key.identity(.sampleAES, uri: "a:b").takesIV)
        #expect(!Key(method: .none).takesIV)
    }

    @Test func identityNeverStandsBesideOthersInFragmentedMP4() throws {
        let identity = Key.identity(.sampleAES, uri: "a:b")
        #expect(identity.isIdentity && identity.keyFormat == "identity")
        #expect(Key.identity(.aes128, uri: "a:b").keyFormat == nil)
        let systems = [try #require(KeySignalling(completing: key(.fairPlay, .cbcs, uri: "skd://a")).key)]
        #expect(!systems[0].isIdentity)
        #expect(Key.arranged(systems, identity: identity, isFragmented: true) == systems)
        #expect(Key.arranged(systems, identity: identity, isFragmented: false) == systems + [identity])
        #expect(Key.arranged([], identity: identity, isFragmented: true) == [identity])
        #expect(Key.arranged(systems, identity: nil, isFragmented: false) == systems)
    }
}
