import Files
import Foundation
import Media
import Synchronization
import TestSupport
import Testing
import Timeline

/// The window while a daemon runs.
@Suite struct ChannelTimelineTests {
    static let duration = Ticks(2, timescale: 1)
    static let number: UInt64 = 800_000_000

    private let tracks: [SyntheticTrack]

    init() throws { tracks = [try .video(), try .audio()] }

    private func timeline(
        windowSeconds: UInt32 = 20, longestSegment: Ticks? = nil, directory: String? = nil,
        budget: StorageBudget = StorageBudget(maximumBytes: 1 << 30),
        onEvent: @escaping @Sendable (ChannelTimeline.Event) -> Void = { _ in }
    ) throws -> ChannelTimeline {
        try ChannelTimeline(
            directory: directory,
            limits: .init(
                segmentDuration: Self.duration, longestSegment: longestSegment, windowSeconds: windowSeconds),
            budget: budget, disk: .patient, onEvent: onEvent)
    }

    @Test func wholeSegmentsAreListedAndTheirBytesAreThere() throws {
        let events = Mutex<[ChannelTimeline.Event]>([])
        let timeline = try timeline { event in events.withLock { $0.append(event) } }
        let feed = try TimelineFeed(timeline, tracks)
        #expect(timeline.snapshot.currentGeneration == 1)
        try feed.add(Self.number)
        try feed.add(Self.number + 1)
        let snapshot = timeline.snapshot
        #expect(snapshot.segments.map(\.number) == [Self.number, Self.number + 1])
        #expect(snapshot.segments.map(\.isDiscontinuity) == [false, false])
        #expect(snapshot.segment(Self.number + 1) == snapshot.segments[1])
        #expect(snapshot.segment(Self.number + 2) == nil)
        #expect(snapshot.trackSet(of: snapshot.segments[0])?.tracks.map(\.track.name) == ["720p", "stereo"])
        #expect(snapshot.trackSet(of: snapshot.segments[0])?.tracks[0].track.reorderDelay == 3000)
        #expect(
            timeline.bytes(segment: Self.number, track: "720p")
                == tracks[0].chunks(of: Self.number, Self.duration).flatMap(\.self))
        #expect(timeline.bytes(segment: Self.number, track: "1080p") == nil)
        #expect(events.withLock { $0 } == [.segment(number: Self.number), .segment(number: Self.number + 1)])
    }

    @Test func theNominalStartSaturates() {
        let snapshot = Snapshot(segmentDuration: Ticks(180_180, timescale: 30_000))
        #expect(snapshot.nominalStart(of: 3) == Ticks(540_540, timescale: 30_000))
        #expect(snapshot.nominalStart(of: .max) == Ticks(.max, timescale: 30_000))
    }

    @Test func whatLeavesTheWindowLeavesTheStore() throws {
        let directory = try TemporaryDirectory()
        let budget = StorageBudget(maximumBytes: 1 << 30)
        let timeline = try timeline(windowSeconds: 10, directory: directory.path, budget: budget)
        let feed = try TimelineFeed(timeline, tracks)
        for number in Self.number..<Self.number + 9 { try feed.add(number) }
        let kept = Array(Self.number + 3..<Self.number + 9)
        #expect(timeline.snapshot.segments.map(\.number) == kept)
        timeline.disk.finish()
        #expect(try directory.names(in: "720p") == kept.map { "\($0).m4s" })
        #expect(timeline.bytes(segment: Self.number + 2, track: "720p") == nil)
        #expect(budget.usedBytes == timeline.snapshot.segments.reduce(0) { $0 + $1.byteCount })
    }

    @Test func theStorageCapPushesTheOldestOutEarly() throws {
        let events = Mutex<[UInt64]>([])
        let size = tracks.reduce(0) { $0 + $1.chunks(of: Self.number, Self.duration).joined().count }
        let budget = StorageBudget(maximumBytes: size * 5)
        let timeline = try timeline(windowSeconds: 100, budget: budget) { event in
            if case .evictedEarly(let number) = event { events.withLock { $0.append(number) } }
        }
        let feed = try TimelineFeed(timeline, tracks)
        for number in Self.number..<Self.number + 8 { try feed.add(number) }
        let first = try #require(timeline.snapshot.segments.first?.number)
        #expect(first > Self.number)
        #expect(events.withLock { $0 } == Array(Self.number..<first))
        #expect(budget.usedBytes <= budget.maximumBytes)
        #expect(timeline.snapshot.segments.count >= 3)
    }

    @Test func aChannelOnAFullDiskKeepsThree() throws {
        let timeline = try timeline(windowSeconds: 100, budget: StorageBudget(maximumBytes: 1))
        let feed = try TimelineFeed(timeline, tracks)
        for number in Self.number..<Self.number + 8 { try feed.add(number) }
        #expect(timeline.snapshot.segments.map(\.number) == Array(Self.number + 5..<Self.number + 8))
    }

    @Test func everyNewSetOfTracksIsADiscontinuityAndAGeneration() throws {
        let timeline = try timeline()
        let feed = try TimelineFeed(timeline, tracks)
        try feed.add(Self.number)
        try feed.announce()
        try feed.add(Self.number + 1)
        try feed.add(Self.number + 2)
        feed.end()
        let second = try TimelineFeed(timeline, tracks)
        try second.add(Self.number + 5)
        let segments = timeline.snapshot.segments
        #expect(segments.map(\.generation) == [1, 2, 2, 3])
        #expect(segments.map(\.isDiscontinuity) == [false, true, false, true])
        #expect(segments.map(\.discontinuitySequence) == [0, 1, 1, 2])
        #expect(Set(timeline.snapshot.trackSets.keys) == [1, 2, 3])
    }

    @Test func aTrackKeepsItsIndexByItsName() throws {
        let timeline = try timeline()
        _ = try TimelineFeed(timeline, tracks)
        _ = try TimelineFeed(timeline, [try .audio("stereo"), try .audio("surround"), try .video("720p")])
        let snapshot = timeline.snapshot
        let current = try #require(snapshot.currentGeneration.flatMap { snapshot.trackSets[$0] })
        #expect(current.tracks.map(\.index) == [1, 2, 0])
    }

    @Test func theOneTakenOverCanDoNothingMore() throws {
        let timeline = try timeline()
        let first = try TimelineFeed(timeline, tracks)
        try first.add(Self.number)
        // Half a segment of each track is under way: it becomes a short one.
        for (index, track) in tracks.enumerated() {
            try timeline.append(
                track: index, segment: Self.number + 1, endsSegment: false,
                bytes: track.chunks(of: Self.number + 1, Self.duration)[0], publication: first.publication)
        }
        let taken = timeline.beginPublication()
        #expect(taken.firstSegment == Self.number + 2)
        #expect(timeline.snapshot.segments.map(\.number) == [Self.number, Self.number + 1])
        #expect(timeline.snapshot.segments[1].tracks[0].duration == 90000)
        #expect(throws: ParseError(.invalid, at: 0, "another publication has taken the channel over")) {
            try first.add(Self.number + 2)
        }
        #expect(throws: ParseError(.invalid, at: 0, "another publication has taken the channel over")) {
            try first.announce()
        }
        try timeline.setTracks(tracks.map(\.description), publication: taken.publication)
        first.end()
        for (index, track) in tracks.enumerated() {
            try timeline.append(
                track: index, segment: Self.number + 2, endsSegment: true,
                bytes: track.chunks(of: Self.number + 2, Self.duration, parts: 1)[0], publication: taken.publication)
        }
        #expect(timeline.snapshot.segments.last?.number == Self.number + 2, "the end of the first one changes nothing")
    }

    @Test func numbersInUseAreNeverGivenAgain() throws {
        let timeline = try timeline()
        let feed = try TimelineFeed(timeline, [tracks[0]])
        try timeline.append(
            track: 0, segment: Self.number, endsSegment: false,
            bytes: tracks[0].chunks(of: Self.number, Self.duration)[0],
            publication: feed.publication)
        feed.end()
        #expect(timeline.snapshot.segments.map(\.number) == [Self.number])
        #expect(timeline.beginPublication().firstSegment == Self.number + 1)
    }

    /// A copied segment may reach far into the next ones; what follows starts after it, or one cenc IV would serve
    /// for two samples.
    @Test func aNewPublicationStartsAfterTheLastOnesMedia() throws {
        let timeline = try timeline(longestSegment: Ticks(6, timescale: 1))
        let video = tracks[0]
        let feed = try TimelineFeed(timeline, [video])
        let long = (0..<3).flatMap { video.samples(of: Self.number + $0, Self.duration) }
        try timeline.append(
            track: 0, segment: Self.number, endsSegment: true, bytes: video.chunks(of: long, parts: 1)[0],
            publication: feed.publication)
        let next = timeline.beginPublication()
        #expect(next.firstSegment == Self.number + 3)
        try timeline.setTracks([video.description], publication: next.publication)
        #expect(throws: ParseError.self) {
            try timeline.append(
                track: 0, segment: Self.number + 2, endsSegment: true,
                bytes: video.chunks(of: Self.number + 2, Self.duration, parts: 1)[0], publication: next.publication)
        }
        try timeline.append(
            track: 0, segment: Self.number + 3, endsSegment: true,
            bytes: video.chunks(of: Self.number + 3, Self.duration, parts: 1)[0], publication: next.publication)
        #expect(timeline.snapshot.segments.map(\.number) == [Self.number, Self.number + 3])
    }

    /// The last audio frame of a segment may reach a little over its end: no number is lost for that.
    @Test func aFrameThatOverhangsCostsNoSegment() throws {
        let timeline = try timeline()
        let feed = try TimelineFeed(timeline, tracks)
        try feed.add(Self.number + 1)
        let last = try #require(timeline.snapshot.segments.last)
        let audioEnd = Ticks(last.tracks[1].decodeTime + last.tracks[1].duration, timescale: 48000)
        #expect(audioEnd > timeline.snapshot.nominalStart(of: Self.number + 2))
        let next = try TimelineFeed(timeline, tracks)
        try next.add(Self.number + 2)
        #expect(timeline.snapshot.segments.map(\.number) == [Self.number + 1, Self.number + 2])
    }

    @Test func chunksBeforeTracksAndBrokenHeadersAreRefused() throws {
        let timeline = try timeline()
        let token = timeline.beginPublication().publication
        #expect(throws: ParseError(.invalid, at: 0, "a chunk before the tracks")) {
            try timeline.append(track: 0, segment: Self.number, endsSegment: true, bytes: [], publication: token)
        }
        var description = tracks[0].description
        description.header.removeLast(10)
        #expect(throws: ParseError.self) { try timeline.setTracks([description], publication: token) }
        #expect(timeline.snapshot.trackSets.isEmpty)
    }

    /// Every set of tracks takes memory and a line of the journal; without a segment it is good for nothing.
    @Test func setsOfTracksWithoutASegmentAreBounded() throws {
        let timeline = try timeline()
        let feed = try TimelineFeed(timeline, tracks)
        var announced = 1
        #expect(throws: ParseError(.tooLarge, at: 0, "more than 32 sets of tracks without a whole segment")) {
            while announced < 1000 {
                try feed.announce()
                announced += 1
            }
        }
        #expect(announced == 32)
        #expect(timeline.snapshot.trackSets.count == 1)
    }

    /// An encoder that comes and goes for days costs its oldest segments their place, and never the channel the air.
    @Test func manySetsOfTracksPushTheOldestOut() throws {
        let evicted = Mutex(0)
        let timeline = try timeline(windowSeconds: 86_400) { event in
            if case .evictedEarly = event { evicted.withLock { $0 += 1 } }
        }
        let audio = [tracks[1]]
        let feed = try TimelineFeed(timeline, audio)
        var description = audio[0].description
        // A box that nobody looks into: size, type, and nothing.
        description.header += [0, 1, 0, 0] + Array("free".utf8) + [UInt8](repeating: 0, count: (64 << 10) - 8)
        for number in Self.number..<Self.number + 600 {
            try timeline.setTracks([description], publication: feed.publication)
            try feed.add(number)
        }
        let snapshot = timeline.snapshot
        #expect(snapshot.segments.last?.number == Self.number + 599)
        #expect((450..<512).contains(snapshot.trackSets.count))
        #expect(evicted.withLock { $0 } == 600 - snapshot.segments.count)
    }

    /// The time since the epoch has to have room.
    @Test func aTimescaleBeyondReasonIsRefused() throws {
        let timeline = try timeline()
        let token = timeline.beginPublication().publication
        var track = tracks[1].track
        track.timescale = (1 << 28) + 1
        #expect(throws: ParseError(.invalid, at: 0, "a timescale of 268435457 ticks a second")) {
            try timeline.setTracks([SyntheticTrack(track: track).description], publication: token)
        }
    }

    /// Two channels on one disk: the one with the larger pictures gives way, down to its share.
    @Test func oneChannelDoesNotTakeTheOthersPast() throws {
        let events = Mutex<[ChannelTimeline.Event]>([])
        let audio = [tracks[1]]
        let size = audio[0].chunks(of: Self.number, Self.duration).joined().count
        let budget = StorageBudget(maximumBytes: size * 40)
        let small = try timeline(windowSeconds: 100, budget: budget) { event in events.withLock { $0.append(event) } }
        let large = try timeline(windowSeconds: 1000, budget: budget)
        let (smallFeed, largeFeed) = (try TimelineFeed(small, audio), try TimelineFeed(large, tracks))
        for number in Self.number..<Self.number + 10 { try smallFeed.add(number) }
        for number in Self.number..<Self.number + 60 { try largeFeed.add(number) }
        #expect(small.snapshot.segments.count == 10)
        #expect(!events.withLock { $0 }.contains { if case .evictedEarly = $0 { true } else { false } })
        #expect(budget.usedBytes <= budget.maximumBytes)
        for number in Self.number + 10..<Self.number + 30 { try smallFeed.add(number) }
        // Half of 40 is its share; beyond that it gives way itself.
        #expect(small.snapshot.segments.count == 20)
        #expect(budget.usedBytes <= budget.maximumBytes)
        let segment = try #require(large.snapshot.segments.first)
        #expect(large.bytes(segment: segment.number, track: "720p") != nil, "what is listed is there")
        #expect(large.bytes(segment: segment.number - 1, track: "720p") == nil)
    }

    /// An index or a generation that is not written down would be given again after a crash: an IV or a URL twice.
    @Test func nothingBeginsThatCannotBeWrittenDown() throws {
        let directory = try TemporaryDirectory()
        let timeline = try timeline(directory: directory.path)
        let token = timeline.beginPublication().publication
        let journal = try directory.read("window.jsonl")
        try directory.remove("window.jsonl")
        try FileManager.default.createSymbolicLink(
            atPath: directory.path + "/window.jsonl", withDestinationPath: "/dev/full")
        let error = #expect(throws: ParseError.self) {
            try timeline.setTracks(tracks.map(\.description), publication: token)
        }
        #expect(error?.reason.contains("the disk refuses the channel's journal") == true)
        #expect(timeline.snapshot.trackSets.isEmpty)
        #expect(throws: ParseError(.invalid, at: 0, "a chunk before the tracks")) {
            try timeline.append(track: 0, segment: Self.number, endsSegment: true, bytes: [], publication: token)
        }
        try directory.remove("window.jsonl")
        try directory.write(journal, to: "window.jsonl")
        try timeline.setTracks(tracks.map(\.description), publication: token)
        let set = try #require(timeline.snapshot.trackSets[1])
        #expect(set.tracks.map(\.index) == [0, 1])
    }

    /// With the disk full of something else a known channel goes on, and has the past in memory.
    @Test func aFullDiskCostsFilesOfThePast() throws {
        let directory = try TemporaryDirectory()
        let events = Mutex<[ChannelTimeline.Event]>([])
        let timeline = try timeline(windowSeconds: 100, directory: directory.path) { event in
            events.withLock { $0.append(event) }
        }
        let feed = try TimelineFeed(timeline, tracks)
        for number in Self.number..<Self.number + 6 { try feed.add(number) }
        try FileManager.default.createSymbolicLink(
            atPath: "\(directory.path)/720p/\(Self.number + 6).m4s", withDestinationPath: "/dev/full")
        try feed.add(Self.number + 6)
        #expect(timeline.snapshot.segments.map(\.number) == Array(Self.number..<Self.number + 7))
        timeline.disk.finish()
        #expect(PlainFile.size("\(directory.path)/720p/\(Self.number).m4s") == nil)
        #expect(timeline.bytes(segment: Self.number, track: "720p") != nil)
        #expect(timeline.isStorageFailing)
        try feed.add(Self.number + 7)
        #expect(!timeline.isStorageFailing)
        #expect(
            events.withLock { $0 }.suffix(2) == [.storageRecovered(segments: 0), .segment(number: Self.number + 7)])
        #expect(PlainFile.size("\(directory.path)/720p/\(Self.number + 6).m4s") != nil, "there was room then")
    }

    /// When a channel is closed, its disk space is no longer counted, and its late publication can do nothing.
    @Test func aRetiredTimelineIsOver() throws {
        let directory = try TemporaryDirectory()
        let budget = StorageBudget(maximumBytes: 1 << 30)
        let old = try timeline(directory: directory.path, budget: budget)
        let feed = try TimelineFeed(old, tracks)
        try feed.add(Self.number)
        for (index, track) in tracks.enumerated() {
            try old.append(
                track: index, segment: Self.number + 1, endsSegment: false,
                bytes: track.chunks(of: Self.number + 1, Self.duration)[0], publication: feed.publication)
        }
        old.retire()
        #expect(budget.usedBytes == 0)
        let new = try timeline(directory: directory.path, budget: budget)
        let used = budget.usedBytes
        #expect(new.snapshot.segments.map(\.number) == [Self.number, Self.number + 1])
        #expect(used == new.snapshot.segments.reduce(0) { $0 + $1.byteCount })
        let journal = try directory.read("window.jsonl")
        feed.end()
        #expect(throws: ParseError.self) { try feed.add(Self.number + 2) }
        #expect(throws: ParseError.self) { _ = try TimelineFeed(old, tracks) }
        #expect(try directory.read("window.jsonl") == journal)
        #expect(budget.usedBytes == used)
    }
}
