import Live
import Media
import Testing

/// Segments of 2 s in two chunks; times are seconds after segment 100 begins, in milliseconds.
@Suite struct InputHoldTests {
    private static func hold(seconds: Int64 = 10, fills: Bool = true, ends: Bool = false) -> InputHold {
        InputHold(
            .init(
                duration: Ticks(2, timescale: 1), partMilliseconds: 1000, holdMilliseconds: seconds * 1000,
                fills: fills,
                ends: ends))
    }

    private func at(_ milliseconds: Int64) -> Int64 { 200_000 + milliseconds }

    private func fill(_ segments: ClosedRange<UInt64>) -> [InputHold.Action] {
        segments.flatMap { [.fill(segment: $0, part: 0), .fill(segment: $0, part: 1)] as [InputHold.Action] }
    }

    /// Lost in the middle of segment 100, with the picture at hand.
    private func lost(_ hold: InputHold, at time: Int64 = 500) -> InputHold {
        var hold = hold
        hold.listed(now: at(time - 100))
        #expect(hold.left(firstFree: 101, now: at(time)) == [.prepare])
        #expect(hold.prepared(now: at(time)) == [])
        return hold
    }

    /// What the filler closes of an encoder that stalled is no input.
    @Test func aShortSegmentOfBeforeEndsNothing() {
        var hold = lost(Self.hold())
        #expect(!hold.elapsed(firstFree: 101, now: at(4000)).isEmpty)
        hold.listed(now: at(4000))
        #expect(!hold.elapsed(firstFree: 101, now: at(6000)).isEmpty)
        #expect(hold.giveWay(to: 104, now: at(6000)).last == .stop)
        hold.listed(now: at(8000))
        #expect(hold.elapsed(firstFree: 105, now: at(10_000)).isEmpty)
    }

    @Test func eachChunkIsFilledInWhenItIsOver() {
        var hold = lost(Self.hold())
        #expect(hold.state == .lost && hold.fillsNow && hold.lostSince == at(500))
        #expect(hold.deadline == at(3000))
        #expect(hold.elapsed(firstFree: 101, now: at(2999)) == [])
        #expect(
            hold.elapsed(firstFree: 101, now: at(3000)) == [.begin(since: at(500)), .fill(segment: 101, part: 0)])
        #expect(hold.state == .filling && hold.deadline == at(4000))
        #expect(hold.elapsed(firstFree: 102, now: at(4001)) == [.fill(segment: 101, part: 1)])
    }

    @Test(arguments: [false, true]) func afterTheHoldItStopsOrEnds(ends: Bool) {
        var hold = lost(Self.hold(seconds: 3, ends: ends))
        // 3.5 s after segment 100 began: segment 101 is the last that begins before.
        let last = hold.elapsed(firstFree: 101, now: at(10_000))
        #expect(last == [.begin(since: at(500))] + fill(101...101) + [.stop] + (ends ? [.end] : []))
        #expect(hold.state == (ends ? .ended : .none) && hold.deadline == nil && !hold.fillsNow)
        #expect(hold.elapsed(firstFree: 102, now: at(20_000)) == [])
        #expect(hold.left(firstFree: 102, now: at(20_000)) == [])
        // The next one is live, and can be lost again.
        hold.listed(now: at(30_000))
        #expect(hold.state == .live)
        #expect(hold.left(firstFree: 116, now: at(31_000)) == [.prepare])
    }

    @Test func withNothingToFillTheHoldPassesAllTheSame() {
        var hold = Self.hold(fills: false, ends: true)
        hold.listed(now: at(0))
        #expect(hold.deadline == nil)
        #expect(hold.left(firstFree: 101, now: at(500)) == [] && !hold.fillsNow)
        #expect(hold.deadline == at(10_500))
        #expect(hold.elapsed(firstFree: 101, now: at(10_499)) == [])
        #expect(hold.elapsed(firstFree: 101, now: at(10_500)) == [.end])
    }

    @Test func withoutAHoldItEndsAtOnce() {
        var hold = Self.hold(seconds: 0, fills: false, ends: true)
        hold.listed(now: at(0))
        #expect(hold.left(firstFree: 101, now: at(500)) == [.end])
    }

    @Test func whoComesBackGoesOnWhereASegmentBegins() {
        var hold = lost(Self.hold())
        _ = hold.elapsed(firstFree: 101, now: at(3000))
        // From the middle of 101 on there is an encoder, which has 102 whole.
        #expect(hold.giveWay(to: 102, now: at(3400)) == [.fill(segment: 101, part: 1), .stop])
        #expect(hold.state == .live)
    }

    @Test func whoComesBackBeforeAnythingWasFilledInLeavesNoTrace() {
        var hold = lost(Self.hold())
        #expect(hold.giveWay(to: 101, now: at(2500)) == [])
        #expect(hold.state == .live)
    }

    /// An encoder whose own encoding takes longer than a segment is late for what it has whole.
    @Test func whatIsFilledInAlreadyStays() {
        var hold = lost(Self.hold())
        #expect(hold.elapsed(firstFree: 101, now: at(6000)).count == 5)
        #expect(hold.giveWay(to: 102, now: at(6100)) == [.stop])
    }

    @Test func anEncoderWhoseSegmentsDoNotBecomeWholeIsLost() {
        var hold = Self.hold(seconds: 60)
        hold.listed(now: at(2100))
        #expect(hold.deadline == at(14_100))
        #expect(hold.elapsed(firstFree: 101, now: at(14_099)) == [])
        #expect(hold.elapsed(firstFree: 101, now: at(14_100)) == [.prepare])
        #expect(hold.lostSince == at(2100))
        // What was missed meanwhile comes at once.
        #expect(
            hold.prepared(now: at(14_150))
                == [.begin(since: at(2100))] + fill(101...106))
    }

    @Test func aPictureThatCannotBeMadeIsAGap() {
        var hold = Self.hold(ends: true)
        hold.listed(now: at(0))
        #expect(hold.left(firstFree: 101, now: at(500)) == [.prepare])
        // Nothing happens as long as there is none.
        #expect(hold.elapsed(firstFree: 101, now: at(5000)) == [])
        #expect(hold.prepared(isBarren: true, now: at(5000)) == [] && !hold.fillsNow)
        #expect(hold.elapsed(firstFree: 101, now: at(10_500)) == [.end])
        // The next loss is another one.
        hold.listed(now: at(20_000))
        #expect(hold.left(firstFree: 112, now: at(21_000)) == [.prepare] && hold.fillsNow)
    }

    @Test func aRestartGoesOnWithTheHold() {
        var hold = Self.hold(ends: true)
        #expect(hold.state == .none && hold.deadline == nil)
        #expect(hold.restored(since: at(500), firstFree: 103, now: at(7100)) == [.prepare])
        #expect(hold.prepared(now: at(7100)) == [.begin(since: at(500)), .fill(segment: 103, part: 0)])
        #expect(
            hold.elapsed(firstFree: 103, now: at(12_000))
                == [.fill(segment: 103, part: 1)] + fill(104...105) + [.stop, .end])
        var late = Self.hold(ends: true)
        #expect(late.restored(since: at(500), firstFree: 103, now: at(10_600)) == [.end] && late.state == .ended)
    }

    /// Hours in which the machine slept are not filled in.
    @Test func aLongPauseIsLeftOut() {
        var hold = lost(Self.hold(seconds: 86_400))
        let actions = hold.elapsed(firstFree: 101, now: at(3_600_000))
        #expect(actions.count == 1 + 2 * 10)
        #expect(actions.last == .fill(segment: 1899, part: 1))
    }

    @Test func aLongPauseInMidSegmentIsLeftOutToo() {
        var hold = lost(Self.hold(seconds: 86_400))
        #expect(hold.elapsed(firstFree: 101, now: at(3000)).last == .fill(segment: 101, part: 0))
        let actions = hold.elapsed(firstFree: 101, now: at(3_600_000))
        #expect(actions == [.fill(segment: 101, part: 1)] + fill(1890...1899))
        var waited = lost(Self.hold(seconds: 86_400))
        #expect(waited.elapsed(firstFree: 101, now: at(3000)).last == .fill(segment: 101, part: 0))
        #expect(
            waited.giveWay(to: 1901, now: at(3_600_000))
                == [.fill(segment: 101, part: 1)] + fill(1890...1900) + [.stop])
    }

    @Test func chunksOfASegmentThatIsNoWholeNumberOfThem() {
        let hold = InputHold(
            .init(
                duration: Ticks(180 * 1001, timescale: 30000), partMilliseconds: 1000, holdMilliseconds: 0, fills: true,
                ends: false))
        let span = hold.span(of: 1000)
        #expect(span.start == Ticks(180_180_000, timescale: 30000) && span.end == Ticks(180_360_180, timescale: 30000))
    }
}
