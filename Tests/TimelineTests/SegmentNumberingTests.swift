import Media
import Testing

@testable import Timeline

/// Numbers and times of segments whose durations change.
@Suite struct SegmentNumberingTests {
    static let two = Ticks(2, timescale: 1)
    static let six = Ticks(6, timescale: 1)

    @Test func numbersCountDurationsFromTheEpoch() {
        let numbering = SegmentNumbering(duration: Self.six)
        #expect(numbering.number(ofCount: 290_000_000) == 290_000_000)
        #expect(numbering.count(ofNumber: 290_000_000) == 290_000_000)
        #expect(numbering.nominalStart(of: 290_000_000) == Ticks(1_740_000_000, timescale: 1))
    }

    @Test func aShorterDurationNeedsNoOffset() {
        let next = SegmentNumbering.following(290_000_001, duration: Self.two, firstCount: 870_000_000)
        #expect(next == SegmentNumbering(duration: Self.two))
    }

    @Test func aLongerDurationGoesOnAboveWhatWas() {
        let next = SegmentNumbering.following(870_000_001, duration: Self.six, firstCount: 290_000_000)
        #expect(next.offset % SegmentNumbering.step == 0)
        let first = next.number(ofCount: 290_000_000)
        #expect(first >= 870_000_001 && first < 870_000_001 + SegmentNumbering.step)
        #expect(next.count(ofNumber: first) == 290_000_000)
        #expect(next.nominalStart(of: first) == Ticks(1_740_000_000, timescale: 1))
    }

    /// Two nodes that are reloaded one after the other.
    @Test func nodesAgreeOnTheOffset() {
        let first = SegmentNumbering.following(870_000_001, duration: Self.six, firstCount: 290_000_000)
        let second = SegmentNumbering.following(870_000_901, duration: Self.six, firstCount: 290_000_300)
        #expect(first == second)
    }

    @Test func nothingTrapsAtTheEnd() {
        let numbering = SegmentNumbering.following(.max, duration: Self.six, firstCount: 1)
        #expect(numbering.number(ofCount: .max) == .max)
        #expect(numbering.count(ofNumber: 5) == 0)
        #expect(numbering.nominalStart(of: 5) == Ticks(0, timescale: 1))
        #expect(SegmentNumbering(duration: Self.six).nominalStart(of: .max) == Ticks(.max, timescale: 1))
    }
}
