import Media
import SCTE35
import TestSupport
import Testing
import Timeline

/// Splices in the window: over restarts, and as far back as it reaches.
@Suite struct AdBreakTests {
    private static let duration = Ticks(2, timescale: 1)
    private static let number: UInt64 = 800_000_000
    private static let start = Int64(number) * 2 * 90_000

    private func timeline(_ directory: String?, showsParts: Bool = false) throws -> ChannelTimeline {
        try ChannelTimeline(
            directory: directory,
            limits: .init(segmentDuration: Self.duration, windowSeconds: 20, showsParts: showsParts),
            budget: StorageBudget(maximumBytes: 1 << 30), disk: .patient, onEvent: { _ in })
    }

    private func out(_ event: UInt32, seconds: UInt64) -> [UInt8] {
        SpliceInfoSection(
            .insert(
                SpliceInsert(
                    eventID: event, leavesNetwork: true, time: nil,
                    duration: BreakDuration(ticks: seconds * 90_000, returnsByItself: true)))
        ).serialize()
    }

    @Test func breaksComeBackAfterARestartAndLeaveWithTheWindow() throws {
        let directory = try TemporaryDirectory()
        let tracks = [try SyntheticTrack.video(), try .audio()]
        var timeline = try timeline(directory.path)
        var feed = try TimelineFeed(timeline, tracks)
        try feed.add(Self.number)
        #expect(try timeline.mark(out(7, seconds: 4), at: Self.start + 4 * 90_000))
        #expect(try !timeline.mark(out(7, seconds: 4), at: Self.start + 4 * 90_000))
        for number in Self.number + 1...Self.number + 2 { try feed.add(number) }
        let begun = try #require(timeline.snapshot.adBreaks.first)
        #expect(begun.begin == AdBreak.Place(number: Self.number + 2, start: Self.start + 4 * 90_000))
        #expect(begun.end == nil)
        timeline.retire()
        timeline = try self.timeline(directory.path)
        #expect(timeline.snapshot.adBreaks == [begun])
        feed = try TimelineFeed(timeline, tracks)
        for number in Self.number + 3...Self.number + 5 { try feed.add(number) }
        #expect(timeline.snapshot.adBreaks.first?.end?.number == Self.number + 4)
        #expect(try timeline.mark(out(8, seconds: 2), at: Self.start + 12 * 90_000))
        for number in Self.number + 6...Self.number + 30 { try feed.add(number) }
        // The last one that was stays, to count Periods from.
        #expect(timeline.snapshot.adBreaks.map(\.eventID) == [8])
        let before = timeline.snapshot.adBreaks
        timeline.retire()
        #expect(try self.timeline(directory.path).snapshot.adBreaks == before)
    }

    @Test func aBreakBeginsWithTheFirstPartOfItsSegment() throws {
        let timeline = try timeline(nil, showsParts: true)
        let track = try SyntheticTrack.video()
        let feed = try TimelineFeed(timeline, [track])
        try feed.add(Self.number)
        try timeline.mark(out(7, seconds: 4), at: Self.start + 2 * 90_000)
        try timeline.append(
            track: 0, segment: Self.number + 1, endsSegment: false,
            bytes: track.chunks(of: Self.number + 1, Self.duration, parts: 4)[0], publication: feed.publication)
        #expect(timeline.snapshot.underWay?.segment.number == Self.number + 1)
        #expect(timeline.snapshot.adBreaks.first?.begin?.number == Self.number + 1)
        // What is said of it now is too late for it.
        try timeline.mark(out(9, seconds: 4), at: Self.start + 2 * 90_000 + 9000)
        #expect(timeline.snapshot.adBreaks.last?.begin == nil)
    }

    @Test func whatIsNoSectionIsRefused() throws {
        let timeline = try timeline(nil)
        #expect(throws: ParseError.self) { try timeline.mark([0xFC, 0x30], at: 0) }
        #expect(timeline.snapshot.adBreaks.isEmpty)
    }
}
