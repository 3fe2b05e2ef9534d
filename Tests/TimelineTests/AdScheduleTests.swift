import Media
import SCTE35
import Testing

@testable import Timeline

/// What becomes of sections: one break for what is said twice, and places that never change.
@Suite struct AdScheduleTests {
    private static let second: Int64 = 90_000
    private static let start: Int64 = 1_600_000_000 * second

    private func insert(
        _ event: UInt32, out: Bool = true, duration: Int64? = nil, returns: Bool = true
    ) -> SpliceInfoSection {
        SpliceInfoSection(
            .insert(
                SpliceInsert(
                    eventID: event, leavesNetwork: out, time: nil,
                    duration: duration.map {
                        BreakDuration(ticks: UInt64($0 * Self.second), returnsByItself: returns)
                    })))
    }

    private func segmentation(_ event: UInt32, _ type: UInt8, duration: UInt64? = nil) -> SpliceInfoSection {
        SpliceInfoSection(
            .timeSignal(SpliceTime(nil)),
            descriptors: [.segmentation(SegmentationDescriptor(eventID: event, type: type, duration: duration))])
    }

    private func take(_ schedule: inout AdSchedule, _ section: SpliceInfoSection, at seconds: Int64) -> [AdBreak] {
        schedule.take(section, section.serialize(), at: Self.start + seconds * Self.second)
    }

    /// Segments of 2 s.
    private func reach(_ schedule: inout AdSchedule, _ numbers: ClosedRange<UInt64>) -> [AdBreak] {
        numbers.flatMap { schedule.reach($0, start: Self.start + Int64($0) * 2 * Self.second) }
    }

    @Test func aBreakThatReturnsByItself() throws {
        var schedule = AdSchedule()
        let made = take(&schedule, insert(7, duration: 5), at: 4)
        #expect(made.map(\.id) == ["splice-00000007-1600000004000"])
        #expect(reach(&schedule, 0...1).isEmpty)
        #expect(reach(&schedule, 2...2).map(\.begin?.number) == [2])
        #expect(schedule.breaks[0].contains(2) && !schedule.breaks[0].contains(1))
        // Over at 9 s: the segment at 10 s.
        #expect(reach(&schedule, 3...5).map(\.end?.number) == [5])
        #expect(schedule.breaks[0].contains(4) && !schedule.breaks[0].contains(5))
        #expect(schedule.breaks[0].knownEnd == Self.start + 9 * Self.second)
    }

    @Test func bothEncodersSayItAndOneGoesOnSayingIt() {
        var schedule = AdSchedule()
        #expect(take(&schedule, insert(7, duration: 30), at: 4).count == 1)
        let again = insert(7, duration: 30)
        #expect(schedule.take(again, again.serialize(), at: Self.start + 4 * Self.second + 3000).isEmpty)
        _ = reach(&schedule, 0...5)
        #expect(take(&schedule, insert(7, duration: 30), at: 14).isEmpty)
        // After it, the same number is another break.
        #expect(take(&schedule, insert(7, duration: 30), at: 40).count == 1)
        #expect(schedule.breaks.count == 2)
    }

    @Test func anExplicitReturn() {
        var schedule = AdSchedule()
        _ = take(&schedule, insert(7, duration: 30, returns: false), at: 4)
        _ = reach(&schedule, 0...4)
        // Splice returns often have another number.
        let back = take(&schedule, insert(8, out: false), at: 12)
        #expect(back.map(\.returnTime) == [Self.start + 12 * Self.second])
        #expect(take(&schedule, insert(8, out: false), at: 12).isEmpty)
        #expect(reach(&schedule, 5...7).map(\.end?.number) == [6])
    }

    @Test func whoNeverSaysThatItIsOver() {
        var schedule = AdSchedule()
        _ = take(&schedule, insert(7, duration: 30, returns: false), at: 0)
        #expect(reach(&schedule, 0...44).map(\.end) == [nil])
        #expect(reach(&schedule, 45...45).count == 1)
    }

    @Test func aWordThatComesTooLateChangesNothingThatWasShown() {
        var schedule = AdSchedule()
        _ = reach(&schedule, 0...9)
        _ = take(&schedule, insert(7, duration: 4), at: 5)
        #expect(reach(&schedule, 9...9).isEmpty)
        #expect(reach(&schedule, 10...10).map(\.begin?.number) == [10])
        #expect(reach(&schedule, 11...11).map(\.end?.number) == [11])
    }

    @Test func movedAndCancelledBeforeItBegan() {
        var schedule = AdSchedule()
        _ = take(&schedule, insert(7, duration: 4), at: 10)
        let moved = take(&schedule, insert(7, duration: 4), at: 13)
        #expect(moved.map(\.isCancelled) == [true, false])
        var cancel = SpliceInsert(eventID: 7, leavesNetwork: false, time: nil)
        cancel.splice = nil
        #expect(take(&schedule, SpliceInfoSection(.insert(cancel)), at: 5).map(\.isCancelled) == [true])
        #expect(reach(&schedule, 0...9).isEmpty)
        schedule.forget(before: 9, start: Self.start + 18 * Self.second)
        #expect(schedule.breaks.isEmpty)
    }

    @Test func breaksWithinBreaksAndOtherCommands() {
        var schedule = AdSchedule()
        _ = take(&schedule, segmentation(1, 0x34), at: 2)
        _ = take(&schedule, segmentation(2, 0x30, duration: 4 * 90_000), at: 2)
        _ = take(&schedule, segmentation(3, 0x10), at: 6)
        _ = take(&schedule, segmentation(1, 0x35), at: 8)
        _ = reach(&schedule, 0...6)
        #expect(schedule.breaks.map(\.kind) == [.avail, .avail, .command])
        #expect(schedule.breaks.map(\.begin?.number) == [1, 1, 3])
        #expect(schedule.breaks.map(\.end?.number) == [4, 3, 3])
        #expect(schedule.breaks[2].id == "segment-10-00000003-1600000006000")
        // The last that ended stays: Periods count on from there.
        schedule.forget(before: 6, start: 0)
        #expect(schedule.breaks.map(\.eventID) == [1])
    }

    @Test func manyAreBoundedAndTimesOfStrangersDoNotTrap() {
        var schedule = AdSchedule()
        for event in 0..<2000 { _ = take(&schedule, insert(UInt32(event)), at: Int64(event)) }
        #expect(schedule.breaks.count == AdSchedule.mostBreaks)
        var other = AdSchedule()
        let section = insert(1, duration: 90_000)
        _ = other.take(section, section.serialize(), at: .max)
        _ = other.take(section, section.serialize(), at: 0)
        let back = insert(1, out: false)
        _ = other.take(back, back.serialize(), at: .max)
        _ = other.reach(1, start: .max - 10_000)
        #expect(other.breaks.count == 2)
    }
}
