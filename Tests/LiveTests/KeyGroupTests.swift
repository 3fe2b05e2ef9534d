import Dispatch
import Files
import Foundation
import Keys
import Media
import Packager
import TestSupport
import Testing
import Timeline

@testable import Live

/// Which key protects which segment, once and for ever.
@Suite(.timeLimit(.minutes(5))) struct KeyGroupTests {
    private let studio = Studio(available: [Studio.period])
    private let tracks: [SyntheticTrack]
    private let timeline: ChannelTimeline

    init() throws {
        tracks = [try .video(), try .audio()]
        timeline = try ChannelTimeline(
            directory: nil, limits: .init(segmentDuration: Studio.duration, windowSeconds: 3600),
            budget: StorageBudget(maximumBytes: 1 << 30), onEvent: { _ in })
    }

    private func protection(_ schedule: KeySchedule, grace: UInt32 = 4) -> KeyGroup.Protection {
        KeyGroup.Protection(contract: Studio.contract, schedule: schedule, graceSeconds: grace)
    }

    private func add(_ numbers: Range<UInt64>) throws {
        let feed = try TimelineFeed(timeline, tracks)
        for number in numbers { try feed.add(Studio.number + number) }
        feed.end()
    }

    private func numbers(_ bound: KeyGroup.Bound) -> [UInt64] { bound.segments.map { $0.number - Studio.number } }

    @Test func theClearCaseHasRunsAndNoKeys() throws {
        try add(0..<3)
        try add(3..<4)
        try add(6..<8)
        let group = try KeyGroup(protection: nil, path: nil, snapshot: timeline.snapshot)
        let bound = try group.bind(timeline.snapshot, firstListed: 0)
        #expect(!bound.isWithheld)
        #expect(bound.segments.allSatisfy { $0.keys == nil })
        #expect(bound.segments.map { $0.run.firstNumber - Studio.number } == [0, 0, 0, 3, 6, 6])
        #expect(bound.segments.map(\.run.generation) == [1, 1, 1, 2, 3, 3])
        #expect(bound.segments[3].run.start == Ticks(144_000_000_540_000, timescale: 90000))
    }

    @Test func everySegmentHasTheKeyOfItsTime() async throws {
        studio.allow(Studio.period + 1)
        let schedule = studio.schedule()
        for period in [Studio.keyPeriod, KeyPeriod(Studio.period + 1)] {
            _ = await schedule.keys(for: period, until: .max)
        }
        try add(0..<8)
        let group = try KeyGroup(
            protection: protection(schedule), path: nil, snapshot: Snapshot(segmentDuration: Studio.duration))
        let bound = try group.bind(timeline.snapshot, firstListed: 0)
        #expect(bound.segments.compactMap { $0.keys?.index }.map { $0 - Studio.period } == [0, 0, 0, 0, 0, 1, 1, 1])
        #expect(bound.segments.map { $0.run.firstNumber - Studio.number } == [0, 0, 0, 0, 0, 5, 5, 5])
        #expect(bound.segments.map { $0.run.keyPeriod.index - Studio.period } == [0, 0, 0, 0, 0, 1, 1, 1])
    }

    /// Segment 5 is the first of the next key, which comes when parts of it are there.
    @Test func partsHaveTheirSegmentsKeyOrAreNotShown() async throws {
        let timeline = try ChannelTimeline(
            directory: nil, limits: .init(segmentDuration: Studio.duration, windowSeconds: 3600, showsParts: true),
            budget: StorageBudget(maximumBytes: 1 << 30), onEvent: { _ in })
        let feed = try TimelineFeed(timeline, tracks)
        for number in 0..<5 as Range<UInt64> { try feed.add(Studio.number + number) }
        for (index, track) in tracks.enumerated() {
            try timeline.append(
                track: index, segment: Studio.number + 5, endsSegment: false,
                bytes: track.chunks(of: Studio.number + 5, Studio.duration)[0], publication: feed.publication)
        }
        let early = studio.schedule()
        _ = await early.keys(for: Studio.keyPeriod, until: .max)
        for grace in [0, 4] as [UInt32] {
            let group = try KeyGroup(
                protection: protection(early, grace: grace), path: nil,
                snapshot: Snapshot(segmentDuration: Studio.duration))
            #expect(try group.bind(timeline.snapshot, firstListed: 0).segments.count == 5)
            let underWay = try group.bindUnderWay(timeline.snapshot)
            // Within the grace the key before goes on, for the whole segment.
            #expect(underWay?.bound.keys?.index == (grace == 0 ? nil : Studio.period))
            #expect(try group.bind(timeline.snapshot, firstListed: 0).isWithheld == false)
        }
        studio.allow(Studio.period + 1)
        // Its time has come: an edition replaces keys of times to come.
        studio.clock.advance(milliseconds: 10_000)
        let schedule = studio.schedule()
        for period in [Studio.keyPeriod, KeyPeriod(Studio.period + 1)] {
            _ = await schedule.keys(for: period, until: .max)
        }
        let group = try KeyGroup(
            protection: protection(schedule), path: nil, snapshot: Snapshot(segmentDuration: Studio.duration))
        _ = try group.bind(timeline.snapshot, firstListed: 0)
        let underWay = try #require(try group.bindUnderWay(timeline.snapshot))
        #expect(underWay.bound.keys?.index == Studio.period + 1)
        #expect(underWay.bound.run.firstNumber == Studio.number + 5)
        #expect(underWay.parts.map(\.count) == [1, 1])
        #expect(group.upcoming(timeline.snapshot)?.firstNumber == Studio.number + 5, "what is whole has the key before")
        // An emergency: not for what is under way.
        _ = try group.startEdition(timeline.snapshot)
        feed.end()
        let bound = try group.bind(timeline.snapshot, firstListed: 0)
        #expect(bound.segments.last?.run == underWay.bound.run)
    }

    /// A clear lead counts from the first segment, parts of which are there before it is listed.
    @Test func partsOfAClearLeadAreClear() async throws {
        let timeline = try ChannelTimeline(
            directory: nil, limits: .init(segmentDuration: Studio.duration, windowSeconds: 3600, showsParts: true),
            budget: StorageBudget(maximumBytes: 1 << 30), onEvent: { _ in })
        let feed = try TimelineFeed(timeline, tracks)
        let schedule = studio.schedule()
        _ = await schedule.keys(for: Studio.keyPeriod, until: .max)
        var led = protection(schedule)
        led.clearLeadSeconds = 4
        let group = try KeyGroup(protection: led, path: nil, snapshot: timeline.snapshot)
        var periods: [KeyPeriod?] = []
        for number in 0..<3 as Range<UInt64> {
            for (index, track) in tracks.enumerated() {
                try timeline.append(
                    track: index, segment: Studio.number + number, endsSegment: false,
                    bytes: track.chunks(of: Studio.number + number, Studio.duration)[0],
                    publication: feed.publication)
            }
            _ = try group.bind(timeline.snapshot, firstListed: 0)
            periods.append(try group.bindUnderWay(timeline.snapshot)?.bound.keys?.period)
        }
        #expect(periods == [.clearLead, .clearLead, Studio.keyPeriod])
    }

    /// The next key is late: the one before goes on for its grace, is written down, and stays what it was.
    @Test func aBindingWithinTheGraceSurvivesARestart() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/bindings.json"
        let schedule = studio.schedule()
        _ = await schedule.keys(for: Studio.keyPeriod, until: .max)
        try add(0..<6)
        let group = try KeyGroup(
            protection: protection(schedule), path: path, disk: .patient,
            snapshot: Snapshot(segmentDuration: Studio.duration))
        let bound = try group.bind(timeline.snapshot, firstListed: 0)
        #expect(bound.segments.compactMap { $0.keys?.index } == Array(repeating: Studio.period, count: 6))
        #expect(!bound.isWithheld)
        // Both keys are there when the daemon comes back.
        studio.allow(Studio.period + 1)
        let later = studio.schedule()
        for period in [Studio.keyPeriod, KeyPeriod(Studio.period + 1)] {
            _ = await later.keys(for: period, until: .max)
        }
        let again = try KeyGroup(protection: protection(later), path: path, disk: .patient, snapshot: timeline.snapshot)
        try add(6..<7)
        let rebound = try again.bind(timeline.snapshot, firstListed: 0)
        #expect(rebound.segments.compactMap { $0.keys?.index }.map { $0 - Studio.period } == [0, 0, 0, 0, 0, 0, 1])
        #expect(rebound.segments[..<6].map(\.run) == bound.segments[..<6].map(\.run))
        let text = try directory.read("bindings.json")
        #expect(text.contains("exceptions"))
        let keys = try SyntheticKeys.keys(of: Studio.keyPeriod)
        let secret = Data(keys.video.keyID.bytes.reversed())
        #expect(!text.contains(secret.base64EncodedString()))
        #expect(!text.contains(secret.map { String($0, radix: 16) }.joined()))
    }

    /// A file says which segments were a clear lead; that alone makes nothing clear where the profile wants no lead.
    @Test func aFileAloneMakesNothingClear() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/bindings.json"
        let schedule = studio.schedule()
        _ = await schedule.keys(for: Studio.keyPeriod, until: .max)
        try add(0..<3)
        var led = protection(schedule)
        led.clearLeadSeconds = 4
        let group = try KeyGroup(
            protection: led, path: path, disk: .patient, snapshot: Snapshot(segmentDuration: Studio.duration))
        let periods = try group.bind(timeline.snapshot, firstListed: 0).segments.map { $0.keys?.period }
        #expect(periods == [.clearLead, .clearLead, Studio.keyPeriod])
        let other = try KeyGroup(
            protection: protection(schedule), path: path, disk: .patient, snapshot: timeline.snapshot)
        let bound = try other.bind(timeline.snapshot, firstListed: 0)
        #expect(bound.isWithheld)
        #expect(!bound.segments.contains { $0.keys?.period == .clearLead })
    }

    /// A window of 20 s: of the event before the present one the last two segments are still there.
    @Test func aClearLeadIsOfItsEventAfterARestartToo() async throws {
        let directory = try TemporaryDirectory()
        func open(windowSeconds: UInt32) throws -> ChannelTimeline {
            try ChannelTimeline(
                directory: directory.path,
                limits: .init(segmentDuration: Studio.duration, windowSeconds: windowSeconds),
                budget: StorageBudget(maximumBytes: 1 << 30), disk: .patient, onEvent: { _ in })
        }
        func add(_ numbers: Range<UInt64>, to timeline: ChannelTimeline) throws {
            let feed = try TimelineFeed(timeline, tracks)
            for number in numbers { try feed.add(Studio.number + number) }
            feed.end()
        }
        studio.allow(Studio.period + 4)
        studio.clock.advance(milliseconds: 40_000)
        let schedule = studio.schedule()
        for period in [Studio.period, Studio.period + 4] {
            _ = await schedule.keys(for: KeyPeriod(period), until: .max)
        }
        var led = protection(schedule)
        led.clearLeadSeconds = 4
        func group(_ timeline: ChannelTimeline, _ name: String = "bindings.json") throws -> KeyGroup {
            try KeyGroup(
                protection: led, path: directory.path + "/" + name, disk: .patient, snapshot: timeline.snapshot)
        }
        func periods(_ group: KeyGroup, _ timeline: ChannelTimeline) throws -> [UInt64: KeyPeriod] {
            let segments = try group.bind(timeline.snapshot, firstListed: 0).segments
            return Dictionary(
                uniqueKeysWithValues: segments.compactMap { segment in
                    segment.keys.map { (segment.number - Studio.number, $0.period) }
                })
        }
        let (early, late) = (Studio.keyPeriod, KeyPeriod(Studio.period + 4))
        let first = try open(windowSeconds: 3600)
        let before = try group(first)
        try add(0..<4, to: first)
        #expect(try periods(before, first) == [0: .clearLead, 1: .clearLead, 2: early, 3: early])
        try add(20..<22, to: first)
        #expect(try periods(before, first)[20] == late)
        first.retire()
        // With a shorter window the pause makes an event of its own, which did not begin in the clear.
        let second = try open(windowSeconds: 20)
        #expect(second.snapshot.eventStart == Studio.number + 20)
        let after = try group(second)
        let same = [0: .clearLead, 1: .clearLead, 2: early, 3: early, 20: late, 21: late] as [UInt64: KeyPeriod]
        #expect(try periods(after, second) == same)
        // Bindings of another name, as of a new endpoint: a lead of its own, but of the present event only.
        let anew = same.merging([0: early, 1: early, 20: .clearLead, 21: .clearLead]) { $1 }
        #expect(try periods(try group(second, "other.json"), second) == anew)
        // What comes now is of the same event, whose beginning is protected.
        try add(22..<23, to: second)
        #expect(try periods(after, second)[22] == late)
    }

    @Test func theEndOfAClearLeadIsWrittenDownBeforeItIsListed() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/bindings.json"
        let schedule = studio.schedule()
        _ = await schedule.keys(for: Studio.keyPeriod, until: .max)
        var led = protection(schedule)
        led.clearLeadSeconds = 4
        let disk = DiskQueue(patienceMilliseconds: 100)
        let group = try KeyGroup(protection: led, path: path, disk: disk, snapshot: timeline.snapshot)
        try add(0..<2)
        // A busy machine may be late here too; then it is there in its turn.
        _ = try group.bind(timeline.snapshot, firstListed: 0) { _ in true }
        disk.finish()
        let goOn = disk.standStill()
        try add(2..<3)
        #expect(throws: FileError.late(path)) { _ = try group.bind(timeline.snapshot, firstListed: 0) }
        goOn()
    }

    @Test func pastTheGraceNothingIsListedUntilTheKeyComes() async throws {
        let schedule = studio.schedule()
        _ = await schedule.keys(for: Studio.keyPeriod, until: .max)
        try add(0..<10)
        let group = try KeyGroup(
            protection: protection(schedule), path: nil, snapshot: Snapshot(segmentDuration: Studio.duration))
        let bound = try group.bind(timeline.snapshot, firstListed: Studio.number)
        // The period ended at 5, its grace at 7.
        #expect(numbers(bound) == Array(0..<7))
        #expect(bound.isWithheld)
        studio.allow(Studio.period + 1)
        studio.clock.advance(milliseconds: 60_000)
        _ = await schedule.keys(for: KeyPeriod(Studio.period + 1), until: .max)
        let complete = try group.bind(timeline.snapshot, firstListed: Studio.number)
        #expect(!complete.isWithheld)
        #expect(
            complete.segments.compactMap { $0.keys?.index }.map { $0 - Studio.period } == [
                0, 0, 0, 0, 0, 0, 0, 1, 1, 1,
            ])
    }

    /// Old segments outside every manifest, whose key is gone, hold nothing up.
    @Test func aMissingKeyOfOldSegmentsIsPassedOver() async throws {
        studio.allow(Studio.period + 1)
        let schedule = studio.schedule()
        _ = await schedule.keys(for: KeyPeriod(Studio.period + 1), until: .max)
        try add(0..<8)
        let group = try KeyGroup(
            protection: KeyGroup.Protection(
                contract: Studio.contract, schedule: schedule, graceSeconds: 0),
            path: nil, snapshot: Snapshot(segmentDuration: Studio.duration))
        let before = try group.bind(timeline.snapshot, firstListed: Studio.number + 5)
        #expect(!before.isWithheld)
        #expect(numbers(before).suffix(3) == [5, 6, 7])
    }

    @Test func whatCannotBeWrittenDownIsNotListed() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/none/bindings.json"
        try add(0..<2)
        let group = try KeyGroup(protection: nil, path: path, disk: .patient, snapshot: timeline.snapshot)
        for _ in 0..<3 {
            #expect(throws: FileError.self) { _ = try group.bind(timeline.snapshot, firstListed: 0) }
        }
        try PlainFile.makeDirectory(directory.path + "/none")
        #expect(numbers(try group.bind(timeline.snapshot, firstListed: 0)) == [0, 1])
        #expect(try directory.names(in: "none") == ["bindings.json"])
    }

    /// The disk is late just where the key changes. By the segment's time a restart decides the same; but not on a key
    /// that went on for its grace.
    @Test(arguments: [true, false]) func aKeyChangeUnderALateDisk(_ isHeld: Bool) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/bindings.json"
        if isHeld { studio.allow(Studio.period + 1) }
        let schedule = studio.schedule()
        for period in isHeld ? [Studio.period, Studio.period + 1] : [Studio.period] {
            _ = await schedule.keys(for: KeyPeriod(period), until: .max)
        }
        try add(0..<4)
        let disk = DiskQueue(patienceMilliseconds: 100)
        let group = try KeyGroup(
            protection: protection(schedule), path: path, disk: disk,
            snapshot: Snapshot(segmentDuration: Studio.duration))
        _ = try group.bind(timeline.snapshot, firstListed: 0)
        disk.finish()
        let gate = DispatchSemaphore(value: 0)
        disk.post { gate.wait() }
        try add(4..<6)
        if isHeld {
            for _ in 0..<3 {
                let bound = try group.bind(timeline.snapshot, firstListed: 0) { _ in false }
                #expect(bound.segments.compactMap { $0.keys?.index }.map { $0 - Studio.period } == [0, 0, 0, 0, 0, 1])
            }
            #expect(group.isWritten)
        } else {
            #expect(throws: FileError.late(path)) {
                _ = try group.bind(timeline.snapshot, firstListed: 0) { _ in false }
            }
            #expect(!group.isWritten)
            // Where a restart will find nothing of them they may be shown.
            let bound = try group.bind(timeline.snapshot, firstListed: 0) { $0 == Studio.number + 4 }
            #expect(bound.segments.compactMap { $0.keys?.index } == Array(repeating: Studio.period, count: 6))
        }
        gate.signal()
        disk.finish()
        // What was late is there: nothing is written again for it.
        disk.post { gate.wait() }
        let bound = try group.bind(timeline.snapshot, firstListed: 0) { _ in false }
        #expect(group.isWritten)
        gate.signal()
        disk.finish()
        let again = try KeyGroup(
            protection: protection(schedule), path: path, disk: .patient, snapshot: timeline.snapshot)
        #expect(try again.bind(timeline.snapshot, firstListed: 0).segments.map(\.run) == bound.segments.map(\.run))
    }

    /// An edition that was said not to begin may come to the disk: what holds is written over it.
    @Test func anEditionThatIsLateDoesNotBegin() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/bindings.json"
        try add(0..<2)
        let disk = DiskQueue(patienceMilliseconds: 100)
        let group = try KeyGroup(
            protection: protection(studio.schedule()), path: path, disk: disk, snapshot: timeline.snapshot)
        _ = try group.bind(timeline.snapshot, firstListed: 0) { _ in true }
        disk.finish()
        let before = try directory.read("bindings.json")
        let gate = DispatchSemaphore(value: 0)
        disk.post { gate.wait() }
        #expect(throws: FileError.late(path)) { _ = try group.startEdition(timeline.snapshot) }
        gate.signal()
        disk.finish()
        #expect(try directory.read("bindings.json") != before)
        #expect(!group.isWritten)
        // A busy machine may be late here too; then it is there in its turn.
        _ = try group.bind(timeline.snapshot, firstListed: 0) { _ in true }
        disk.finish()
        let after = try directory.read("bindings.json")
        #expect(!after.contains("edition\":1") && after.count == before.count)
    }

    /// A file may have its new name although its folder could not be flushed: what the disk has is not known.
    @Test func anEditionThatFailedIsWrittenOver() throws {
        let directory = try TemporaryDirectory()
        try add(0..<2)
        func group(_ name: String) throws -> KeyGroup {
            let group = try KeyGroup(
                protection: protection(studio.schedule()), path: directory.path + "/" + name, disk: .patient,
                snapshot: timeline.snapshot)
            _ = try group.bind(timeline.snapshot, firstListed: 0)
            return group
        }
        let (failing, other) = try (group("bindings.json"), group("other.json"))
        let before = try directory.read("bindings.json")
        try PlainFile.makeDirectory(directory.path + "/bindings.json.new")
        #expect(throws: FileError(operation: "open", path: directory.path + "/bindings.json.new", code: EISDIR)) {
            _ = try failing.startEdition(timeline.snapshot)
        }
        try directory.remove("bindings.json.new")
        _ = try other.startEdition(timeline.snapshot)
        try directory.write(try directory.read("other.json"), to: "bindings.json")
        #expect(!failing.isWritten)
        _ = try failing.bind(timeline.snapshot, firstListed: 0)
        #expect(failing.isWritten)
        #expect(try directory.read("bindings.json").count == before.count)
    }

    /// A crash may lose a file in the middle of a run: the segments after it stay in the runs they were listed in.
    @Test func runsOfLaterSegmentsSurviveALostFile() throws {
        let directory = try TemporaryDirectory()
        func open() throws -> ChannelTimeline {
            try ChannelTimeline(
                directory: directory.path, limits: .init(segmentDuration: Studio.duration, windowSeconds: 3600),
                budget: StorageBudget(maximumBytes: 1 << 30), disk: .patient, onEvent: { _ in })
        }
        let first = try open()
        let feed = try TimelineFeed(first, tracks)
        for number in [0, 1, 2, 5, 6] as [UInt64] { try feed.add(Studio.number + number) }
        let path = directory.path + "/bindings.json"
        let before = try KeyGroup(protection: nil, path: path, disk: .patient, snapshot: first.snapshot)
            .bind(first.snapshot, firstListed: 0)
        #expect(before.segments.map { $0.run.firstNumber - Studio.number } == [0, 0, 0, 5, 5])
        try directory.remove("720p/\(Studio.number + 1).m4s")
        let second = try open()
        let group = try KeyGroup(protection: nil, path: path, disk: .patient, snapshot: second.snapshot)
        let after = try group.bind(second.snapshot, firstListed: 0)
        #expect(numbers(after) == [0, 2, 5, 6])
        #expect(after.segments.map { $0.run.firstNumber - Studio.number } == [0, 2, 5, 5])
    }

    /// A window of a day is looked at with every new segment: once over it, not once for each of its runs.
    @Test func aLongWindowIsBoundInOneGo() throws {
        try add(0..<40)
        let group = try KeyGroup(protection: nil, path: nil, snapshot: timeline.snapshot)
        let bound = try group.bind(timeline.snapshot, firstListed: 0)
        #expect(Set(bound.segments.map(\.run)).count == 1)
        for count in 40..<60 as Range<UInt64> {
            try add(count..<count + 1)
            #expect(try group.bind(timeline.snapshot, firstListed: 0).segments.count == Int(count) + 1)
        }
        let last = try group.bind(timeline.snapshot, firstListed: 0)
        #expect(Set(last.segments.map(\.run)).count == 21)
    }

    /// What the file said is lost: nothing at the old addresses, other keys, and no key of an edition that was given up.
    @Test func aDamagedFileIsKeptAndAllIsDecidedAnew() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/bindings.json"
        try add(0..<3)
        let schedule = studio.schedule()
        _ = await schedule.keys(for: KeyPeriod(Studio.period), until: .max)
        let before = try KeyGroup(
            protection: protection(schedule), path: path, disk: .patient, snapshot: timeline.snapshot)
        _ = try before.bind(timeline.snapshot, firstListed: 0)
        #expect(try before.startEdition(timeline.snapshot) == 1)
        #expect(before.lossMark.isEmpty && before.damagedPath == nil)
        // Else a schedule that runs may have it before it is looked for.
        studio.withdraw(Studio.period)
        let text = try directory.read("bindings.json")
        for damaged in ["", String(text.dropLast(9)), "[]", "\u{0}\u{0}\u{0}"] {
            try directory.write(damaged, to: "bindings.json")
            let later = studio.schedule()
            let group = try KeyGroup(
                protection: protection(later), path: path, disk: .patient, snapshot: timeline.snapshot,
                now: 1_700_000_000_000)
            #expect(group.lossMark == " lost 28333333")
            let aside = try #require(group.damagedPath)
            #expect(try String(contentsOfFile: aside, encoding: .utf8) == damaged)
            let bound = try group.bind(timeline.snapshot, firstListed: 0)
            #expect(bound.segments.isEmpty && bound.isWithheld, "no key of that edition is here yet")
            // The mark stays over restarts; another loss later has another one.
            let again = try KeyGroup(
                protection: protection(studio.schedule()), path: path, disk: .patient, snapshot: timeline.snapshot,
                now: 1_800_000_000_000)
            #expect(again.lossMark == group.lossMark && again.damagedPath == nil)
            #expect(try again.startEdition(timeline.snapshot) == 28_333_334)
        }
        #expect(try directory.names(in: "").count == 5)
    }

    /// A file that cannot be read is not a missing one.
    @Test func anUnreadableFileKeepsTheGroupClosed() throws {
        let directory = try TemporaryDirectory()
        try PlainFile.makeDirectory(directory.path + "/bindings.json")
        #expect(throws: FileError(operation: "read", path: directory.path + "/bindings.json", code: EISDIR)) {
            _ = try KeyGroup(protection: nil, path: directory.path + "/bindings.json", snapshot: timeline.snapshot)
        }
    }
}
