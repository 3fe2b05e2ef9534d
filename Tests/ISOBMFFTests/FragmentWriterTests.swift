import ISOBMFF
import Media
import Testing

@Suite struct FragmentWriterTests {
    private let cenc = TrackProtection.cenc(keyID: Fixtures.keyID)
    private let cbcs = TrackProtection.cbcs(
        keyID: Fixtures.keyID, constantIV: Fixtures.constantIV, kind: .video)

    @Test func protectedSegmentsComeBack() throws {
        for protection in [cenc, cbcs] {
            let bytes = try Fixtures.protectedSegment(protection)
            let table = try MovieFragmentTable(parsing: bytes.span)
            let samples = try table.fragments.flatMap { try $0.mediaSamples(in: bytes.span) }
            #expect(samples == Fixtures.videoSamples(count: 12))
            for fragment in table.fragments {
                #expect(fragment.keyGroup == SampleEncryptionGroupEntry(protection))
                #expect(fragment.systemBoxes.count == 1)
                let encryption = try #require(fragment.encryption)
                for (index, sample) in fragment.samples.enumerated() {
                    #expect(
                        Array(encryption.subsamples(ofSample: index))
                            == [Subsample(clear: 20, protected: UInt32(sample.size - 20))])
                    #expect(encryption.iv(ofSample: index).count == Int(protection.perSampleIVSize))
                }
            }
        }
    }

    /// saio counts from the moof to the first entry of senc, in every fragment.
    @Test func auxiliaryOffsetPointsAtTheEntries() throws {
        let bytes = try Fixtures.protectedSegment(cenc)
        var reader = ByteReader(bytes.span)
        var fragments = 0
        while !reader.isAtEnd {
            let start = reader.offset
            let box = try reader.readBoxHeader()
            guard box.type == MovieFragment.boxType else {
                try reader.skipBox(box)
                continue
            }
            let fragment: MovieFragment = try reader.readBox(box)
            let offset = try #require(fragment.track.auxiliaryOffsets?.offsets.first)
            let at = start + Int(offset)
            // 16 bytes: size, type, version and flags, count.
            #expect(Array(bytes[at - 16..<at - 8]).suffix(4) == Array("senc".utf8))
            #expect(fragment.track.auxiliarySizes?.sizes == [16, 16, 16, 16])
            fragments += 1
        }
        #expect(fragments == 3)
    }

    private func write(
        _ samples: [Sample], encryption: SampleEncryption? = nil, keyGroup: TrackProtection? = nil
    ) throws -> TrackFragment {
        let clear = CMAFChunk.serialize(sequenceNumber: 1, samples: samples)
        let locations = try MovieFragmentTable(parsing: clear.span).fragments[0].samples
        var writer = ByteWriter()
        let size = FragmentWriter(keyGroup: keyGroup).write(
            sequenceNumber: 1, samples: locations, encryption: encryption, to: &writer)
        #expect(size == samples.reduce(0) { $0 + $1.data.count })
        var reader = ByteReader(writer.bytes.span)
        return try reader.readBox(try reader.readBoxHeader(), as: MovieFragment.self).track
    }

    @Test func wholeSamplesUnderAConstantIVNeedNothing() throws {
        let samples = Fixtures.audioSamples(count: 3)
        var encryption = SampleEncryption(perSampleIVSize: 0, hasSubsamples: false)
        for _ in samples { encryption.append() }
        let track = try write(samples, encryption: encryption, keyGroup: cbcs)
        #expect(track.sampleEncryption == nil)
        #expect(track.auxiliarySizes == nil)
        #expect(track.auxiliaryOffsets == nil)
        #expect(track.groups?.entries == [.init(sampleCount: 3, descriptionIndex: 0x1_0001)])
        #expect(track.groupDescription?.entries.map(\.count) == [37])
    }

    @Test func wholeSamplesByCencHaveTheirIVs() throws {
        let samples = Fixtures.audioSamples(count: 3)
        var encryption = SampleEncryption(perSampleIVSize: 8, hasSubsamples: false)
        for sample in samples { encryption.append(iv: UInt64(sample.decodeTime)) }
        let track = try write(samples, encryption: encryption, keyGroup: cenc)
        #expect(track.auxiliarySizes?.sizes == [8, 8, 8])
        #expect(track.sampleEncryption?.count == 8 + 24)
        #expect(track.groupDescription?.entries.map(\.count) == [20])
    }

    @Test func entriesTooLongForSaizLeaveItOut() throws {
        let samples = [Fixtures.videoSamples()[0]]
        var encryption = SampleEncryption(perSampleIVSize: 8, hasSubsamples: true)
        encryption.append(iv: 1, subsamples: Array(repeating: Subsample(clear: 1, protected: 1), count: 41)[...])
        let track = try write(samples, encryption: encryption)
        #expect(track.auxiliarySizes == nil)
        #expect(track.auxiliaryOffsets == nil)
        // Flags and count, then IV, count and subsamples.
        let expected: Int = 8 + 10 + 41 * 6
        #expect(track.sampleEncryption?.count == expected)
    }

    @Test func whatAllSamplesShareIsSaidOnce() throws {
        let video = try write(Fixtures.videoSamples())
        #expect(video.header.defaultSampleFlags == .nonSync)
        #expect(video.run.firstSampleFlags == .sync)
        #expect(video.header.defaultSampleDuration == 3000)
        #expect(video.run.durations == nil && video.run.flags == nil)
        #expect(video.header.defaultBaseIsMoof)
        let later = try write(Array(Fixtures.videoSamples().dropFirst()))
        #expect(later.header.defaultSampleFlags == .nonSync)
        #expect(later.run.firstSampleFlags == nil)
        let audio = try write(Fixtures.audioSamples())
        #expect(audio.header.defaultSampleFlags == .sync)
        #expect(audio.run.firstSampleFlags == nil && audio.run.compositionOffsets == nil)
    }

    @Test func sampleFlagsAreThoseOfTheStandard() {
        #expect(SampleFlags.sync.rawValue == 0x0200_0000)
        #expect(SampleFlags.nonSync.rawValue == 0x0101_0000)
        #expect(!SampleFlags.nonSync.isSync && SampleFlags.sync.isSync)
    }
}
