import Foundation
import Media
import TestSupport
import Testing
import Timeline

/// A journal may say anything: numbers that cannot be are no reason to end, nor to give anything a second time.
@Suite struct JournalRangeTests {
    private static let number: UInt64 = 800_000_000
    private static let path = "news/window.jsonl"
    /// The ends of 64 and 32 bits, and one below what is nothing.
    private static let extremes = ["9223372036854775807", "-9223372036854775808", "18446744073709551615", "0", "-1"]

    private let tracks: [SyntheticTrack]
    private let directory: TemporaryDirectory

    init() throws {
        tracks = [try .video(), try .audio()]
        directory = try TemporaryDirectory()
    }

    private func open() throws -> ChannelTimeline {
        try ChannelTimeline(
            directory: directory.path + "/news",
            limits: .init(segmentDuration: Ticks(2, timescale: 1), windowSeconds: 100),
            budget: StorageBudget(maximumBytes: 1 << 30), disk: .patient, onEvent: { _ in })
    }

    /// Two segments of which one is under way, and a break.
    private func journal() throws -> String {
        let timeline = try open()
        let feed = try TimelineFeed(timeline, tracks)
        for number in Self.number..<Self.number + 2 { try feed.add(number) }
        _ = try open()
        var lines = try directory.read(Self.path)
        let adBreak = AdBreak(
            id: "1-1", kind: .avail, family: 0, eventID: 1, start: Int64(Self.number) * 180_000,
            plannedDuration: 2_700_000, returnsByItself: true, section: [252])
        let record = try JSONEncoder().encode(["adBreak": ["_0": adBreak]])
        lines += String(decoding: record, as: UTF8.self) + "\n"
        lines += #"{"underWay":{"_0":{"number":\#(Self.number + 2),"samplesBefore":{"value":9,"timescale":90000}}}}"#
        return lines + "\n"
    }

    /// Each number of a line of each kind in turn.
    @Test(arguments: extremes) func noNumberEndsTheDaemon(_ extreme: String) throws {
        let lines = try journal().split(separator: "\n").map(String.init)
        var kinds: Set<Substring> = []
        var mutations = 0
        var opened = 0
        for (index, line) in lines.enumerated() where kinds.insert(line.prefix { $0 != ":" }).inserted {
            for place in line.matches(of: /[:,\[](-?[0-9]+)(?=[,}\]])/) {
                mutations += 1
                var mutated = lines
                mutated[index].replaceSubrange(place.1.startIndex..<place.1.endIndex, with: extreme)
                try directory.write(mutated.joined(separator: "\n"), to: Self.path)
                if try isOpened() { opened += 1 }
            }
        }
        #expect(kinds.count == 7 && mutations > 30 && opened > 20)
    }

    /// Opens the window and goes on with it, or refuses to.
    private func isOpened() throws -> Bool {
        do {
            let timeline = try open()
            let next = timeline.beginPublication().firstSegment
            #expect(next >= Self.number + 2)
            let feed = try TimelineFeed(timeline, tracks)
            try feed.add(max(next, Self.number + 20))
            let snapshot = timeline.snapshot
            #expect(snapshot.segments.last.map { $0.number >= next } ?? false)
            #expect(snapshot.adBreaks.allSatisfy { $0.endTime > 0 })
            return true
        } catch let error as TimelineError {
            guard case .damagedJournal = error else { throw error }
            return false
        }
    }
}
