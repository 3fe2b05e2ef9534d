import Testing

@testable import DASH

/// Counting and comparing by runs says what the segments say one by one.
@Suite struct SegmentTimelineTests {
    /// The same numbers on every run.
    private struct Dice: RandomNumberGenerator {
        private var state: UInt64 = 11

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state ^ state >> 29) &* 0xBF58_476D_1CE4_E5B9
        }
    }

    private static func timeline(_ random: inout Dice) -> SegmentTimeline {
        var timeline = SegmentTimeline()
        var start = UInt64.random(in: 0...2, using: &random)
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            let run = SegmentTimeline.Run(
                start: start, duration: UInt64.random(in: 1...2, using: &random),
                repeats: Int64.random(in: -1...3, using: &random))
            timeline.runs.append(run)
            start += UInt64.random(in: 1...2, using: &random) * (UInt64(max(run.repeats, 0)) + 1)
        }
        return timeline
    }

    @Test func runsAreAsGoodAsSegments() {
        var random = Dice()
        var (same, other) = (0, 0)
        for _ in 0..<3000 {
            let here = Self.timeline(&random)
            var there = here
            if Bool.random(using: &random), !there.runs.isEmpty {
                // As many times as it goes, or another one.
                let run = Int.random(in: 0..<there.runs.count, using: &random)
                there.runs[run].repeats += Int64.random(in: 0...1, using: &random)
                there.runs[run].duration += UInt64.random(in: 0...1, using: &random)
            }
            let limit = Int.random(in: 0...12, using: &random)
            #expect(here.count(limit: limit) == here.segments(limit: limit).count)
            let gone = UInt64.random(in: 0...3, using: &random)
            let pairs = zip(here.segments(limit: .max), there.segments(limit: .max).dropFirst(Int(gone)))
            let expected = pairs.first { $0 != $1 }
            let found = here.difference(from: there, dropping: gone)
            #expect(found?.here.start == expected?.0.start && found?.here.duration == expected?.0.duration)
            #expect(found?.there.start == expected?.1.start && found?.there.duration == expected?.1.duration)
            if found == nil { same += 1 } else { other += 1 }
        }
        #expect(same > 300 && other > 300)
    }

    @Test func whatWouldGoBeyond64BitsEnds() {
        let timeline = SegmentTimeline(runs: [.init(start: .max - 5, duration: 2, repeats: .max)])
        #expect(timeline.count(limit: 100) == 3 && timeline.segments(limit: 100).count == 3)
        let endless = SegmentTimeline(runs: [.init(start: 0, duration: 0, repeats: .max)])
        #expect(endless.count(limit: 100) == 100 && endless.segments(limit: 100).count == 100)
        #expect(endless.difference(from: endless, dropping: 7) == nil)
    }
}
