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
            hex(AES128Segment.iv(keyID: keyID, trackIndex: 3, .segment(290_000_000)))
                == "35f638e3ec58a06326434fa3e22f6431")
        for (resource, iv) in [
            (.segment(290_000_000), "35f638e3ec58a06326434fa3e22f6431"),
            (.header(generation: 2), "34f638e3ec58a06326434fa3f36668b3"),
            (.transportStream(290_000_000), "37f638e3ec58a06326434fa3e22f6431"),
            (.transportStream(290_000_000, audio: 4), "36f63ce3ec58a06326434fa3e22f6431"),
        ] as [(AES128Segment.Resource, String)] {
            #expect(hex(AES128Segment.iv(keyID: keyID, trackIndex: 3, resource)) == iv)
        }
    }

    /// A day of segments of 6 s of three tracks, in every container at once, and as many headers.
    @Test func segmentIVsNeverMeet() throws {
        let keyID = try #require(keyID)
        var ivs: Set<[UInt8]> = []
        var count = 0
        for track in [0, 1, 255] as [UInt8] {
            for number in 290_000_000..<290_014_400 as Range<UInt64> {
                for resource in [
                    .segment(number), .header(generation: number), .transportStream(number, audio: 255),
                ] as [AES128Segment.Resource] {
                    ivs.insert(AES128Segment.iv(keyID: keyID, trackIndex: track, resource))
                    count += 1
                }
            }
        }
        #expect(ivs.count == count)
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
