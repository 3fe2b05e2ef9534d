import Files
import Foundation
import Media
import Synchronization
import TestSupport
import Testing
import Timeline

/// A disk that refuses, and one that lost its power.
@Suite struct DiskFaultTests {
    static let duration = Ticks(2, timescale: 1)
    static let number: UInt64 = 800_000_000

    private let tracks: [SyntheticTrack]
    private let directory: TemporaryDirectory
    private let events = Events()

    private final class Events: Sendable {
        private let list = Mutex<[ChannelTimeline.Event]>([])
        func add(_ event: ChannelTimeline.Event) { list.withLock { $0.append(event) } }
        /// All but those of segments.
        var troubles: [ChannelTimeline.Event] {
            list.withLock { $0 }.filter { if case .segment = $0 { false } else { true } }
        }
    }

    init() throws {
        tracks = [try .video(), try .audio()]
        directory = try TemporaryDirectory()
    }

    private func open(
        memoryBytes: Int = 128 << 20, windowSeconds: UInt32 = 100,
        disk: DiskQueue = .patient,
        budget: StorageBudget = StorageBudget(maximumBytes: 1 << 30)
    ) throws -> ChannelTimeline {
        let events = events
        return try ChannelTimeline(
            directory: directory.path + "/news",
            limits: .init(segmentDuration: Self.duration, windowSeconds: windowSeconds, memoryBytes: memoryBytes),
            budget: budget, disk: disk, onEvent: { events.add($0) })
    }

    /// From here on nothing can be written for a number.
    private func block(_ numbers: some Sequence<UInt64>) throws {
        for number in numbers {
            try PlainFile.makeDirectory("\(directory.path)/news/720p/\(number).m4s")
        }
    }

    /// What was refused once would leave with its place in memory, and take with it all that is older.
    @Test func whatWasRefusedIsStoredWhenTheDiskTakesItAgain() throws {
        let disk = DiskQueue.patient
        let timeline = try open(disk: disk)
        let feed = try TimelineFeed(timeline, tracks)
        try feed.add(Self.number)
        try block(Self.number + 1..<Self.number + 3)
        for number in Self.number + 1..<Self.number + 3 { try feed.add(number) }
        #expect(timeline.isStorageFailing)
        for number in Self.number + 1..<Self.number + 3 {
            try FileManager.default.removeItem(atPath: "\(directory.path)/news/720p/\(number).m4s")
        }
        try feed.add(Self.number + 3)
        #expect(!timeline.isStorageFailing)
        disk.finish()
        let again = try open()
        #expect(again.snapshot.segments.map(\.number) == Array(Self.number...Self.number + 3))
    }

    /// What was decided about segments was refused too, and is taken later than they would have been.
    @Test func whatWasRefusedIsStoredWhenItMayBe() throws {
        let disk = DiskQueue.patient
        let timeline = try open(disk: disk)
        let feed = try TimelineFeed(timeline, tracks)
        try feed.add(Self.number)
        try block([Self.number + 1])
        try feed.add(Self.number + 1)
        #expect(timeline.isStorageFailing)
        #expect(timeline.keepToMemory(from: Self.number + 2))
        try FileManager.default.removeItem(atPath: "\(directory.path)/news/720p/\(Self.number + 1).m4s")
        try feed.add(Self.number + 2)
        disk.finish()
        #expect(try directory.names(in: "news/720p") == ["\(Self.number).m4s"])
        timeline.keepOnDisk()
        disk.finish()
        #expect(try directory.names(in: "news/720p") == ["\(Self.number).m4s", "\(Self.number + 1).m4s"])
    }

    @Test func whatTheDiskRefusesIsServedFromMemoryAndSaidOnce() throws {
        let timeline = try open()
        let feed = try TimelineFeed(timeline, tracks)
        try feed.add(Self.number)
        try block(Self.number + 1..<Self.number + 6)
        for number in Self.number + 1..<Self.number + 6 { try feed.add(number) }
        #expect(timeline.snapshot.segments.count == 6 && timeline.isStorageFailing)
        for segment in timeline.snapshot.segments {
            #expect(timeline.bytes(segment: segment.number, track: "720p") != nil)
        }
        #expect(events.troubles.count == 1)
        try feed.add(Self.number + 6)
        #expect(!timeline.isStorageFailing)
        #expect(events.troubles.last == .storageRecovered(segments: 5) && events.troubles.count == 2)
        // Of what it never had, a restart knows nothing; and of what it has, all.
        let again = try open()
        #expect(again.snapshot.segments.map(\.number) == [Self.number, Self.number + 6])
        #expect(again.beginPublication().firstSegment == Self.number + 7)
    }

    /// What one segment takes of the memory.
    private func memoryOfOne() throws -> Int {
        try tracks.reduce(0) { size, track in
            let chunks = try track.chunks(of: Self.number, Self.duration).map { try ClearMedia(copying: $0) }
            return size + ClearMedia(joining: chunks).memoryBytes
        }
    }

    @Test func whatIsListedIsThereWhenMemoryIsFullToo() throws {
        let size = try memoryOfOne()
        let timeline = try open(memoryBytes: size * 3)
        let feed = try TimelineFeed(timeline, tracks)
        for number in Self.number..<Self.number + 4 { try feed.add(number) }
        try block(Self.number + 4..<Self.number + 20)
        for number in Self.number + 4..<Self.number + 20 {
            try feed.add(number)
            let snapshot = timeline.snapshot
            #expect(snapshot.segments.count >= 2 && snapshot.segments.last?.number == number)
            for segment in snapshot.segments {
                for track in tracks.map(\.track.name) {
                    #expect(timeline.bytes(segment: segment.number, track: track) != nil)
                }
            }
        }
    }

    /// An encoder that comes again is taken where no index is new, under a generation that cannot come twice.
    @Test func aKnownSetBeginsWithoutADisk() throws {
        let timeline = try open()
        var feed = try TimelineFeed(timeline, tracks)
        try feed.add(Self.number)
        let journal = try directory.read("news/window.jsonl")
        try directory.remove("news/window.jsonl")
        try PlainFile.makeDirectory("\(directory.path)/news/window.jsonl")
        feed = try TimelineFeed(timeline, tracks)
        try feed.add(Self.number + 1)
        let unwritten = try #require(timeline.snapshot.currentGeneration)
        #expect(unwritten > 1 << 40)
        #expect(throws: ParseError.self) { _ = try TimelineFeed(timeline, [try .video("new")]) }
        feed = try TimelineFeed(timeline, tracks)
        try feed.add(Self.number + 2)
        // The power goes: what could not be written is not there, and its generations are not given again.
        try directory.remove("news/window.jsonl")
        try directory.write(journal, to: "news/window.jsonl")
        let generation = try #require(timeline.snapshot.currentGeneration)
        #expect(generation > unwritten)
        // Or the disk is back, and has all of it from then on.
        try feed.add(Self.number + 3)
        #expect(!timeline.isStorageFailing)
        let again = try open()
        #expect(again.snapshot.segments.map(\.number) == (0..<4).map { Self.number + $0 })
        #expect(again.snapshot.trackSets[unwritten] != nil && again.snapshot.currentGeneration == generation)
    }

    @Test func whatIsDecidedInVainIsForgottenByARestart() throws {
        let timeline = try open()
        let feed = try TimelineFeed(timeline, tracks)
        for number in Self.number..<Self.number + 3 { try feed.add(number) }
        #expect(timeline.keepToMemory(from: Self.number + 2))
        try feed.add(Self.number + 3)
        timeline.keepOnDisk()
        try feed.add(Self.number + 4)
        #expect(timeline.snapshot.segments.count == 5)
        #expect((0..<5).allSatisfy { timeline.bytes(segment: Self.number + $0, track: "stereo") != nil })
        let again = try open()
        #expect(again.snapshot.segments.map(\.number) == [0, 1, 4].map { Self.number + $0 })
        // What only the disk has stays there.
        #expect(!again.keepToMemory(from: Self.number + 4))
        #expect(again.bytes(segment: Self.number + 4, track: "720p") != nil)
    }

    // MARK: A disk that takes its time

    /// A flush behind somebody else's writes takes seconds: the window goes on, and the disk gets all of it.
    @Test func aDiskThatStandsStillHoldsNothingUp() throws {
        let disk = DiskQueue(patienceMilliseconds: 300)
        let timeline = try open(disk: disk)
        let feed = try TimelineFeed(timeline, tracks)
        try feed.add(Self.number)
        let release = disk.standStill()
        for number in Self.number + 1..<Self.number + 6 { try feed.add(number) }
        // Its indexes are known: another generation, not the one that the disk may lose.
        let again = try TimelineFeed(timeline, tracks)
        try again.add(Self.number + 6)
        #expect(timeline.snapshot.segments.map(\.number) == (0..<7).map { Self.number + $0 })
        #expect(timeline.snapshot.currentGeneration.map { $0 > 1 << 40 } == true)
        #expect((0..<7).allSatisfy { timeline.bytes(segment: Self.number + $0, track: "stereo") != nil })
        #expect(timeline.isStorageFailing)
        guard case .storageFailed(.file(let failure))? = events.troubles.last else {
            return #expect(Bool(false), "\(events.troubles)")
        }
        #expect(failure.isLate)
        release()
        var next = Self.number + 7
        while timeline.isStorageFailing {
            try again.add(next)
            next += 1
        }
        #expect(events.troubles.last == .storageRecovered(segments: 0))
        timeline.retire()
        let restarted = try open()
        #expect(restarted.snapshot.segments == timeline.snapshot.segments)
        // Beside them it knows the set that was given up for being late: its generation is not given again.
        #expect(timeline.snapshot.trackSets.allSatisfy { restarted.snapshot.trackSets[$0.key] == $0.value })
    }

    /// What left the window before the disk had it never comes there, and is not counted.
    @Test func whatLeavesMeanwhileIsNotWritten() throws {
        let disk = DiskQueue(patienceMilliseconds: 100)
        let budget = StorageBudget(maximumBytes: 1 << 30)
        let timeline = try open(windowSeconds: 8, disk: disk, budget: budget)
        let feed = try TimelineFeed(timeline, tracks)
        try feed.add(Self.number)
        let release = disk.standStill()
        for number in Self.number + 1..<Self.number + 20 { try feed.add(number) }
        release()
        let listed = timeline.snapshot.segments.map(\.number)
        #expect(listed.last == Self.number + 19 && listed.count < 8)
        #expect(try directory.names(in: "news/720p").sorted() == listed.map { "\($0).m4s" })
        #expect(budget.usedBytes == timeline.snapshot.segments.reduce(0) { $0 + $1.storedByteCount })
    }

    /// Memory is full while the disk stands still: what is given up was never counted.
    @Test func whatIsLostIsNotTakenOffTheBudget() throws {
        let size = try memoryOfOne()
        let disk = DiskQueue(patienceMilliseconds: 100)
        let budget = StorageBudget(maximumBytes: 1 << 30)
        let timeline = try open(memoryBytes: size * 3, disk: disk, budget: budget)
        let feed = try TimelineFeed(timeline, tracks)
        let release = disk.standStill()
        for number in Self.number..<Self.number + 12 { try feed.add(number) }
        #expect(budget.usedBytes == 0)
        release()
        try feed.add(Self.number + 12)
        disk.finish()
        #expect(budget.usedBytes == timeline.snapshot.segments.reduce(0) { $0 + $1.storedByteCount })
        let names = timeline.snapshot.segments.map { "\($0.number).m4s" }
        #expect(try directory.names(in: "news/stereo").sorted() == names)
    }

    /// A channel that comes back after a pause gives up its whole window at once.
    @Test func aWholeWindowLeavesAtOnce() throws {
        let disk = DiskQueue(patienceMilliseconds: 60_000)
        let timeline = try open(windowSeconds: 2000, disk: disk)
        let feed = try TimelineFeed(timeline, tracks)
        for number in Self.number..<Self.number + 700 { try feed.add(number, parts: 1) }
        for number in Self.number + 5000..<Self.number + 5004 { try feed.add(number, parts: 1) }
        disk.finish()
        #expect(timeline.snapshot.segments.count == 4 && !timeline.isStorageFailing)
        for track in ["720p", "stereo"] { #expect(try directory.names(in: "news/\(track)").count == 4) }
    }

    /// Nobody knows whether what waits comes to the disk before the power goes.
    @Test func whatWaitsForTheDiskIsNotForgottenForSure() throws {
        let disk = DiskQueue(patienceMilliseconds: 100)
        let timeline = try open(disk: disk)
        let feed = try TimelineFeed(timeline, tracks)
        try feed.add(Self.number)
        let release = disk.standStill()
        try feed.add(Self.number + 1)
        #expect(!timeline.keepToMemory(from: Self.number + 1))
        release()
        #expect(timeline.keepToMemory(from: Self.number + 1))
        #expect(try directory.names(in: "news/720p") == ["\(Self.number).m4s"])
        #expect(timeline.bytes(segment: Self.number + 1, track: "720p") != nil)
    }

    /// What is missing in the journal is why nothing is added to it: all of it comes with the next line.
    @Test func aLineThatFailsLateIsMadeUpFor() throws {
        let disk = DiskQueue(patienceMilliseconds: 100)
        let timeline = try open(disk: disk)
        let feed = try TimelineFeed(timeline, tracks)
        try feed.add(Self.number)
        let journal = try directory.read("news/window.jsonl")
        let release = disk.standStill()
        for number in Self.number + 1..<Self.number + 3 { try feed.add(number) }
        try directory.remove("news/window.jsonl")
        try PlainFile.makeDirectory("\(directory.path)/news/window.jsonl")
        release()
        try feed.add(Self.number + 3)
        #expect(timeline.isStorageFailing)
        try directory.remove("news/window.jsonl")
        try directory.write(journal, to: "news/window.jsonl")
        try feed.add(Self.number + 4)
        disk.finish()
        #expect(try open().snapshot.segments.map(\.number) == (0..<5).map { Self.number + $0 })
    }

    // MARK: Power

    /// Everything in the channel's folder, by name.
    private func files() throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for folder in ["", "/720p", "/stereo"] {
            for name in try directory.names(in: "news" + folder) where !["720p", "stereo"].contains(name) {
                let path = "news\(folder)/\(name)"
                files[path] = try PlainFile.read("\(directory.path)/\(path)", atMost: 1 << 20)
            }
        }
        return files
    }

    private func restore(_ files: [String: [UInt8]]) throws {
        try directory.remove("news")
        for folder in ["720p", "stereo"] { try PlainFile.makeDirectory("\(directory.path)/news/\(folder)") }
        for (name, bytes) in files { try PlainFile.write(bytes, to: "\(directory.path)/\(name)") }
    }

    /// The journal torn at every byte behind its head, with nothing or with zeros after that: a window is the same but
    /// for its end, and no number, index or generation is given twice.
    @Test(arguments: [false, true]) func aJournalTornAnywhere(_ hasZeros: Bool) async throws {
        try await onOwnThread { try journalTornAnywhere(hasZeros) }
    }

    private func journalTornAnywhere(_ hasZeros: Bool) throws {
        var timeline = try open()
        var feed = try TimelineFeed(timeline, tracks)
        try feed.add(Self.number)
        timeline = try open()
        feed = try TimelineFeed(timeline, tracks)
        for number in Self.number + 1..<Self.number + 3 { try feed.add(number) }
        feed = try TimelineFeed(timeline, tracks)
        try feed.add(Self.number + 3)
        let before = timeline.snapshot
        let files = try files()
        let journal = try #require(files["news/window.jsonl"])
        // What a start writes is there as a whole: the file is replaced.
        let written = String(decoding: journal, as: UTF8.self)
        let head = try #require(written.range(of: "{\"segment\":{"))
        let first = written[..<head.lowerBound].utf8.count
        for place in stride(from: first, to: journal.count, by: hasZeros ? 7 : 1) {
            var torn = files
            torn["news/window.jsonl"] =
                Array(journal[..<place]) + [UInt8](repeating: 0, count: hasZeros ? journal.count - place : 0)
            try restore(torn)
            let timeline = try open()
            let listed = timeline.snapshot.segments
            #expect(listed == WindowSegments(before.segments.prefix(listed.count)), "torn at \(place)")
            let (token, firstSegment) = timeline.beginPublication()
            #expect(firstSegment >= listed.last.map { $0.number + 1 } ?? 0)
            // The files tell what the lines have lost.
            if place < journal.count - 1 { #expect(firstSegment >= Self.number + 4, "torn at \(place)") }
            try timeline.setTracks(tracks.map(\.description), publication: token)
            let set = try #require(timeline.snapshot.currentGeneration.flatMap { timeline.snapshot.trackSets[$0] })
            let known = listed.last.map(\.generation) ?? 0
            #expect(set.generation > known && set.tracks.map(\.index) == [0, 1])
        }
    }

    /// The newest files cut short at any place, full of zeros, or not there: they are not listed.
    @Test func segmentsTornAnywhere() throws {
        let feed = try TimelineFeed(try open(), tracks)
        for number in Self.number..<Self.number + 2 { try feed.add(number) }
        let files = try files()
        let name = "news/stereo/\(Self.number + 1).m4s"
        let segment = try #require(files[name])
        for length in stride(from: 0, to: segment.count, by: 97) {
            var torn = files
            torn[name] = length == 0 ? nil : Array(segment[..<length])
            try restore(torn)
            let timeline = try open()
            #expect(timeline.snapshot.segments.map(\.number) == [Self.number])
            #expect(timeline.beginPublication().firstSegment == Self.number + 2)
        }
    }

    /// The journal's name is lost, and media is there: nothing of it is served, and nothing is given a second time.
    @Test func aJournalWhoseNameIsLost() throws {
        let feed = try TimelineFeed(try open(), tracks)
        for number in Self.number..<Self.number + 2 { try feed.add(number) }
        try directory.remove("news/window.jsonl")
        let timeline = try open()
        #expect(timeline.snapshot.segments.isEmpty)
        let (token, firstSegment) = timeline.beginPublication()
        #expect(firstSegment == Self.number + 2)
        try timeline.setTracks(tracks.map(\.description), publication: token)
        #expect(try #require(timeline.snapshot.currentGeneration) > 1 << 40)
    }
}
