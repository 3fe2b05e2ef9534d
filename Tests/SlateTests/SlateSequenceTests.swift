import ISOBMFF
import Media
import Slate
import TestSupport
import Testing
import Timeline

/// A clip's loop, which no segment's length divides.
@Suite struct SlateSequenceTests {
    private let video: SyntheticTrack
    private let audio: SyntheticTrack
    private let slate: Slate
    /// Of the loop: 2.5 s at 30 pictures a second, an IDR every 15; 117.1875 frames of sound.
    private static let pictures = 75
    private static let frames = 117
    private static let common = 110

    init() throws {
        (video, audio) = (try .video(), try .audio())
        slate = try Slate(
            recipe: "clip", tracks: SyntheticSlate([video, audio]).tracks,
            chunks: [Self.pictureChunks(video), Self.soundChunks(audio, common: Self.common, ending: 8)])
    }

    private static func chunk(_ samples: [Sample]) -> [UInt8] {
        CMAFChunk.serialize(sequenceNumber: 1, samples: samples)
    }

    private static func pictureChunks(_ video: SyntheticTrack) -> [[UInt8]] {
        stride(from: 0, to: pictures, by: 15).map { first in
            chunk(
                (first..<first + 15).map { index in
                    sample(index, size: 100 + index, isSync: index == first, video.frameDuration)
                })
        }
    }

    /// The sizes tell which sample it is: 10 and its place; 500 and its place in the ending.
    private static func soundChunks(_ audio: SyntheticTrack, common: Int, ending: Int) -> [[UInt8]] {
        [
            chunk((0..<50).map { sample($0, size: 10 + $0, isSync: true, 1024) }),
            chunk((50..<frames).map { sample($0, size: 10 + $0, isSync: true, 1024) }),
            chunk((0..<ending).map { sample(common + $0, size: 500 + $0, isSync: true, 1024) }),
        ]
    }

    private static func sample(_ index: Int, size: Int, isSync: Bool, _ duration: Int64) -> Sample {
        Sample(
            decodeTime: Int64(index) * duration, compositionOffset: 0, duration: UInt32(duration), isSync: isSync,
            data: Array(repeating: UInt8(index), count: size))
    }

    private static let duration = Ticks(2, timescale: 1)

    private func samples(
        _ name: String, from start: Ticks, to end: Ticks, origin: Ticks
    ) throws -> [SampleLocation] {
        let track = try #require(slate.track(named: name))
        let bytes = try #require(track.media(number: 1, from: start, to: end, origin: origin))
        let share = try #require(track.share(from: start, to: end, origin: origin))
        #expect(share.byteCount >= bytes.count && share.byteCount < bytes.count + 4096)
        return try MovieFragmentTable(parsing: bytes.span).fragments.flatMap(\.samples)
    }

    @Test func picturesGoOnFromSegmentToSegment() throws {
        let origin = Ticks(900_000_000, timescale: 1)
        var shown: [Int] = []
        for number in 0..<20 as Range<Int64> {
            let found = try samples(
                "720p", from: Ticks(900_000_000 + 2 * number, timescale: 1),
                to: Ticks(900_000_002 + 2 * number, timescale: 1), origin: origin)
            #expect(found.count == 60 && found[0].isSync)
            shown += found.map { $0.size - 100 }
        }
        #expect(shown == (0..<1200).map { $0 % Self.pictures })
    }

    @Test func aSegmentThatBeginsElsewhereBeginsWithTheNearestPicture() throws {
        let origin = Ticks(900_000_000, timescale: 1)
        for (milliseconds, first) in [(0, 0), (230, 0), (270, 15), (2490, 0), (2200, 60), (-100, 0)] {
            let start = Ticks(900_000_000_000 + Int64(milliseconds), timescale: 1000)
            let found = try samples(
                "720p", from: start, to: Ticks(start.value + 1000, timescale: 1000), origin: origin)
            #expect(found[0].size - 100 == first && found[0].isSync, "\(milliseconds)")
        }
    }

    /// The times are those of the grid, and each round has the frames that begin in it.
    @Test func soundStaysWithThePicture() throws {
        let origin = Ticks(900_000_000, timescale: 1)
        var found: [SampleLocation] = []
        for number in 0..<200 as Range<Int64> {
            found += try samples(
                "stereo", from: Ticks(900_000_000 + 2 * number, timescale: 1),
                to: Ticks(900_000_002 + 2 * number, timescale: 1), origin: origin)
        }
        for (one, next) in zip(found, found.dropFirst()) { #expect(one.decodeTime + 1024 == next.decodeTime) }
        var lengths: Set<Int> = []
        var round: [SampleLocation] = []
        var drift: [Int64] = []
        for sample in found {
            if sample.size == 10, !round.isEmpty {
                lengths.insert(round.count)
                let sizes = round.map(\.size)
                #expect(sizes.prefix(Self.common).elementsEqual((0..<Self.common).map { 10 + $0 }))
                let ending =
                    round.count == Self.frames ? (Self.common..<Self.frames).map { 10 + $0 } : (0..<8).map { 500 + $0 }
                #expect(sizes.dropFirst(Self.common).elementsEqual(ending))
                round = []
            }
            if round.isEmpty {
                // From the picture's loop, of 120,000 samples.
                drift.append((sample.decodeTime - 900_000_000 * 48_000) % 120_000)
            }
            round.append(sample)
        }
        #expect(lengths == [117, 118] && drift.count == 160)
        #expect(drift.allSatisfy { (0..<1024).contains($0) })
    }

    /// Never longer than they may be, for a player that was told so.
    @Test func chunksAreTheSameSamples() throws {
        let origin = Ticks(900_000_001, timescale: 1)
        for name in ["720p", "stereo"] {
            let track = try #require(slate.track(named: name))
            let (start, end) = (Ticks(900_000_004, timescale: 1), Ticks(900_000_006, timescale: 1))
            let whole = try samples(name, from: start, to: end, origin: origin)
            let plan = Ladder(
                video: [VideoRung(name: "720p", codec: .h264, frameRate: FrameRate(30))],
                audio: [AudioRung(name: "stereo", codec: .aac, sampleRate: 48000)], segmentDurationSeconds: 2,
                partDurationMilliseconds: 330
            ).parts
            let parts = track.media(number: 1, from: start, to: end, origin: origin, inChunksOf: plan)
            let rate = Int64(track.stored.track.timescale)
            let lengths = try parts.map { try MovieFragmentTable(parsing: $0.span).duration }
            #expect(lengths.allSatisfy { $0 * 1000 <= plan.target.value * rate })
            #expect(lengths.allSatisfy { $0 * 1000 >= 319 * rate })
            let cut = try parts.flatMap { try MovieFragmentTable(parsing: $0.span).fragments.flatMap(\.samples) }
            #expect(parts.count == 6 && cut.map(\.size) == whole.map(\.size))
            #expect(cut.map(\.decodeTime) == whole.map(\.decodeTime))
        }
    }

    @Test func theRecordHoldsIt() throws {
        let again = try Slate(record: slate.record)
        #expect(again.id == slate.id && again.byteCount == slate.byteCount)
        for length in stride(from: 0, to: slate.record.count, by: 331) {
            #expect(throws: ParseError.self) { try Slate(record: Array(slate.record.prefix(length))) }
        }
        var random = SplitMix(seed: 9)
        for _ in 0..<1000 {
            guard let odd = try? Slate(record: random.mutate(slate.record)) else { continue }
            for track in odd.tracks {
                let (start, end) = (Ticks(900_000_004, timescale: 1), Ticks(900_000_006, timescale: 1))
                _ = track.media(number: 1, from: start, to: end, origin: Ticks(900_000_000, timescale: 1))
                _ = track.share(from: start, to: end, origin: Ticks(.max, timescale: 7))
            }
        }
    }

    @Test func anEndingThatDoesNotFitIsRefused() throws {
        let tracks = SyntheticSlate([video, audio]).tracks
        for (common, ending) in [(110, 7), (110, 9), (50, 8)] {
            #expect(throws: ParseError.self) {
                try Slate(
                    recipe: "", tracks: tracks,
                    chunks: [Self.pictureChunks(video), Self.soundChunks(audio, common: common, ending: ending)])
            }
        }
        // A loop of pictures of another length.
        #expect(throws: ParseError.self) {
            try Slate(
                recipe: "", tracks: tracks,
                chunks: [
                    Array(Self.pictureChunks(video).prefix(4)), Self.soundChunks(audio, common: 110, ending: 8),
                ])
        }
    }
}
