import ISOBMFF
import Media
import Testing

@Suite struct BoxRoundTripTests {
    /// Writing and reading give the same value, and every cut-off is noticed.
    private func check<B: Box>(_ box: B) throws {
        let bytes = box.serialized()
        let read = try B(parsingBox: bytes.span)
        #expect(read == box)
        for length in 0..<bytes.count {
            #expect(throws: ParseError.self, "\(B.boxType) cut to \(length)") {
                try B(parsingBox: bytes.span.extracting(0..<length))
            }
        }
    }

    @Test func headers() throws {
        try check(FileType(majorBrand: "cmf2", compatibleBrands: ["iso6", "cmfc"]))
        try check(SegmentType(majorBrand: "msdh", minorVersion: 1, compatibleBrands: ["msdh", "msix"]))
        var movie = MovieHeader(timescale: 1000, nextTrackID: 2)
        try check(movie)
        movie.duration = 1 << 40
        try check(movie)
        var track = TrackHeader(trackID: 1, volume: 0x100, width: 640 << 16, height: 360 << 16)
        try check(track)
        track.creationTime = 1 << 33
        try check(track)
        var media = MediaHeader(timescale: 48000, language: LanguageCode(tag: "fi"))
        try check(media)
        media.duration = .max
        try check(media)
        try check(HandlerReference(handlerType: "vide", name: "Video ä"))
        try check(ExtendedLanguage(tag: "pt-BR"))
        try check(VideoMediaHeader())
        try check(SoundMediaHeader())
        try check(DataReference())
        try check(TrackExtends())
    }

    @Test func tables() throws {
        try check(TimeToSample(entries: [.init(sampleCount: 3, sampleDuration: 3003)]))
        try check(SampleToChunk(entries: [.init(firstChunk: 1, samplesPerChunk: 2, sampleDescriptionIndex: 1)]))
        var sizes = SampleSizes()
        try check(sizes)
        sizes.sizes = [1, 2, 3]
        sizes.sampleCount = 3
        try check(sizes)
        try check(ChunkOffsets(offsets: [8, 99]))
        try check(
            SegmentIndex(
                timescale: 90000, earliestPresentationTime: 1 << 40,
                references: [.init(size: 1000, duration: 90000), .init(isIndex: true, size: 5, duration: 1)]))
        try check(ProducerReferenceTime(flags: 24, ntpTimestamp: .max, mediaTime: 1 << 50))
    }

    @Test func sampleEntryParts() throws {
        try check(PixelAspectRatio(horizontalSpacing: 4, verticalSpacing: 3))
        let colour = ColourInformation(colourType: "nclx", value: [0, 1, 0, 1, 0, 1, 0])
        let bytes = colour.serialized()
        let read = try ColourInformation(parsingBox: bytes.span)
        #expect(read == colour)
        try check(ElementaryStreamDescriptor(configuration: AudioSpecificConfig(parsing: [0x11, 0x90])))
    }

    @Test func protection() throws {
        let keyID = Fixtures.keyID
        try check(OriginalFormat(format: "avc1"))
        try check(SchemeType(scheme: "cbcs"))
        try check(
            TrackEncryption(pattern: nil, isProtected: true, perSampleIVSize: 8, keyID: keyID, constantIV: nil))
        try check(
            TrackEncryption(
                pattern: .init(crypt: 1, skip: 9), isProtected: true, perSampleIVSize: 0, keyID: keyID,
                constantIV: Fixtures.constantIV))
        try check(
            SampleGroupDescription(groupingType: "seig", entries: [[1, 2], [3, 4]]))
        try check(SampleGroupDescription(groupingType: "roll", entries: [[1], [2, 3]]))
        try check(
            SampleToGroup(
                groupingType: "seig",
                entries: [.init(sampleCount: 9, descriptionIndex: SampleToGroup.firstOfFragment)]))
        try check(SampleAuxiliaryInformationSizes(sizes: [8, 8, 8]))
        try check(SampleAuxiliaryInformationSizes(sizes: [16, 22]))
        try check(SampleAuxiliaryInformationOffsets(offsets: [100]))
        try check(SampleAuxiliaryInformationOffsets(offsets: [1 << 40]))
        try check(ProtectionSystemSpecificHeader(systemID: .widevine, data: [1, 2, 3]))
        try check(ProtectionSystemSpecificHeader.common(keyIDs: [keyID, keyID]))
    }

    @Test func fragmentParts() throws {
        try check(MovieFragmentHeader(sequenceNumber: .max))
        try check(TrackFragmentDecodeTime(baseMediaDecodeTime: 157_000_000_000_000))
        try check(TrackFragmentHeader(trackID: 1))
        var header = TrackFragmentHeader(
            trackID: 3, defaultSampleDuration: 1, defaultSampleSize: 2, defaultSampleFlags: .nonSync)
        header.sampleDescriptionIndex = 1
        try check(header)
        try check(TrackRun(sampleCount: 2))
        try check(
            TrackRun(
                sampleCount: 2, dataOffset: -5, durations: [1, .max], sizes: [0, 9], flags: [.sync, .nonSync],
                compositionOffsets: [.min, .max]))
        try check(TrackRun(sampleCount: 2, dataOffset: 1, firstSampleFlags: .sync, sizes: [1, 2]))
    }

    @Test func sampleEncryption() throws {
        for (size, subsamples) in [(0, true), (8, false), (8, true), (16, true)] {
            var box = SampleEncryption(perSampleIVSize: size, hasSubsamples: subsamples)
            for index in 0..<3 {
                let parts = (0..<index).map { Subsample(clear: UInt16($0), protected: UInt32($0) * 16) }
                box.append(
                    iv: [UInt8](repeating: UInt8(index), count: size), subsamples: subsamples ? parts[...] : [])
            }
            var writer = ByteWriter()
            box.writePayload(to: &writer)
            #expect(writer.count == box.payloadSize)
            var reader = ByteReader(writer.bytes.span)
            let read = try SampleEncryption(reading: &reader, perSampleIVSize: size)
            let left = reader.remaining
            #expect(read == box)
            #expect(left == 0)
            #expect(box.entrySizes == (0..<3).map { UInt8(size + (subsamples ? 2 + 6 * $0 : 0)) })
        }
    }

    @Test func ivAsNumberIsBigEndian() {
        var box = SampleEncryption(perSampleIVSize: 8, hasSubsamples: false)
        box.append(iv: 0x0102_0304_0506_0708)
        #expect(Array(box.iv(ofSample: 0)) == [1, 2, 3, 4, 5, 6, 7, 8])
    }

    @Test func mediaDataHeaderGrowsWithItsPayload() throws {
        var writer = ByteWriter()
        MediaDataHeader(payloadSize: Int(UInt32.max) - 8).write(to: &writer)
        let short: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x6D, 0x64, 0x61, 0x74]
        #expect(writer.bytes == short)
        writer = ByteWriter()
        MediaDataHeader(payloadSize: Int(UInt32.max) - 7).write(to: &writer)
        let long: [UInt8] = [0, 0, 0, 1, 0x6D, 0x64, 0x61, 0x74, 0, 0, 0, 1, 0, 0, 0, 8]
        #expect(writer.bytes == long)
    }

    @Test(arguments: ["en", "de", "und", "yue", "pt"])
    func languageCodes(tag: String) {
        let code = LanguageCode(tag: tag)
        #expect(code.tag == tag)
        #expect(LanguageCode(packed: code.packed) == code)
    }

    @Test func languageWithoutCodeIsUndetermined() {
        #expect(LanguageCode(tag: "x-klingon").description == "und")
        #expect(LanguageCode(tag: "pt-BR").description == "por")
        #expect(LanguageCode(packed: 0).description == "und")
    }
}
