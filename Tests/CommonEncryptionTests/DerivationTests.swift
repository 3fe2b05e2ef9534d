import CommonEncryption
import Media
import Testing

/// Values computed apart from Swift, from the documented rules.
@Suite struct DerivationTests {
    private let keyID = KeyID(bytes: [UInt8](0..<16))

    @Test func keyIDs() {
        let id = KeyID.derived(
            contentID: "news", scheme: "cbcs", entry: "VIDEO", rotationIntervalSeconds: 300, period: 5_900_000)
        #expect(id.hex == "774c45e375a7893686e9b9309f2ccdd6")
        let other = KeyID.derived(
            contentID: "naïve", scheme: "AES-128", entry: "ALL", rotationIntervalSeconds: 0, period: 0)
        #expect(other.hex == "4f997781b3af8bc286c6ba91891ce314")
    }

    @Test func everyPartOfAKeyIDCounts() {
        var ids: Set<KeyID> = []
        for (content, scheme, entry) in [
            ("a", "cenc", "SD"), ("ac", "enc", "SD"), ("a", "cencS", "D"), ("a", "cbcs", "SD"), ("a", "cenc", "HD"),
        ] {
            for interval in [0, 60] as [UInt32] {
                for period in [0, 1, 1 << 32] as [UInt64] {
                    ids.insert(
                        .derived(
                            contentID: content, scheme: scheme, entry: entry, rotationIntervalSeconds: interval,
                            period: KeyPeriod(period)))
                }
            }
        }
        #expect(ids.count == 30)
        #expect(ids.allSatisfy { $0.bytes[6] >> 4 == 8 && $0.bytes[8] >> 6 == 2 })
    }

    @Test func constantAndSegmentIVs() throws {
        let keyID = try #require(keyID)
        #expect(hex(InitializationVector.constantIV(keyID: keyID)) == "cb31ea9d47d73dfe6801f23292eaebf7")
        #expect(
            hex(InitializationVector.aes128IV(keyID: keyID, trackIndex: 3, segmentNumber: 290_000_000))
                == "6b0751b8437187bb893572594e7d2ed8")
    }

    @Test func sampleIVsNeverMeet() {
        #expect(InitializationVector.cencIV(trackIndex: 0, decodeTime: 1) == 1)
        #expect(InitializationVector.cencIV(trackIndex: 0xAB, decodeTime: 0x12_3456) == 0xAB00_0000_0012_3456)
        #expect(InitializationVector.cencIV(trackIndex: 1, decodeTime: -1) == 0x01FF_FFFF_FFFF_FFFF)
        var ivs: Set<UInt64> = []
        for track in [0, 1, 255] as [UInt8] {
            for time in [0, 1, 3000, 160_000_000_000_000, 160_000_000_003_000, -1] as [Int64] {
                ivs.insert(InitializationVector.cencIV(trackIndex: track, decodeTime: time))
            }
        }
        #expect(ivs.count == 18)
    }
}
