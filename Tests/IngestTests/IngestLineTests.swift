import ChunkStream
import Media
import RTMPServer
import TestSupport
import Testing
import Timeline

@testable import Ingest

/// The whole line with a ladder that copies, into the daemon's timeline.
@Suite struct IngestLineTests {
    private static let wall = Bench.wall
    private static let number = Bench.number
    private let flash: Flash

    init() throws { flash = try Flash() }

    static let ladder = Ladder(
        video: [VideoRung(name: "720p", codec: .copy)], audio: [AudioRung(name: "stereo", codec: .copy)],
        segmentDurationSeconds: 2, partDurationMilliseconds: 500)

    @Test func tenSecondsMakeFiveSegments() throws {
        var bench = try Bench(ladder: Self.ladder)
        try bench.give(flash.configurations(at: 0) + flash.media(from: 0, seconds: 10), wall: Self.wall)
        try bench.finish()
        #expect(bench.numbers == [0, 1, 2, 3, 4])
        #expect(bench.sets == 1)
        #expect(bench.events == [])
        let segments = bench.timeline.snapshot.segments
        #expect(segments[1].tracks[0].decodeTime == (Self.wall / 1000 + 2) * 90000)
        #expect(segments[1].tracks[0].duration == 180_000)
        #expect(segments.flatMap { $0.tracks[0].chunks }.filter(\.isIndependent).count >= 5)
        var statistics = IngestStatistics()
        bench.line.fill(&statistics)
        #expect(statistics.videoSamplesReceived == 300)
        #expect(statistics.audioSamplesReceived == 468)
        #expect(statistics.mediaMilliseconds == 9967)
    }

    /// Told to begin, it makes the segment under way from its beginning, of what came before that; and again later.
    @Test func whoWaitsBeginsWithTheSegmentUnderWay() throws {
        var bench = try Bench(ladder: Self.ladder, waits: true)
        let media = flash.configurations(at: 0) + flash.media(from: 0, seconds: 30)
        func during(_ seconds: Range<UInt32>) -> [RTMPMessage] {
            media.filter { seconds.contains($0.timestamp / 1000) }
        }
        try bench.give(live: during(0..<7), from: Self.wall)
        var statistics = IngestStatistics()
        bench.line.fill(&statistics)
        #expect(bench.sets == 0 && statistics.videoSamplesReceived == 210)
        #expect(statistics.heldSegment > Self.number && statistics.heldSegment <= Self.number + 3)
        try bench.begin(Self.number + 3)
        #expect(bench.sets == 1)
        try bench.give(live: during(7..<10), from: Self.wall)
        #expect(bench.numbers == [3])
        bench.line.wait()
        try bench.give(live: during(10..<19), from: Self.wall)
        #expect(bench.line.isWaiting && bench.sets == 1)
        try bench.begin(Self.number + 9)
        try bench.give(live: during(19..<23), from: Self.wall)
        try bench.finish()
        #expect(bench.sets == 2 && bench.events == [])
        #expect(bench.numbers.suffix(3) == [9, 10, 11])
        let segments = bench.timeline.snapshot.segments.suffix(3)
        #expect(segments.first?.tracks[0].decodeTime == (Self.wall / 1000 + 18) * 90000)
        #expect(segments.prefix(2).allSatisfy { $0.tracks[0].duration == 180_000 })
    }

    @Test func nothingBeginsBeforeAKeyFrame() throws {
        var bench = try Bench(ladder: Self.ladder)
        let media = flash.media(from: 0, seconds: 4)
        let second = try #require(media.lastIndex { $0.payload.first == 0x17 && $0.timestamp <= 1000 })
        try bench.give(flash.configurations(at: 0) + media[10..<second], wall: Self.wall)
        #expect(bench.sets == 0)
        try bench.give(Array(media[second...]), wall: Self.wall)
        try bench.finish()
        #expect(bench.timeline.snapshot.segments.first?.tracks[0].decodeTime == Self.wall * 90)
    }

    /// The encoder's clock jumps: the ladder begins anew at the wall's time, in segments that were never used.
    @Test(arguments: [3_600_000, 1_000_000_000_000, -5_000] as [Int64]) func aJumpOfTheClock(_ jump: Int64) throws {
        var bench = try Bench(ladder: Self.ladder)
        try bench.give(flash.configurations(at: 100_000) + flash.media(from: 100_000, seconds: 5), wall: Self.wall)
        try bench.give(flash.media(from: 105_000 + jump, seconds: 4), wall: Self.wall + 5000)
        try bench.finish()
        #expect(bench.sets == 2)
        #expect(bench.events.filter { $0.contains("started anew") }.count == 1)
        let segments = bench.timeline.snapshot.segments
        #expect(segments.map(\.isDiscontinuity).filter(\.self).count == 1)
        #expect(segments.map(\.generation) == segments.map(\.generation).sorted())
        #expect(bench.numbers == bench.numbers.sorted())
        #expect(Set(bench.numbers).count == bench.numbers.count)
        let last = try #require(segments.last)
        #expect(Ticks(last.tracks[0].decodeTime, timescale: 90000) < Ticks(Self.wall / 1000 + 12, timescale: 1))
    }

    @Test func jumpsWithoutEndEndThePublication() throws {
        var bench = try Bench(ladder: Self.ladder)
        try bench.give(flash.configurations(at: 0), wall: Self.wall)
        var reason = ""
        do {
            for round in 0..<100 as Range<Int64> {
                try bench.give(flash.media(from: round * 1_000_000, seconds: 1), wall: Self.wall + round * 1000)
            }
        } catch let error as IngestLine.Ended { reason = error.reason }
        #expect(reason.hasPrefix("more than 12 new starts in a minute"))
    }

    @Test func jumpsNowAndThenAreEndured() throws {
        var bench = try Bench(ladder: Self.ladder)
        try bench.give(flash.configurations(at: 0), wall: Self.wall)
        for round in 0..<20 as Range<Int64> {
            try bench.give(flash.media(from: round * 1_000_000, seconds: 1), wall: Self.wall + round * 10_000)
        }
        try bench.finish()
        #expect(bench.sets == 20)
    }

    /// Every new format costs a ladder: an encoder that changes it all the time is ended.
    @Test func changesOfFormatWithoutEndEndThePublication() throws {
        var bench = try Bench(ladder: Self.ladder)
        var reason = ""
        var rounds: Int64 = 0
        do {
            while rounds < 100 {
                try bench.give(
                    flash.configurations(at: UInt32(rounds * 1000), level: rounds % 2 == 0 ? 13 : 20)
                        + flash.media(from: rounds * 1000, seconds: 1), wall: Self.wall + rounds * 1000)
                rounds += 1
            }
        } catch let error as IngestLine.Ended { reason = error.reason }
        #expect(reason.hasPrefix("more than 12 new starts in a minute"))
        #expect(rounds < 40)
    }

    @Test func segmentsInUseAreLeftAlone() throws {
        // The wall's clock was set back by an hour: time goes on from where it was.
        var bench = try Bench(firstSegment: Self.number + 1800, ladder: Self.ladder)
        try bench.give(flash.configurations(at: 0) + flash.media(from: 0, seconds: 6), wall: Self.wall)
        try bench.finish()
        #expect(bench.numbers.first == 1800)
        // A segment that is half over is in use as well.
        bench = try Bench(firstSegment: Self.number + 1, ladder: Self.ladder)
        try bench.give(flash.configurations(at: 0) + flash.media(from: 0, seconds: 6), wall: Self.wall + 500)
        try bench.finish()
        #expect(bench.numbers.first == 1)
    }

    @Test func brokenMessagesArePassedOver() throws {
        var bench = try Bench(ladder: Self.ladder)
        var random = SplitMix(seed: 3)
        try bench.give(flash.configurations(at: 0), wall: Self.wall)
        for message in flash.media(from: 0, seconds: 6) {
            try bench.give([message], wall: Self.wall)
            guard Int.random(in: 0..<10, using: &random) == 0 else { continue }
            var broken = message
            broken.payload = Array(broken.payload.prefix(Int.random(in: 0...6, using: &random)))
            try bench.give([broken], wall: Self.wall)
        }
        try bench.finish()
        #expect(bench.numbers == [0, 1, 2])
        #expect(bench.events.contains { $0.contains("passed over") })
    }

    @Test func soundAloneBeginsWithSound() throws {
        var ladder = Self.ladder
        ladder.video = []
        var bench = try Bench(ladder: ladder)
        try bench.give(
            flash.configurations(at: 0) + flash.media(from: 0, seconds: 5).filter { $0.type == 8 }, wall: Self.wall)
        try bench.finish()
        #expect(bench.numbers == [0, 1, 2])
        #expect(bench.timeline.snapshot.segments[1].tracks.count == 1)
    }
}
