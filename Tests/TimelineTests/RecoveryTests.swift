import Files
import Foundation
import Media
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

    private func open(windowSeconds: UInt32 = 100) throws -> ChannelTimeline {
        try ChannelTimeline(
            directory: directory.path + "/news",
            limits: .init(segmentDuration: Self.duration, windowSeconds: windowSeconds),
            budget: StorageBudget(maximumBytes: 1 << 30), onEvent: { _ in })
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
    @Test func theJournalIsMadeAnewWhileTheChannelRuns() throws {
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

    /// A journal that is there and cannot be read is not a new channel: its numbers would start anew.
    @Test func aJournalThatCannotBeReadKeepsTheChannelClosed() throws {
        _ = try fill()
        let path = "\(directory.path)/news/window.jsonl"
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.truncate(atOffset: (1 << 30) + 1)
        try file.close()
        #expect(throws: FileError.self) { _ = try open() }
        #expect(PlainFile.size(path) == (1 << 30) + 1)
    }
}
