import ISOBMFF
import Media
import Testing

@Suite struct MovieFragmentTableTests {
    @Test func chunksComeBackAsSamples() throws {
        for samples in [Fixtures.videoSamples(), Fixtures.audioSamples(), [Fixtures.videoSamples()[0]]] {
            let bytes = CMAFChunk.serialize(sequenceNumber: 42, samples: samples)
            let table = try MovieFragmentTable(parsing: bytes.span)
            let fragment = try #require(table.fragments.first)
            #expect(table.fragments.count == 1)
            #expect(fragment.sequenceNumber == 42)
            #expect(fragment.baseMediaDecodeTime == samples[0].decodeTime)
            let read = try fragment.mediaSamples(in: bytes.span)
            #expect(read == samples)
            #expect(table.duration == samples.reduce(0) { $0 + Int64($1.duration) })
            #expect(fragment.payloadSize == samples.reduce(0) { $0 + $1.data.count })
        }
    }

    /// Each of the ways in which a run is made compact.
    @Test func everyColumnComesBack() throws {
        var samples = Fixtures.videoSamples(count: 4)
        samples[2].isSync = true
        samples[3].duration = 3001
        samples[1].data = []
        let bytes = CMAFChunk.serialize(sequenceNumber: 1, samples: samples)
        let read = try MovieFragmentTable(parsing: bytes.span).fragments[0].mediaSamples(in: bytes.span)
        #expect(read == samples)
    }

    @Test func segmentsOfSeveralChunks() throws {
        let bytes = Fixtures.videoSegment()
        let table = try MovieFragmentTable(parsing: bytes.span)
        #expect(table.fragments.map(\.sequenceNumber) == [7, 8, 9])
        #expect(table.duration == 12 * 3000)
        let samples = try table.fragments.flatMap { try $0.mediaSamples(in: bytes.span) }
        #expect(samples == Fixtures.videoSamples(count: 12))
    }

    @Test func whatStandsInFrontOfAFragmentIsSkipped() throws {
        let chunk = CMAFChunk.serialize(
            sequenceNumber: 1, samples: Fixtures.videoSamples(),
            producerReferenceTime: ProducerReferenceTime(flags: 24, ntpTimestamp: 1, mediaTime: 2))
        let bytes =
            SegmentType(majorBrand: "msdh", compatibleBrands: ["msdh"]).serialized()
            + SegmentIndex(timescale: 90000, earliestPresentationTime: 0, references: []).serialized() + chunk
        let samples = try MovieFragmentTable(parsing: bytes.span).fragments[0].mediaSamples(in: bytes.span)
        #expect(samples == Fixtures.videoSamples())
    }

    @Test func defaultsOfTheHeaderApply() throws {
        var defaults = TrackExtends()
        defaults.defaultSampleDuration = 1024
        defaults.defaultSampleSize = 3
        defaults.defaultSampleFlags = .nonSync
        let bytes = fragment(
            header: TrackFragmentHeader(trackID: 1),
            run: TrackRun(sampleCount: 2, dataOffset: 0, firstSampleFlags: .sync), payload: 6)
        let samples = try MovieFragmentTable(parsing: bytes.span, defaults: defaults).fragments[0].samples
        #expect(samples.map(\.size) == [3, 3])
        #expect(samples.map(\.duration) == [1024, 1024])
        #expect(samples.map(\.isSync) == [true, false])
        #expect(samples.map(\.decodeTime) == [5, 5 + 1024])
    }

    struct Broken: CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let reason: String
    }

    static let broken: [Broken] = {
        let chunk = CMAFChunk.serialize(sequenceNumber: 1, samples: Fixtures.videoSamples())
        let mdat = chunk.firstRange(of: Array("mdat".utf8))!.lowerBound - 4
        let moof = Array(chunk[..<mdat])
        let header = TrackFragmentHeader(trackID: 1, defaultSampleDuration: 1, defaultSampleSize: 4)
        let empty = TrackFragmentHeader(trackID: 1, defaultSampleDuration: 1, defaultSampleSize: 0)
        var early = chunk
        let offset = early.firstRange(of: Array("trun".utf8))!.upperBound + 8
        early.replaceSubrange(offset..<offset + 4, with: [0, 0, 0, 8])
        var negative = chunk
        negative.replaceSubrange(offset..<offset + 4, with: [0x80, 0, 0, 0])
        return [
            Broken(testDescription: "nothing", bytes: [], reason: "no moof"),
            Broken(testDescription: "moof alone", bytes: moof, reason: "wanted"),
            Broken(testDescription: "two moofs", bytes: moof + chunk, reason: "moof where an mdat should be"),
            Broken(
                testDescription: "two mdats", bytes: chunk + chunk[mdat...], reason: "mdat where a moof should be"),
            Broken(testDescription: "data in the moof", bytes: early, reason: "data in front of the mdat"),
            Broken(testDescription: "data before the input", bytes: negative, reason: "data in front of the mdat"),
            Broken(
                testDescription: "data beyond the mdat",
                bytes: fragment(header: header, run: TrackRun(sampleCount: 3, dataOffset: 0), payload: 11),
                reason: "sample 2 beyond the mdat"),
            Broken(
                testDescription: "no samples",
                bytes: fragment(header: header, run: TrackRun(sampleCount: 0, dataOffset: 0), payload: 4),
                reason: "no samples"),
            Broken(
                testDescription: "no data offset",
                bytes: fragment(header: header, run: TrackRun(sampleCount: 1), payload: 4), reason: "no data offset"),
            Broken(
                testDescription: "more samples than may be",
                bytes: fragment(header: header, run: TrackRun(sampleCount: 65537, dataOffset: 0), payload: 4),
                reason: "65537 samples"),
            Broken(
                testDescription: "more samples in all than may be",
                bytes: fragment(header: empty, run: TrackRun(sampleCount: 65536, dataOffset: 0), payload: 0) + chunk,
                reason: "more than 65536 samples"),
            Broken(
                testDescription: "times beyond 63 bits",
                bytes: fragment(
                    header: header, run: TrackRun(sampleCount: 2, dataOffset: 0), payload: 8, decodeTime: 1 << 63),
                reason: "beyond 63 bits"),
            Broken(
                testDescription: "times that come to lie beyond 63 bits",
                bytes: fragment(
                    header: header, run: TrackRun(sampleCount: 2, dataOffset: 0), payload: 8,
                    decodeTime: UInt64(Int64.max) - 1),
                reason: "beyond 63 bits"),
        ]
    }()

    @Test(arguments: broken) func brokenInputIsRefused(_ broken: Broken) {
        let error = #expect(throws: ParseError.self) { try MovieFragmentTable(parsing: broken.bytes.span) }
        #expect(error?.reason.contains(broken.reason) == true, "\(error?.reason ?? "")")
    }

    @Test func samplesOfAnotherInputAreRefused() throws {
        let bytes = Fixtures.videoSegment()
        let last = try #require(try MovieFragmentTable(parsing: bytes.span).fragments.last)
        #expect(throws: ParseError.self) { try last.mediaSamples(in: bytes.span.extracting(0..<500)) }
    }
}

/// A `moof` of the given parts and an `mdat` of zeros.
private func fragment(
    header: TrackFragmentHeader, run: TrackRun, payload: Int, decodeTime: UInt64 = 5
) -> [UInt8] {
    let track = TrackFragment(
        header: header, decodeTime: TrackFragmentDecodeTime(baseMediaDecodeTime: decodeTime), run: run)
    var writer = ByteWriter()
    writer.writeBox(MovieFragment(header: MovieFragmentHeader(sequenceNumber: 1), track: track))
    MediaDataHeader(payloadSize: payload).write(to: &writer)
    writer.write(zeros: payload)
    return writer.bytes
}
