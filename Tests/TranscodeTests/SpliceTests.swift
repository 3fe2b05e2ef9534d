import Media
import TestClips
import Testing

@testable import Transcode

/// An IDR at the splice in every rung, and a segment that begins there in all of them.
@Suite struct SpliceTests {
    private func ladder(_ video: [VideoRung], _ audio: [AudioRung], cuts: Bool = true) -> Ladder {
        var ladder = Ladder(video, audio)
        ladder.cutsAtSplices = cuts
        return ladder
    }

    /// The clip begins 0.25 s into a segment of 2 s: boundaries at 1.75, 3.75 and 5.75 s of it.
    private static let rungs = [
        VideoRung.quick("high", rate: FrameRate(30), gop: 30),
        VideoRung.quick("low", width: 128, rate: FrameRate(30), gop: 60, bFrames: 0),
    ]

    private func expectCut(_ run: Run, at time: Int64, in tracks: Range<Int>) throws {
        var numbers: Set<UInt64> = []
        for track in tracks {
            let coded = try #require(run.samples[track])
            let timescale = try #require(run.tracks[track]).timescale
            func start(_ item: Run.Coded) -> Ticks { Ticks(item.sample.decodeTime, timescale: timescale) }
            let splice = Ticks(time, timescale: 90_000)
            let first = try #require(coded.first { start($0) >= splice })
            #expect(first.startsSegment && first.sample.isSync, "track \(track)")
            #expect(start(first) < Ticks(time + 1920, timescale: 90_000))
            numbers.insert(first.segmentNumber)
            // Every segment once, one after the other.
            let starts = coded.filter(\.startsSegment).map(\.segmentNumber)
            #expect(starts == starts.indices.map { starts[0] + UInt64($0) })
        }
        #expect(numbers.count == 1)
    }

    /// Ahead of its time: in the first half of a segment, in the second, and on a boundary.
    @Test(arguments: [2700, 3300, 4400, 5000] as [Int64])
    func aSpliceThatIsKnownAhead(at milliseconds: Int64) throws {
        let clip = try Clip.testPicture(rate: "30", seconds: 8, gop: 50, bFrames: 2)
        let run = try Run(
            ladder(Self.rungs, [.stereo]), clip, splices: [(told: milliseconds - 1900, at: milliseconds)])
        let time = try #require(run.splices.first)
        #expect(abs(time - (Run.epochMilliseconds + milliseconds) * 90) <= 90_000 / 5)
        #expect(run.moves.map(\.time) == [time])
        try expectCut(run, at: time, in: 0..<3)
        let lengths = zip(
            try #require(run.samples[0]).filter(\.startsSegment).dropFirst(),
            try #require(run.samples[0]).filter(\.startsSegment).dropFirst(2)
        ).map { $1.sample.decodeTime - $0.sample.decodeTime }
        #expect(lengths.allSatisfy { (45_000...270_000).contains($0) })
    }

    /// Without a warning: in the second half of a segment, which ends there, and in the first, where the next one does too.
    @Test func aSpliceAtOnce() throws {
        let clip = try Clip.testPicture(rate: "30", seconds: 10, gop: 50, bFrames: 2)
        let run = try Run(
            ladder(Self.rungs, [.stereo]), clip, splices: [(told: 3000, at: 3000), (told: 6500, at: 6500)])
        try #require(run.splices.count == 2)
        #expect(run.moves.count == 3)
        for splice in run.splices { try expectCut(run, at: splice, in: 0..<3) }
    }

    /// Right behind the beginning of a segment there is the key frame alone.
    @Test func aSpliceTooNearToTheBeginningOfItsSegment() throws {
        let clip = try Clip.testPicture(rate: "30", seconds: 6, gop: 50, bFrames: 2)
        let run = try Run(ladder(Self.rungs, []), clip, splices: [(told: 1900, at: 1900)])
        #expect(run.moves.isEmpty)
        for track in 0..<2 {
            let picture = try #require(run.samples[track]?.first { $0.sample.presentationTime == run.splices[0] })
            #expect(picture.sample.isSync && !picture.startsSegment)
        }
    }

    /// Two that are one and a half to two segments apart, wherever they lie.
    @Test(arguments: [2500, 2900, 3300, 3600] as [Int64]) func twoSplicesInARow(at first: Int64) throws {
        let clip = try Clip.testPicture(rate: "30", seconds: 11, gop: 50, bFrames: 2)
        let run = try Run(
            ladder(Self.rungs, [.stereo]), clip,
            splices: [(told: first - 1800, at: first), (told: first + 1700, at: first + 3500)])
        for splice in run.splices { try expectCut(run, at: splice, in: 0..<3) }
    }

    @Test func aLadderThatKeepsToItsGridHasTheKeyFrameAlone() throws {
        let clip = try Clip.testPicture(rate: "30", seconds: 6, gop: 50, bFrames: 2)
        let run = try Run(ladder(Self.rungs, [], cuts: false), clip, splices: [(told: 1000, at: 3000)])
        #expect(run.moves.isEmpty)
        let picture = try #require(run.samples[0]?.first { $0.sample.presentationTime == run.splices[0] })
        #expect(picture.sample.isSync && !picture.startsSegment)
    }

    /// A copied rung is cut at the encoder's own key frame at the splice, and what is encoded beside it with it.
    @Test func aCopiedRungIsCutAtTheSourcesKeyFrame() throws {
        let clip = try Clip.testPicture(rate: "30", seconds: 8, gop: 30, bFrames: 2)
        let copy = VideoRung(name: "source", codec: .copy)
        let run = try Run(ladder([copy, Self.rungs[1]], [.stereo]), clip, splices: [(told: 1000, at: 3000)])
        let move = try #require(run.moves.first)
        let cut = try #require(run.samples[0]?.first { $0.startsSegment && $0.segmentNumber == move.number })
        #expect(abs(cut.sample.decodeTime - move.time) < 3000 * 3)
        try expectCut(run, at: cut.sample.decodeTime, in: 0..<3)
    }

    @Test func boundariesKeepTheirDistances() {
        let grid = SegmentGrid(segmentSeconds: 2, frameRate: FrameRate(30))
        var boundaries = SegmentBoundaries(grid)
        let base = grid.start(of: 1000, timescale: 90_000)
        func moves(_ time: Int64, edge: Int64 = 0) -> [SegmentBoundaries.Move] {
            boundaries.moves(to: base + time, notBefore: edge, on: FrameGrid(rate: FrameRate(30)))
        }
        // Nearer to its end: the next one comes early.
        let early = moves(120_000)
        #expect(early == [.init(number: 1001, time: base + 120_000)])
        // Nearer to its beginning: it begins late; where that is past, the next one comes early and is cut off.
        #expect(moves(30_000) == [.init(number: 1000, time: base + 30_000)])
        #expect(
            moves(30_000, edge: base) == [
                .init(number: 1001, time: base + 30_000), .init(number: 1002, time: base + 300_000),
            ])
        #expect(moves(21_000, edge: base) == [])
        #expect(moves(0) == [])
        #expect(moves(120_000, edge: base + 120_001) == [])
        for move in early { boundaries.apply(move) }
        #expect(boundaries.number(at: base + 119_999, timescale: 90_000) == 1000)
        #expect(boundaries.number(at: base + 120_000, timescale: 90_000) == 1001)
        #expect(boundaries.number(at: base * 8 / 15 + 64_000, timescale: 48_000) == 1001)
        #expect(moves(120_000) == [])
        // Another splice so near that a segment would be too short.
        #expect(moves(141_000) == [])
        #expect(moves(300_000) == [.init(number: 1002, time: base + 300_000)])
    }
}
