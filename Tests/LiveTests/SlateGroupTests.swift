import Keys
import Media
import Packager
import Slate
import TestSupport
import Testing
import Timeline

@testable import Live

/// Segments past the grace: a slate stands for them, under the reserve key, for ever.
@Suite(.timeLimit(.minutes(5))) struct SlateGroupTests {
    private let studio = Studio()
    private let tracks: [SyntheticTrack]
    private let timeline: ChannelTimeline
    private let shelf = SlateShelf(directory: nil, seal: nil)
    private let slate: Slate
    private let next = Studio.period + 1

    init() throws {
        tracks = [try .video(), try .audio()]
        timeline = try ChannelTimeline(
            directory: nil, limits: .init(segmentDuration: Studio.duration, windowSeconds: 3600),
            budget: StorageBudget(maximumBytes: 1 << 30), onEvent: { _ in })
        slate = try SyntheticSlate(tracks).slate()
        try shelf.put(slate)
    }

    private func group(
        _ schedule: KeySchedule, path: String? = nil, shelf: SlateShelf? = nil, shows: Bool = true,
        after snapshot: Snapshot = Snapshot(segmentDuration: Studio.duration)
    ) throws -> KeyGroup {
        try KeyGroup(
            protection: .init(
                contract: Studio.contract, schedule: schedule, graceSeconds: 4, slates: shelf ?? self.shelf,
                showsSlate: shows),
            path: path, disk: .patient, snapshot: snapshot)
    }

    private func add(_ numbers: Range<UInt64>) throws {
        let feed = try TimelineFeed(timeline, tracks)
        for number in numbers { try feed.add(Studio.number + number) }
        feed.end()
    }

    private func bind(_ group: KeyGroup) throws -> KeyGroup.Bound {
        try group.bind(timeline.snapshot, firstListed: Studio.number)
    }

    /// The provider gives what it did not.
    private func bringBack(_ schedule: KeySchedule) async {
        for period in [next, next + 1] { studio.allow(period) }
        studio.clock.advance(milliseconds: 60_000)
        for period in [next, next + 1] { _ = await schedule.keys(for: KeyPeriod(period), until: .max) }
    }

    /// The numbers that a slate stands for.
    private func slates(_ bound: KeyGroup.Bound) -> [UInt64] {
        bound.segments.filter { $0.slate != nil }.map { $0.number - Studio.number }
    }

    @Test func pastTheGraceASlateIsListedUntilTheKeyComes() async throws {
        let schedule = await studio.scheduleInAnOutage()
        let group = try group(schedule)
        try add(0..<10)
        // The period ended at 5, its grace at 7.
        let bound = try bind(group)
        #expect(!bound.isWithheld && bound.segments.count == 10 && slates(bound) == [7, 8, 9])
        #expect(bound.segments[7...].allSatisfy { $0.keys?.period == .reserve() && $0.run.slate == slate.id })
        #expect(
            bound.steps.map(\.to) == [.grace, .slate]
                && bound.steps.map(\.segment) == [5, 7].map { Studio.number + $0 })
        #expect(bound.segments.map(\.run.slateSwitches) == [0, 0, 0, 0, 0, 0, 0, 1, 1, 1])

        await bringBack(schedule)
        try timeline.append(10, tracks)
        let after = try bind(group)
        #expect(slates(after) == [7, 8, 9] && after.segments.last?.keys?.index == next + 1)
        #expect(after.steps.map(\.from) == [.slate] && after.steps.map(\.to) == [.own] && after.step == .own)
        // A publication of its own begins with a discontinuity of the timeline: no second one is counted.
        #expect(after.segments.last?.segment.isDiscontinuity == true && after.segments.last?.run.slateSwitches == 1)
        // Neither run goes on with the other's: a Period for each.
        #expect(after.segments[7].run.origin.firstNumber == Studio.number + 7)
    }

    @Test func theEndOfASlateIsCountedWhereThePublicationGoesOn() async throws {
        let schedule = await studio.scheduleInAnOutage()
        let group = try group(schedule)
        let feed = try TimelineFeed(timeline, tracks)
        for number in 0..<9 as Range<UInt64> { try feed.add(Studio.number + number) }
        #expect(slates(try bind(group)) == [7, 8])
        await bringBack(schedule)
        for number in 9..<11 as Range<UInt64> { try feed.add(Studio.number + number) }
        let bound = try bind(group)
        #expect(bound.segments.map(\.run.slateSwitches) == [0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2])
        #expect(bound.segments[10].run.origin.firstNumber == Studio.number + 9)
    }

    @Test func aRestartKeepsWhatWasSlate() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/bindings.json"
        let schedule = await studio.scheduleInAnOutage()
        try add(0..<9)
        let before = try bind(try group(schedule, path: path))
        // With every key at hand, and another slate for what comes.
        studio.allow(next)
        let later = studio.schedule(keepsReserve: true)
        for period in [Studio.keyPeriod, KeyPeriod(next), .reserve()] { _ = await later.keys(for: period, until: .max) }
        try shelf.put(try SyntheticSlate(tracks, variant: 5).slate())
        let again = try group(later, path: path, after: timeline.snapshot)
        let bound = try bind(again)
        #expect(bound.segments.map(\.run) == before.segments.map(\.run))
        #expect(bound.segments.map(\.slate?.id) == before.segments.map(\.slate?.id) && bound.steps.isEmpty)
        #expect(again.slates == [slate.id])
    }

    /// Nothing else may ever stand in its place, the real media least of all.
    @Test func aLostSlateLeavesAHole() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/bindings.json"
        let schedule = await studio.scheduleInAnOutage()
        try add(0..<9)
        _ = try bind(try group(schedule, path: path))
        let empty = SlateShelf(directory: nil, seal: nil)
        let bound = try bind(try group(schedule, path: path, shelf: empty, after: timeline.snapshot))
        #expect(bound.segments.map { $0.number - Studio.number } == Array(0..<7) && !bound.isWithheld)
    }

    @Test func withoutASlateOrTheReserveSegmentsWait() async throws {
        let schedule = await studio.scheduleInAnOutage()
        try add(0..<9)
        #expect(try bind(try group(schedule, shows: false)).isWithheld)
        #expect(try bind(try group(schedule, shelf: SlateShelf(directory: nil, seal: nil))).isWithheld)
        let without = await Studio().scheduleInAnOutage(holding: [Studio.period])
        #expect(try bind(try group(without)).isWithheld)
    }

    /// The slate is made only now: what has waited, and nobody saw, becomes slate with what follows.
    @Test func segmentsThatWaitedBecomeSlate() async throws {
        let schedule = await studio.scheduleInAnOutage()
        let late = SlateShelf(directory: nil, seal: nil)
        let group = try group(schedule, shelf: late)
        try add(0..<9)
        let waiting = try bind(group)
        #expect(waiting.isWithheld && waiting.segments.count == 7 && waiting.step == .waiting)
        try late.put(slate)
        try add(9..<10)
        let bound = try bind(group)
        #expect(!bound.isWithheld && bound.segments.count == 10 && slates(bound) == [7, 8, 9])
        #expect(bound.segments.map { $0.run.firstNumber - Studio.number } == [0, 0, 0, 0, 0, 0, 0, 7, 7, 9])
    }

    @Test func aSlateLiesSealedInItsDirectory() throws {
        let directory = try TemporaryDirectory()
        let other = try SyntheticSlate(tracks, variant: 9).slate(recipe: "other")
        let first = SlateShelf(directory: directory.path, seal: nil)
        try first.put(other)
        try first.put(slate)
        let again = SlateShelf(directory: directory.path, seal: nil)
        #expect(again.current == nil && again.damaged.isEmpty)
        #expect(again.slate(slate.id)?.record == slate.record && again.slate(other.id) != nil)
        #expect(again.takeCurrent(recipe: "test") && again.current?.id == slate.id)
        again.keep([])
        #expect(again.slate(other.id) == nil)
        let last = SlateShelf(directory: directory.path, seal: nil)
        #expect(last.slate(other.id) == nil && last.slate(slate.id) != nil)
        // One that is torn is none.
        let name = "slate-\(slate.id).clear"
        try directory.write("x", to: name)
        let damaged = SlateShelf(directory: directory.path, seal: nil)
        #expect(damaged.damaged.count == 1 && damaged.slate(slate.id) == nil)
    }
}

extension ChannelTimeline {
    /// One segment of a publication of its own.
    fileprivate func append(_ number: UInt64, _ tracks: [SyntheticTrack]) throws {
        let feed = try TimelineFeed(self, tracks)
        try feed.add(Studio.number + number)
        feed.end()
    }
}
