import Files
import Media
import MediaMemory
import Synchronization
import TestSupport
import Testing
import Timeline

/// The segment under way: what is shown of it stays, whatever becomes of who makes it.
@Suite struct PartsTests {
    static let duration = Ticks(2, timescale: 1)
    static let number: UInt64 = 800_000_000

    private let tracks: [SyntheticTrack]

    init() throws { tracks = [try .video(), try .audio()] }

    private func timeline(
        directory: String? = nil, showsParts: Bool = true,
        onEvent: @escaping @Sendable (ChannelTimeline.Event) -> Void = { _ in }
    ) throws -> ChannelTimeline {
        try ChannelTimeline(
            directory: directory,
            limits: .init(segmentDuration: Self.duration, windowSeconds: 20, showsParts: showsParts),
            budget: StorageBudget(maximumBytes: 1 << 30), disk: .patient, onEvent: onEvent)
    }

    /// One of four chunks of a segment.
    private func append(_ chunk: Int, of number: UInt64, track: Int, _ feed: TimelineFeed) throws {
        let bytes = tracks[track].chunks(of: number, Self.duration, parts: 4)[chunk]
        try feed.timeline.append(
            track: track, segment: number, endsSegment: chunk == 3, bytes: bytes, publication: feed.publication)
    }

    @Test func aSegmentIsShownFromWhenEveryTrackHasAPart() throws {
        let events = Mutex<[ChannelTimeline.Event]>([])
        let timeline = try timeline { event in events.withLock { $0.append(event) } }
        let feed = try TimelineFeed(timeline, tracks)
        try append(0, of: Self.number, track: 0, feed)
        try append(1, of: Self.number, track: 0, feed)
        #expect(timeline.snapshot.underWay == nil)
        try append(0, of: Self.number, track: 1, feed)
        let first = try #require(timeline.snapshot.underWay)
        #expect(first.segment.number == Self.number)
        #expect(first.segment.tracks.map(\.chunks.count) == [2, 1])
        #expect(
            first.parts[0].map(\.bytes.array) == Array(tracks[0].chunks(of: Self.number, Self.duration, parts: 4)[..<2])
        )
        #expect(first.isEnded == [false, false])
        #expect(first.eventStart == Self.number)
        #expect(timeline.snapshot.segments.isEmpty)
        for chunk in 2..<4 { try append(chunk, of: Self.number, track: 0, feed) }
        #expect(timeline.snapshot.underWay?.isEnded == [true, false])
        // The next one waits until this is whole.
        try append(0, of: Self.number + 1, track: 0, feed)
        #expect(timeline.snapshot.underWay?.segment.number == Self.number)
        for chunk in 1..<4 { try append(chunk, of: Self.number, track: 1, feed) }
        #expect(timeline.snapshot.underWay == nil)
        #expect(timeline.snapshot.segments.map(\.number) == [Self.number])
        #expect(timeline.snapshot.segments[0].tracks[0].chunks[..<2] == first.segment.tracks[0].chunks[...])
        try append(0, of: Self.number + 1, track: 1, feed)
        #expect(timeline.snapshot.underWay?.segment.number == Self.number + 1)
        let part = ChannelTimeline.Event.part(segment: Self.number)
        #expect(
            events.withLock { $0 } == Array(repeating: part, count: 5) + [.segment(number: Self.number)]
                + [.part(segment: Self.number + 1)])
    }

    @Test func withoutLowLatencyNothingIsShown() throws {
        let timeline = try timeline(showsParts: false)
        let feed = try TimelineFeed(timeline, tracks)
        for track in 0..<2 { try append(0, of: Self.number, track: track, feed) }
        #expect(timeline.snapshot.underWay == nil)
    }

    @Test func whatWasShownEndsAsAShortSegment() throws {
        let timeline = try timeline()
        let feed = try TimelineFeed(timeline, tracks)
        try feed.add(Self.number)
        for track in 0..<2 { try append(0, of: Self.number + 1, track: track, feed) }
        let shown = try #require(timeline.snapshot.underWay)
        feed.end()
        #expect(timeline.snapshot.underWay == nil)
        #expect(timeline.snapshot.segments.last == shown.segment)
        #expect(timeline.bytes(segment: Self.number + 1, track: "720p") == shown.parts[0].flatMap(\.bytes.array))
    }

    /// Another encoder holds all of the segment under way: too late, where parts of it were shown.
    @Test func whoTakesOverGoesOnWithTheNextSegment() throws {
        let timeline = try timeline()
        let feed = try TimelineFeed(timeline, tracks)
        try feed.add(Self.number)
        try append(0, of: Self.number + 1, track: 0, feed)
        #expect(timeline.segmentUnderWay == Self.number + 1)
        try append(0, of: Self.number + 1, track: 1, feed)
        #expect(timeline.segmentUnderWay == Self.number + 2)
        let shown = try #require(timeline.snapshot.underWay)
        #expect(timeline.beginPublication(holding: Self.number + 1).firstSegment == Self.number + 2)
        #expect(timeline.snapshot.segments.last == shown.segment)
    }

    @Test func whoTakesOverBeforeAnythingWasShownHasTheWholeSegment() throws {
        let timeline = try timeline()
        let feed = try TimelineFeed(timeline, tracks)
        try feed.add(Self.number)
        try append(0, of: Self.number + 1, track: 0, feed)
        #expect(timeline.beginPublication(holding: Self.number + 1).firstSegment == Self.number + 1)
        #expect(timeline.snapshot.segments.map(\.number) == [Self.number])
    }

    @Test func aChunkOfTheNextSegmentEndsTheOneBefore() throws {
        let timeline = try timeline()
        let feed = try TimelineFeed(timeline, tracks)
        for track in 0..<2 { try append(0, of: Self.number, track: track, feed) }
        try append(0, of: Self.number + 1, track: 0, feed)
        #expect(timeline.snapshot.underWay?.isEnded == [true, false])
        try append(0, of: Self.number + 1, track: 1, feed)
        #expect(timeline.snapshot.segments.map(\.number) == [Self.number])
        #expect(timeline.snapshot.underWay?.segment.number == Self.number + 1)
    }

    /// A cenc IV is made of the decode time: what was shown must never be made again with other bytes.
    @Test func aRestartNeverGivesAShownNumberAgain() throws {
        let directory = try TemporaryDirectory()
        do {
            let timeline = try timeline(directory: directory.path)
            let feed = try TimelineFeed(timeline, tracks)
            for track in 0..<2 { try append(0, of: Self.number, track: track, feed) }
            // Killed here.
        }
        do {
            let timeline = try timeline(directory: directory.path)
            #expect(timeline.snapshot.underWay == nil)
            let feed = try TimelineFeed(timeline, tracks)
            #expect(timeline.segmentUnderWay == Self.number + 1)
            #expect(throws: ParseError.self) { try append(0, of: Self.number, track: 0, feed) }
            try feed.add(Self.number + 1)
            // The promise for what follows a whole segment is written with it.
        }
        let timeline = try timeline(directory: directory.path)
        _ = try TimelineFeed(timeline, tracks)
        #expect(timeline.segmentUnderWay == Self.number + 3)
    }

    /// A promise survives a rewriting of the journal.
    @Test func aRestartAfterAnOrderlyEndKeepsWhatWasPromised() throws {
        let directory = try TemporaryDirectory()
        do {
            let timeline = try timeline(directory: directory.path)
            let feed = try TimelineFeed(timeline, tracks)
            for number in Self.number..<Self.number + 400 { try feed.add(number, parts: 1) }
        }
        let timeline = try timeline(directory: directory.path)
        _ = try TimelineFeed(timeline, tracks)
        #expect(timeline.segmentUnderWay == Self.number + 401)
    }
}
