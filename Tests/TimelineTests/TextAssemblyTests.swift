import ISOBMFF
import Media
import MediaMemory
import TestSupport
import Testing
import Timeline

/// Subtitles among the chunks of a worker, honest and lying.
@Suite struct TextAssemblyTests {
    private static let duration = Ticks(2, timescale: 1)
    private static let number: UInt64 = 800_000_000

    private let video: SyntheticTrack
    private let text = SyntheticTrack.subtitles()

    init() throws { video = try .video() }

    private func assembly() -> SegmentAssembly {
        SegmentAssembly(tracks: [video.track, text.track], segmentDuration: Self.duration, firstNumber: Self.number)
    }

    @Test func theyKeepTheirOwnTimes() throws {
        var assembly = assembly()
        for (index, bytes) in video.chunks(of: Self.number, Self.duration).enumerated() {
            _ = try assembly.append(track: 0, segment: Self.number, endsSegment: index == 1, bytes: bytes)
        }
        #expect(assembly.begun != nil)
        let chunk = text.chunks(of: text.samples(of: Self.number, Self.duration), parts: 1)[0]
        let whole = try assembly.append(track: 1, segment: Self.number, endsSegment: true, bytes: chunk)
        let share = try #require(whole.first).tracks[1]
        #expect(share.decodeTime == 1_600_000_000 * 90_000 && share.duration == 180_000)
    }

    /// A publication that breaks off: nothing is said, for as long as there are pictures.
    @Test func atTheEndNothingIsSaid() throws {
        var assembly = assembly()
        _ = try assembly.append(
            track: 0, segment: Self.number, endsSegment: false, bytes: video.chunks(of: Self.number, Self.duration)[0])
        let whole = try #require(assembly.finish().first)
        let (bytes, table) = (whole.media[1].bytes, whole.media[1].table)
        let sample = try #require(table.fragments.first?.samples.first)
        let data = bytes.array(sample.offset..<sample.offset + sample.size)
        let text = try WebVTTSample.parse(data.span)
        #expect(text == nil)
        #expect(table.duration == whole.tracks[0].duration && whole.tracks[1].duration == whole.tracks[0].duration)
        #expect(whole.tracks[1].decodeTime == whole.tracks[0].decodeTime)
    }

    @Test(arguments: [
        ("no cue", [UInt8]([0, 0, 0, 8, 1, 2, 3, 4])), ("a cue in a cue", WebVTTSample.serialize("A --> B")),
    ])
    func whatIsNoCueEndsTheWorker(_ what: String, _ data: [UInt8]) {
        var assembly = assembly()
        let sample = Sample(
            decodeTime: text.start(of: Self.number, Self.duration), compositionOffset: 0, duration: 180_000,
            isSync: true, data: data)
        let bytes = CMAFChunk.serialize(sequenceNumber: 1, samples: [sample])
        #expect(throws: ParseError.self, "\(what)") {
            _ = try assembly.append(track: 1, segment: Self.number, endsSegment: true, bytes: bytes)
        }
    }
}
