import Files
import Foundation
import Media
import Synchronization
import TestSupport
import Testing
import Timeline

/// The window over restarts and crashes.
@Suite struct RecoveryTests {
    static let duration = Ticks(2, timescale: 1)
    static let number: UInt64 = 800_000_000

    private let tracks: [SyntheticTrack]
    private let directory: TemporaryDirectory

    init() throws {
        tracks = [try .video(), try .audio()]
        directory = try TemporaryDirectory()
    }

    private func open(
        windowSeconds: UInt32 = 100, duration: Ticks = Self.duration,
        onEvent: @escaping @Sendable (ChannelTimeline.Event) -> Void = { _ in }
    ) throws -> ChannelTimeline {
        try ChannelTimeline(
            directory: directory.path + "/news",
            limits: .init(segmentDuration: duration, windowSeconds: windowSeconds),
            budget: StorageBudget(maximumBytes: 1 << 30), disk: .patient, onEvent: onEvent)
    }

    /// Three segments of one publication, two of the next.
    private func fill() throws -> Snapshot {
        let timeline = try open()
        let first = try TimelineFeed(timeline, tracks)
        for number in Self.number..<Self.number + 3 { try first.add(number) }
        let second = try TimelineFeed(timeline, tracks)
        for number in Self.number + 10..<Self.number + 12 { try second.add(number) }
        return timeline.snapshot
    }

    private func goOn(_ timeline: ChannelTimeline, at number: UInt64) throws -> WindowSegment? {
        let feed = try TimelineFeed(timeline, tracks)
        try feed.add(number)
        return timeline.snapshot.segments.last
    }

    @Test func everythingIsThereAfterARestart() throws {
        let before = try fill()
        let timeline = try open()
        #expect(timeline.snapshot.segments == before.segments)
        #expect(timeline.snapshot.trackSets == before.trackSets)
        #expect(timeline.snapshot.currentGeneration == 2)
        #expect(timeline.beginPublication().firstSegment == Self.number + 12)
        #expect(
            timeline.bytes(segment: Self.number, track: "stereo")
                == tracks[1].chunks(of: Self.number, Self.duration).flatMap(\.self))
        let next = try #require(try goOn(timeline, at: Self.number + 12))
        #expect(next.generation == 3)
        #expect(next.isDiscontinuity)
        #expect(next.discontinuitySequence == 2)
    }

    @Test func aTornLineIsPassedOverAndSpoilsNoOther() throws {
        _ = try fill()
        try directory.append("{\"segment\":{\"_0\":{\"numb", to: "news/window.jsonl")
        #expect(try open().snapshot.segments.count == 5)
        // A line torn by a full disk while the daemon goes on.
        let timeline = try open()
        try directory.append("{\"segment\":{\"_0\":{\"numb", to: "news/window.jsonl")
        _ = try goOn(timeline, at: Self.number + 20)
        let after = try open()
        #expect(after.snapshot.segments.map(\.number).suffix(2) == [Self.number + 11, Self.number + 20])
    }

    @Test(arguments: ["a line of text", "{}", "{\"segment\":{}}", "[1,2", "\u{0}\u{1}"])
    func linesOfAnotherKindArePassedOver(_ line: String) throws {
        let before = try fill()
        let journal = try directory.read("news/window.jsonl")
        try directory.write(line + "\n" + journal + line + "\n", to: "news/window.jsonl")
        #expect(try open().snapshot.segments == before.segments)
    }

    @Test func segmentsWithoutTheirFilesAreNotListed() throws {
        _ = try fill()
        try directory.remove("news/720p/\(Self.number).m4s")
        try directory.write("short", to: "news/stereo/\(Self.number + 11).m4s")
        let timeline = try open()
        #expect(timeline.snapshot.segments.map(\.number) == [1, 2, 10].map { Self.number + $0 })
        #expect(timeline.beginPublication().firstSegment == Self.number + 12)
    }

    /// Numbers, generations and discontinuities come from what was, not from what is still there.
    @Test func nothingGoesBackOverTwoRestartsWithoutFiles() throws {
        _ = try fill()
        for name in ["720p", "stereo"] { try directory.remove("news/\(name)") }
        #expect(try open().snapshot.segments.isEmpty)
        let timeline = try open()
        #expect(timeline.beginPublication().firstSegment == Self.number + 12)
        let next = try #require(try goOn(timeline, at: Self.number + 12))
        #expect(next.generation == 3)
        #expect(next.discontinuitySequence == 2)
        #expect(next.isDiscontinuity)
    }

    @Test func indexesSurviveTheTracksThatHadThem() throws {
        let timeline = try open(windowSeconds: 6)
        var feed = try TimelineFeed(timeline, [try .video("old"), try .video("older")])
        try feed.add(Self.number)
        feed = try TimelineFeed(timeline, [try .video("new")])
        for number in Self.number + 1..<Self.number + 9 { try feed.add(number) }
        #expect(timeline.snapshot.trackSets.count == 1)
        for _ in 0..<2 { _ = try open(windowSeconds: 6) }
        let again = try open(windowSeconds: 6)
        _ = try TimelineFeed(again, [try .video("older"), try .video("newest"), try .video("new")])
        let snapshot = again.snapshot
        let current = try #require(snapshot.currentGeneration.flatMap { snapshot.trackSets[$0] })
        #expect(current.tracks.map(\.index) == [1, 3, 2])
    }

    @Test func theJournalIsMadeAnewAtEveryStart() throws {
        let timeline = try open(windowSeconds: 6)
        let feed = try TimelineFeed(timeline, tracks)
        for number in Self.number..<Self.number + 20 { try feed.add(number) }
        let long = try directory.read("news/window.jsonl").split(separator: "\n").count
        _ = try open(windowSeconds: 6)
        let short = try directory.read("news/window.jsonl").split(separator: "\n").count
        #expect(long >= 23)
        #expect(short < long)
    }

    /// A channel may run for months: its journal stays in proportion to its window.
    @Test func theJournalIsMadeAnewWhileTheChannelRuns() async throws {
        try await onOwnThread {
            let timeline = try open(windowSeconds: 6)
            let audio = try SyntheticTrack.audio()
            let feed = try TimelineFeed(timeline, [audio])
            for number in Self.number..<Self.number + 1100 {
                let samples = Array(audio.samples(of: number, Self.duration).prefix(1))
                try timeline.append(
                    track: 0, segment: number, endsSegment: true, bytes: audio.chunks(of: samples, parts: 1)[0],
                    publication: feed.publication)
            }
            #expect(try directory.read("news/window.jsonl").split(separator: "\n").count < 300)
            let before = timeline.snapshot
            let after = try open(windowSeconds: 6).snapshot
            #expect(after.segments == before.segments)
            #expect(after.trackSets == before.trackSets)
        }
    }

    /// A journal that is there and cannot be read is not a new channel: its numbers would start anew.
    @Test func aJournalThatCannotBeReadKeepsTheChannelClosed() throws {
        _ = try fill()
        let path = "\(directory.path)/news/window.jsonl"
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.truncate(atOffset: (1 << 30) + 1)
        try file.close()
        let error = FileError(operation: "read", path: path, code: EFBIG)
        #expect(throws: TimelineError.file(error)) { _ = try open() }
        #expect(PlainFile.size(path) == (1 << 30) + 1)
    }

    /// A journal as it was before there were offsets, forms and events.
    @Test func aJournalOfAnEarlierVersionIsRead() throws {
        let before = try fill()
        _ = try open()
        let lines = try directory.read("news/window.jsonl").split(separator: "\n").map { line in
            let json = try JSONSerialization.jsonObject(with: Data(line.utf8))
            let record = try #require(json as? [String: [String: Any]])
            let old = record.mapValues { value in
                var value = value
                value["offset"] = nil
                if var content = value["_0"] as? [String: Any] {
                    for key in ["form", "lastListed", "eventStart"] { content[key] = nil }
                    value["_0"] = content
                }
                return value
            }
            return String(decoding: try JSONSerialization.data(withJSONObject: old), as: UTF8.self)
        }
        #expect(!lines.contains { $0.contains("form\"") || $0.contains("eventStart") })
        try directory.write(lines.joined(separator: "\n"), to: "news/window.jsonl")
        let timeline = try open()
        #expect(timeline.snapshot.segments.map(\.number) == before.segments.map(\.number))
        #expect(timeline.snapshot.segments.map(\.tracks) == before.segments.map(\.tracks))
        #expect(timeline.bytes(segment: Self.number, track: "720p") != nil)
        #expect(timeline.beginPublication().firstSegment == Self.number + 12)
        #expect(try directory.names(in: "news").allSatisfy { !$0.contains("damaged") })
    }

    /// The first segment after a pause as long as the window begins another event, and a restart does not forget which.
    @Test func eventsAreToldApartOverRestarts() throws {
        let timeline = try open(windowSeconds: 20)
        let feed = try TimelineFeed(timeline, tracks)
        for number in Self.number..<Self.number + 15 { try feed.add(number) }
        #expect(timeline.snapshot.eventStart == Self.number)
        feed.end()
        let restarted = try open(windowSeconds: 20)
        #expect(restarted.snapshot.eventStart == Self.number)
        #expect(try open(windowSeconds: 20).snapshot.eventStart == Self.number)
        let again = try open(windowSeconds: 20)
        _ = try goOn(again, at: Self.number + 24)
        #expect(again.snapshot.eventStart == Self.number, "a pause of as many as the window has is none")
        _ = try goOn(again, at: Self.number + 35)
        #expect(again.snapshot.eventStart == Self.number + 35)
        #expect(try open(windowSeconds: 20).snapshot.eventStart == Self.number + 35)
    }

    /// Without its head, numbers, indexes and generations could come twice: somebody has to look.
    @Test func aJournalWithoutItsHeadKeepsTheChannelClosed() throws {
        _ = try fill()
        let journal = try directory.read("news/window.jsonl").split(separator: "\n")
        for damaged in 0..<2 {
            var lines = journal.map(String.init)
            lines[damaged] = String(lines[damaged].dropLast(3))
            try directory.write(lines.joined(separator: "\n"), to: "news/window.jsonl")
            let path = "\(directory.path)/news/window.jsonl"
            let error = #expect(throws: TimelineError.damagedJournal(path: path, lines: 1)) { _ = try open() }
            #expect(error.map { "\($0)" }?.contains("bring a copy of it back") == true)
        }
    }

    /// No copy can be kept of what a power failure has torn where the disk takes nothing: that keeps nobody off the air.
    @Test(.enabled(if: geteuid() == 0, "only root may mount")) func aTornJournalOpensOnAReadOnlyDisk() throws {
        let before = try fill()
        try directory.append("\n{\"segment\":", to: "news/window.jsonl")
        let opened = Mutex<Result<[UInt64], any Error>?>(nil)
        let isOver = DispatchSemaphore(value: 0)
        // What a thread mounts for itself is seen by nobody else, and ends with it.
        Thread { [self] in
            defer { isOver.signal() }
            let path = directory.path
            // CLONE_NEWNS; glibc shows it to those only who ask for all that is Linux's own.
            guard let unshare = dlsym(nil, "unshare"),
                unsafeBitCast(unshare, to: (@convention(c) (Int32) -> Int32).self)(0x20000) == 0,
                mount("none", "/", nil, UInt(MS_REC | MS_PRIVATE), nil) == 0,
                mount(path, path, nil, UInt(MS_BIND), nil) == 0,
                mount("none", path, nil, UInt(MS_BIND | MS_REMOUNT | MS_RDONLY), nil) == 0
            else { return }
            opened.withLock { opened in opened = Result { try open().snapshot.segments.map(\.number) } }
        }.start()
        isOver.wait()
        let numbers = try #require(opened.withLock { $0 }, "nothing could be mounted").get()
        #expect(numbers == before.segments.map(\.number))
        #expect(try directory.names(in: "news").allSatisfy { !$0.contains("damaged") })
    }

    /// What other lines have lost is told from those that are left, and the damaged file is kept.
    @Test func damagedLinesCostSegmentsButNothingComesTwice() throws {
        let before = try fill()
        let journal = try directory.read("news/window.jsonl").split(separator: "\n").map(String.init)
        let events = Mutex<[ChannelTimeline.Event]>([])
        let lines = journal.map { $0.hasPrefix("{\"track\"") ? "#" + $0 : $0 }
        try directory.write(lines.joined(separator: "\n"), to: "news/window.jsonl")
        let timeline = try open { event in events.withLock { $0.append(event) } }
        #expect(events.withLock { $0 } == [.journalDamaged(lines: 2)])
        #expect(timeline.snapshot.segments == before.segments)
        #expect(try directory.read("news/window.jsonl.damaged-1").contains("#{\"track\""))
        _ = try TimelineFeed(timeline, [try .audio("surround"), try .audio("stereo"), try .video("720p")])
        let snapshot = timeline.snapshot
        let current = try #require(snapshot.currentGeneration.flatMap { snapshot.trackSets[$0] })
        // Each lost line may have given away an index and a generation.
        #expect(current.tracks.map(\.index) == [4, 1, 0])
        #expect(current.generation == 5)
    }

    /// What the journal has lost, the names of files still tell.
    @Test func numbersGoOnAboveTheFilesOfLostLines() throws {
        _ = try fill()
        let journal = try directory.read("news/window.jsonl").split(separator: "\n").map(String.init)
        let lines = journal.map { $0.hasPrefix("{\"segment\"") ? String($0.dropLast(9)) : $0 }
        try directory.write(lines.joined(separator: "\n"), to: "news/window.jsonl")
        let timeline = try open()
        #expect(timeline.snapshot.segments.isEmpty)
        #expect(timeline.beginPublication().firstSegment == Self.number + 12)
        #expect(try #require(try goOn(timeline, at: Self.number + 12)).generation == 3)
        #expect(try open().beginPublication().firstSegment == Self.number + 13)
    }

    /// The file of a segment whose record never came, and all others that nothing lists.
    @Test func whatNothingListsIsRemoved() throws {
        let before = try fill()
        for name in ["720p/5.m4s", "720p/5.sealed", "stereo/\(Self.number).sealed", "gone/7.m4s"] {
            try PlainFile.makeDirectory("\(directory.path)/news/gone")
            try directory.write("orphan", to: "news/" + name)
        }
        try directory.write("not ours", to: "news/720p/notes.txt")
        #expect(try open().snapshot.segments == before.segments)
        #expect(try directory.names(in: "news/gone").isEmpty)
        #expect(try directory.names(in: "news/720p").suffix(1) == ["notes.txt"])
        #expect(try directory.names(in: "news/720p").count == 6)
        #expect(try directory.names(in: "news/stereo").count == 5)
    }

    /// Numbers count segment durations; a longer one would make them go back.
    @Test func numbersGoOnWhenDurationsBecomeLonger() throws {
        _ = try fill()
        let longer = try open(duration: Ticks(6, timescale: 1))
        #expect(longer.snapshot.segments.isEmpty)
        #expect(try directory.names(in: "news/720p").isEmpty)
        let begun = longer.beginPublication()
        // In durations from the epoch: where the media of before ended.
        #expect(begun.firstSegment == (Self.number + 12 + 2) / 3)
        let count = begun.firstSegment
        let feed = try TimelineFeed(longer, tracks)
        for segment in count..<count + 3 { try feed.add(segment) }
        let numbers = longer.snapshot.segments.map(\.number)
        let first = try #require(numbers.first)
        #expect(first >= Self.number + 12)
        #expect(numbers == Array(first..<first + 3))
        #expect(longer.snapshot.nominalStart(of: first) == Ticks(Int64(count) * 6, timescale: 1))
        #expect(longer.snapshot.segments.first?.isDiscontinuity == true)
        #expect(
            longer.bytes(segment: first, track: "720p")
                == tracks[0].chunks(of: count, Ticks(6, timescale: 1)).flatMap(\.self))
        #expect(throws: ParseError.self, "what has been is over") { try feed.add(count - 1) }
        feed.end()

        // A restart keeps them.
        let again = try open(duration: Ticks(6, timescale: 1))
        #expect(again.snapshot.segments == longer.snapshot.segments)
        #expect(again.snapshot.numbering == longer.snapshot.numbering)
        #expect(again.beginPublication().firstSegment == count + 3)

        // And so does a shorter duration, whose numbers are as high by themselves.
        let shorter = try open(duration: Self.duration)
        #expect(shorter.snapshot.numbering.offset == 0 || shorter.snapshot.numbering.offset % (1 << 20) == 0)
        let next = shorter.beginPublication().firstSegment
        let last = try TimelineFeed(shorter, tracks)
        try last.add(next)
        #expect(try #require(shorter.snapshot.segments.first?.number) > first + 2)
    }
}
