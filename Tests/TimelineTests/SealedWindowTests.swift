import Files
import Foundation
import Media
import Sealing
import Synchronization
import TestSupport
import Testing
import Timeline

/// A window whose media is sealed on the disk, over restarts.
@Suite final class SealedWindowTests: Sendable {
    static let duration = Ticks(2, timescale: 1)
    static let number: UInt64 = 800_000_000

    private let tracks: [SyntheticTrack]
    private let directory: TemporaryDirectory
    private let events = Mutex<[ChannelTimeline.Event]>([])

    init() throws {
        tracks = [try .video(), try .audio()]
        directory = try TemporaryDirectory()
    }

    private func open(sealed: Bool = true, memoryBytes: Int = 1) throws -> ChannelTimeline {
        var text = (0..<32).map { UInt8($0) }
        var seal = WindowSeal(key: try HostKey(parsing: &text).key(for: .segments), channel: "news")
        seal.isWriting = sealed
        return try ChannelTimeline(
            directory: directory.path,
            limits: .init(segmentDuration: Self.duration, windowSeconds: 1000, memoryBytes: memoryBytes),
            budget: StorageBudget(maximumBytes: 1 << 30), seal: seal,
            disk: .patient, onEvent: { [self] event in events.withLock { $0.append(event) } })
    }

    private func unreadable() -> Int {
        events.withLock { $0.count { if case .unreadable = $0 { true } else { false } } }
    }

    private func picture(_ number: UInt64) -> [UInt8] { tracks[0].chunks(of: number, Self.duration).flatMap(\.self) }

    @Test func theWindowComesBackAndTheDiskShowsNoPicture() throws {
        let first = try open()
        let feed = try TimelineFeed(first, tracks)
        for number in Self.number..<Self.number + 5 { try feed.add(number) }
        let before = first.snapshot
        feed.end()
        #expect(try directory.names(in: "720p") == (0..<5 as Range<UInt64>).map { "\(Self.number + $0).sealed" })
        for path in try FileManager.default.subpathsOfDirectory(atPath: directory.path) {
            guard path.hasSuffix(".sealed") else { continue }
            let disk = try Data(contentsOf: URL(fileURLWithPath: "\(directory.path)/\(path)"))
            #expect(disk.range(of: Data("moof".utf8)) == nil && disk.range(of: Data("mdat".utf8)) == nil)
        }
        let again = try open()
        #expect(again.snapshot.segments == before.segments)
        for number in Self.number..<Self.number + 5 {
            #expect(again.bytes(segment: number, track: "720p") == picture(number))
        }
        #expect(events.withLock { $0 }.count { if case .segment = $0 { false } else { true } } == 0)
    }

    @Test func theSettingMayChangeInBothDirections() throws {
        for (index, sealed) in [false, true, false, true].enumerated() {
            let feed = try TimelineFeed(try open(sealed: sealed), tracks)
            try feed.add(Self.number + UInt64(index))
        }
        let endings = ["m4s", "sealed", "m4s", "sealed"].enumerated().map { "\(Self.number + UInt64($0)).\($1)" }
        #expect(try directory.names(in: "stereo") == endings)
        let timeline = try open(sealed: true)
        #expect(timeline.snapshot.segments.count == 4)
        for number in Self.number..<Self.number + 4 {
            #expect(timeline.bytes(segment: number, track: "720p") == picture(number))
        }
    }

    /// A clear file put in a sealed one's place is not served: the segment's record says what it must be.
    @Test func aClearFileIsNoSealedSegment() throws {
        let timeline = try open()
        let feed = try TimelineFeed(timeline, tracks)
        for number in Self.number..<Self.number + 3 { try feed.add(number) }
        try directory.remove("720p/\(Self.number).sealed")
        try PlainFile.write(picture(Self.number), to: "\(directory.path)/720p/\(Self.number).m4s")
        #expect(timeline.bytes(segment: Self.number, track: "720p") == nil)
        #expect(try open().snapshot.segments.map(\.number) == [Self.number + 1, Self.number + 2])
    }

    @Test func aChangedFileIsReportedOnceAndNeverServed() throws {
        let timeline = try open()
        let feed = try TimelineFeed(timeline, tracks)
        for number in Self.number..<Self.number + 3 { try feed.add(number) }
        let path = "\(directory.path)/720p/\(Self.number).sealed"
        var bytes = try PlainFile.read(path, atMost: 1 << 20)
        bytes[bytes.count / 2] ^= 1
        try PlainFile.write(bytes, to: path)
        for _ in 0..<3 { #expect(timeline.bytes(segment: Self.number, track: "720p") == nil) }
        #expect(unreadable() == 1)
        #expect(events.withLock { $0 }.contains(.unreadable(.tampered(path: path))))
        #expect(timeline.bytes(segment: Self.number + 1, track: "720p") != nil)
        // After a restart it is not listed any more.
        #expect(try open().snapshot.segments.map(\.number) == [Self.number + 1, Self.number + 2])
        #expect(unreadable() == 2)
        #expect(PlainFile.size(path) == nil, "and its file is gone")
    }

    /// A power failure may leave a file of the right size that never got its bytes.
    @Test func theNewestSegmentsAreReadAtTheStart() throws {
        let feed = try TimelineFeed(try open(), tracks)
        for number in Self.number..<Self.number + 40 { try feed.add(number) }
        for number in [Self.number + 39, Self.number + 5] {
            let path = "\(directory.path)/stereo/\(number).sealed"
            try PlainFile.write([UInt8](repeating: 0, count: try #require(PlainFile.size(path))), to: path)
        }
        let timeline = try open()
        #expect(timeline.snapshot.segments.last?.number == Self.number + 38)
        #expect(timeline.snapshot.segments.count == 39, "what lies further back is looked at when it is asked for")
        #expect(timeline.beginPublication().firstSegment == Self.number + 40)
        #expect(timeline.bytes(segment: Self.number + 5, track: "stereo") == nil)
        #expect(unreadable() == 2)
    }

    @Test func anotherHostKeyOpensNothing() throws {
        let feed = try TimelineFeed(try open(), tracks)
        for number in Self.number..<Self.number + 4 { try feed.add(number) }
        var text = Array("another key of thirty-two bytes!".utf8)
        let seal = WindowSeal(key: try HostKey(parsing: &text).key(for: .segments), channel: "news")
        let timeline = try ChannelTimeline(
            directory: directory.path, limits: .init(segmentDuration: Self.duration, windowSeconds: 1000),
            budget: StorageBudget(maximumBytes: 1 << 30), seal: seal, disk: .patient, onEvent: { _ in })
        #expect(timeline.snapshot.segments.isEmpty)
        #expect(timeline.beginPublication().firstSegment == Self.number + 4)
    }

    @Test func theJournalHoldsNoMedia() throws {
        let feed = try TimelineFeed(try open(), tracks)
        try feed.add(Self.number)
        let journal = try directory.read("window.jsonl")
        #expect(
            !journal.contains("mdat") && !journal.contains(Data(picture(Self.number).suffix(60)).base64EncodedString()))
    }
}
