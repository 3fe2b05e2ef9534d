import ChunkStream
import ISOBMFF
import Media
import Slate
import TestSupport
import Testing
import Timeline

/// What stands in for the picture: any stretch of time has the frames that the real one would have.
@Suite struct SlateTests {
    private let video: SyntheticTrack
    private let audio: SyntheticTrack
    private let slate: Slate
    /// 2 s, as a segment of 60 pictures.
    private let duration = Ticks(2, timescale: 1)

    init() throws {
        (video, audio) = (try .video(), try .audio())
        slate = try SyntheticSlate([video, audio], pictures: 30).slate()
    }

    private func media(_ track: SyntheticTrack, _ number: UInt64) throws -> (samples: [Sample], real: [Sample]) {
        let real = track.samples(of: number, duration)
        let (first, last) = (try #require(real.first), try #require(real.last))
        let start = Ticks(first.decodeTime, timescale: track.track.timescale)
        let end = Ticks(last.decodeTime + Int64(last.duration), timescale: track.track.timescale)
        let made = try #require(slate.track(named: track.track.name))
        let bytes = try #require(made.media(number: number, from: start, to: end, origin: start))
        let share = try #require(made.share(from: start, to: end, origin: start))
        #expect(share.decodeTime == first.decodeTime && share.byteCount >= bytes.count)
        #expect(share.duration == end.value - start.value)
        let table = try MovieFragmentTable(parsing: bytes.span)
        return (try table.fragments.flatMap { fragment in try fragment.mediaSamples(in: bytes.span) }, real)
    }

    @Test(arguments: [870_000_000, 870_000_001, 870_000_007] as [UInt64])
    func theFramesAreThoseOfTheRealSegment(number: UInt64) throws {
        for track in [video, audio] {
            let (samples, real) = try media(track, number)
            #expect(samples.map(\.decodeTime) == real.map(\.decodeTime))
            #expect(samples.map(\.duration) == real.map(\.duration))
            #expect(samples.allSatisfy { $0.compositionOffset == 0 })
        }
        // A GOP of 30 pictures twice.
        #expect(try media(video, number).samples.map(\.isSync).indices(of: true).ranges.map(\.lowerBound) == [0, 30])
    }

    @Test func soundOfSegmentsInARowHasNoHoleAndNothingTwice() throws {
        let times = try (870_000_000..<870_000_100 as Range<UInt64>).flatMap { try media(audio, $0).samples }
        for (one, next) in zip(times, times.dropFirst()) {
            #expect(one.decodeTime + Int64(one.duration) == next.decodeTime)
        }
    }

    /// Where the slate's clock is not the real track's, as for a rung that copies 44.1 kHz.
    @Test func soundOfAnotherRateStaysOnItsOwnGrid() throws {
        let track = try #require(slate.track(named: "stereo"))
        var end: Int64?
        for index in 0..<50 as Range<Int64> {
            // 86 frames of 1024 at 44.1 kHz each, beginning anywhere.
            let start = Ticks(77_175_000_000_017 + index * 86 * 1024, timescale: 44_100)
            let stop = Ticks(start.value + 86 * 1024, timescale: 44_100)
            let share = try #require(track.share(from: start, to: stop, origin: Ticks(0, timescale: 1)))
            #expect(share.decodeTime % 1024 == 0 && share.duration % 1024 == 0)
            if let end { #expect(share.decodeTime == end) }
            end = share.decodeTime + share.duration
        }
    }

    @Test func fractionalRatesEndWhereTheSegmentEnds() throws {
        // 59.94 pictures a second: 1501.5 ticks each.
        var description = SyntheticSlate([video]).tracks[0]
        description.frameRate = FrameRate(60000, 1001)
        let slate = try Slate(recipe: "", tracks: [description], chunks: [SyntheticSlate([video]).chunks[0]])
        let start = Ticks(157_500_000_000_001, timescale: 90_000)
        let end = Ticks(start.value + 180_180, timescale: 90_000)
        let bytes = try #require(slate.tracks[0].media(number: 1, from: start, to: end, origin: start))
        let table = try MovieFragmentTable(parsing: bytes.span)
        #expect(table.fragments[0].samples.count == 120 && table.duration == 180_180)
        #expect(Set(table.fragments[0].samples.map(\.duration)) == [1501, 1502])
    }

    @Test func nothingIsMadeOfNoTime() throws {
        let start = Ticks(96_000_000, timescale: 48_000)
        #expect(slate.tracks.allSatisfy { $0.share(from: start, to: start, origin: start) == nil })
        // A stretch between two frames of sound, and times beyond reason.
        #expect(
            slate.tracks[1].share(
                from: Ticks(1, timescale: 48_000), to: Ticks(9, timescale: 48_000), origin: start) == nil)
        #expect(slate.tracks[0].share(from: start, to: Ticks(.max, timescale: 1), origin: start) == nil)
        #expect(slate.tracks[0].share(from: Ticks(-5, timescale: 1), to: start, origin: start) == nil)
    }

    /// A worker says how often a picture comes, and how large it is.
    @Test func aStretchIsNoLargerThanASegment() throws {
        let samples = [
            Sample(
                decodeTime: 0, compositionOffset: 0, duration: 3000, isSync: true,
                data: [UInt8](repeating: 1, count: 1 << 20))
        ]
        let chunk = CMAFChunk.serialize(sequenceNumber: 1, samples: samples)
        for (rate, isMade) in [(FrameRate(30), true), (FrameRate(1_000_000), false)] {
            let track = TrackDescription(name: "720p", reorderDelay: 0, frameRate: rate, header: video.header)
            let made = try #require(try Slate(recipe: "", tracks: [track], chunks: [[chunk]]).tracks.first)
            let (start, end) = (Ticks(100, timescale: 1), Ticks(102, timescale: 1))
            #expect((made.share(from: start, to: end, origin: start) != nil) == isMade)
            #expect((made.media(number: 1, from: start, to: end, origin: start) != nil) == isMade)
        }
    }

    /// Samples of no column take no bytes of their chunk: how many they are is counted before they are kept.
    @Test func manySamplesAreRefused() throws {
        let samples = (0..<40_000).map { video.sample(at: Int64($0) * 3000, isSync: true) }
        let chunk = CMAFChunk.serialize(sequenceNumber: 1, samples: samples)
        let track = TrackDescription(name: "720p", reorderDelay: 0, frameRate: FrameRate(30), header: video.header)
        #expect(throws: ParseError.self) { try Slate(recipe: "", tracks: [track], chunks: [[chunk, chunk]]) }
    }

    @Test func theRecordGivesTheSameSlateAgain() throws {
        let again = try Slate(record: slate.record)
        #expect(again.id == slate.id && again.recipe == "test" && again.record == slate.record)
        #expect(again.tracks.map(\.stored) == slate.tracks.map(\.stored))
        let other = try SyntheticSlate([video, audio], variant: 7).slate()
        #expect(other.id != slate.id)
        // What it was made from is not in the bytes.
        #expect(try SyntheticSlate([video, audio]).slate(recipe: "other").id == slate.id)
    }

    @Test func aTornOrChangedRecordIsNone() {
        for length in stride(from: 0, to: slate.record.count, by: 97) {
            #expect(throws: ParseError.self) { try Slate(record: Array(slate.record.prefix(length))) }
        }
        var random = SplitMix(seed: 5)
        for _ in 0..<2000 { _ = try? Slate(record: random.mutate(slate.record)) }
    }

    @Test func whatCannotBeRepeatedIsRefused() throws {
        let made = SyntheticSlate([video, audio])
        #expect(throws: ParseError.self) { try Slate(recipe: "", tracks: made.tracks, chunks: [made.chunks[0]]) }
        #expect(throws: ParseError.self) { try Slate(recipe: "", tracks: [], chunks: []) }
        // It begins with a picture that needs others.
        let samples = (0..<3).map { video.sample(at: Int64($0) * 3000, isSync: false) }
        let chunk = CMAFChunk.serialize(sequenceNumber: 1, samples: samples)
        #expect(throws: ParseError.self) { try Slate(recipe: "", tracks: [made.tracks[0]], chunks: [[chunk]]) }
        #expect(throws: ParseError.self) {
            try Slate(recipe: "", tracks: [made.tracks[0], made.tracks[0]], chunks: [made.chunks[0], made.chunks[0]])
        }
    }
}
