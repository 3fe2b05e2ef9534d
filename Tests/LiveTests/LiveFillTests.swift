import ISOBMFF
import Keys
import Media
import Packager
import Settings
import Slate
import Synchronization
import TestSupport
import Testing
import Timeline

@testable import Live

/// A channel whose encoder goes away: what is listed meanwhile, and what is when it is back.
@Suite struct LiveFillTests {
    private let studio = Studio()
    private let tracks: [SyntheticTrack]
    private let slate: Slate

    init() throws {
        tracks = [try .video(), try .audio()]
        slate = try SyntheticSlate(tracks).slate()
    }

    private func channel(
        _ loss: InputLoss, end: IngestProfile.SourceEndBehavior = .continue, directory: String? = nil
    ) throws -> LiveChannel {
        var profile = Studio.profile([.clear])
        profile.ingest.inputLoss = loss
        profile.ingest.sourceEndBehavior = end
        return try studio.channel(profile, directory: directory)
    }

    private func attend(_ channel: LiveChannel) {
        channel.attend(LiveChannel.InputWatch(makeStill: {}, displace: {}))
    }

    /// The time comes, and with it what was to be called back.
    private func wait(until milliseconds: Int64) {
        while let next = studio.alarms.withLock({ alarms in
            alarms.indices.filter { alarms[$0].time <= milliseconds }.min { alarms[$0].time < alarms[$1].time }
                .map { alarms.remove(at: $0) }
        }) {
            set(max(studio.clock.now, next.time))
            next.action()
        }
        set(milliseconds)
    }

    private func set(_ milliseconds: Int64) { studio.clock.advance(milliseconds: milliseconds - studio.clock.now) }

    private func start(_ segment: Int64) -> Int64 { (Int64(Studio.number) + segment) * 2000 }

    private func numbers(_ channel: LiveChannel) -> [UInt64] {
        channel.timeline.snapshot.segments.map { $0.number - Studio.number }
    }

    private func publish(_ channel: LiveChannel, _ segments: Range<UInt64>) throws {
        let feed = try TimelineFeed(channel.timeline, tracks)
        for number in segments { try feed.add(Studio.number + number) }
    }

    @Test func theSlateGoesOnUntilTheHoldIsOver() throws {
        let channel = try channel(InputLoss(holdSeconds: 5, fill: .black), end: .end)
        attend(channel)
        channel.setSlate(slate, for: .lostInput)
        set(start(2) + 100)
        try publish(channel, 0..<2)
        channel.inputLeft()
        #expect(channel.inputState == .lost && channel.fillsNow)
        wait(until: start(3))
        #expect(numbers(channel) == [0, 1, 2] && channel.inputState == .filling)
        #expect(channel.state(of: "clear")?.window.isEnded == false)
        wait(until: start(60))
        // The fifth second lies in segment 4.
        #expect(numbers(channel) == [0, 1, 2, 3, 4] && channel.inputState == .ended)
        let segments = channel.timeline.snapshot.segments
        #expect(segments.map(\.isDiscontinuity) == [false, false, true, false, false])
        #expect(segments.map { $0.fillsSince != nil } == [false, false, true, true, true])
        #expect(channel.state(of: "clear")?.window.isEnded == true)

        // Whoever publishes next begins behind a discontinuity, and the end is taken back.
        try publish(channel, 70..<71)
        #expect(channel.inputState == .live && channel.state(of: "clear")?.window.isEnded == false)
        #expect(channel.timeline.snapshot.segments.last?.isDiscontinuity == true)
    }

    @Test func itsMediaIsThatOfASegmentWithoutAHole() throws {
        let channel = try channel(InputLoss(holdSeconds: 60, fill: .black))
        attend(channel)
        channel.setSlate(slate, for: .lostInput)
        set(start(1) + 100)
        try publish(channel, 0..<1)
        channel.inputLeft()
        wait(until: start(5))
        #expect(numbers(channel) == [0, 1, 2, 3, 4])
        for (index, track) in tracks.enumerated() {
            var end: Int64?
            for number in 1...4 as ClosedRange<UInt64> {
                let bytes = try #require(
                    channel.timeline.bytes(segment: Studio.number + number, track: track.track.name))
                let samples = try MovieFragmentTable(parsing: bytes.span).fragments.flatMap(\.samples)
                let real = track.samples(of: Studio.number + number, Studio.duration)
                #expect(samples.map(\.decodeTime) == real.map(\.decodeTime))
                if let end { #expect(samples.first?.decodeTime == end) }
                end = samples.last.map { $0.decodeTime + Int64($0.duration) }
                // As the parts of a real one.
                let chunks = channel.timeline.snapshot.segment(Studio.number + number)?.tracks[index].chunks ?? []
                let parts = channel.profile.ladder.parts
                #expect(chunks.count == Int(parts.count))
                #expect(chunks.allSatisfy { Ticks($0.duration, timescale: track.track.timescale) <= parts.target })
            }
        }
    }

    @Test func whoComesBackGoesOnAtTheNextSegment() throws {
        let channel = try channel(InputLoss(holdSeconds: 60, fill: .slate))
        attend(channel)
        channel.setSlate(slate, for: .lostInput)
        set(start(1) + 100)
        try publish(channel, 0..<1)
        channel.inputLeft()
        wait(until: start(3) + 1100)
        // Half of segment 3 is there; from 4 on there is an encoder.
        channel.giveWay(to: Studio.number + 4)
        #expect(numbers(channel) == [0, 1, 2, 3] && channel.inputState == .live)
        try publish(channel, 4..<6)
        #expect(numbers(channel) == [0, 1, 2, 3, 4, 5])
        let segments = channel.timeline.snapshot.segments
        #expect(segments.map(\.isDiscontinuity) == [false, true, false, false, true, false])
        wait(until: start(6))
        #expect(numbers(channel) == [0, 1, 2, 3, 4, 5])
    }

    @Test func aStillIsWaitedForAndBlackTakesItsPlace() throws {
        let channel = try channel(InputLoss(holdSeconds: 60, fill: .repeat))
        let asked = Mutex(0)
        channel.attend(
            LiveChannel.InputWatch(makeStill: { asked.withLock { $0 += 1 } }, displace: {}))
        channel.setSlate(slate, for: .lostInput)
        set(start(1) + 100)
        try publish(channel, 0..<1)
        channel.inputLeft()
        #expect(asked.withLock { $0 } == 1)
        wait(until: start(3) + 500)
        #expect(numbers(channel) == [0])
        channel.setStill(nil)
        #expect(numbers(channel) == [0, 1, 2])
        // The best rung, and nothing that was filled in.
        let picture = try #require(channel.lastPicture(atMost: 1 << 20))
        let real = try #require(channel.timeline.bytes(segment: Studio.number, track: "720p"))
        #expect(picture == tracks[0].header + real)
        #expect(channel.lastPicture(atMost: 10) == nil)
    }

    @Test func aRestartInTheMiddleOfTheHoldGoesOnWithIt() throws {
        let directory = try TemporaryDirectory()
        do {
            let channel = try channel(InputLoss(holdSeconds: 8, fill: .black), directory: directory.path)
            attend(channel)
            channel.setSlate(slate, for: .lostInput)
            set(start(1))
            try publish(channel, 0..<1)
            channel.inputLeft()
            wait(until: start(2) + 500)
            #expect(numbers(channel) == [0, 1])
        }
        studio.alarms.withLock { $0 = [] }
        set(start(3) + 500)
        let channel = try channel(InputLoss(holdSeconds: 8, fill: .black), end: .end, directory: directory.path)
        attend(channel)
        #expect(channel.inputState == .lost && channel.inputLostSince == start(1))
        // The slate of before is on the disk.
        #expect(channel.hasSlate(recipe: "test", for: .lostInput))
        wait(until: start(40))
        #expect(numbers(channel) == [0, 1, 2, 3, 4])
        #expect(channel.state(of: "clear")?.window.isEnded == true)
        let again = try self.channel(InputLoss(holdSeconds: 8, fill: .black), end: .end, directory: directory.path)
        attend(again)
        #expect(again.state(of: "clear")?.window.isEnded == true)
    }

    @Test func whatCannotBeMadeLikeItIsAGap() throws {
        let channel = try channel(InputLoss(holdSeconds: 60, fill: .black))
        attend(channel)
        channel.setSlate(slate, for: .lostInput)
        let copied = Track(
            name: "stereo", timescale: 48000, codec: .ac3(try AC3Configuration(parsing: [0x10, 0x11, 0x40])))
        set(start(1) + 100)
        let feed = try TimelineFeed(channel.timeline, [tracks[0], SyntheticTrack(track: copied)])
        try feed.add(Studio.number)
        channel.inputLeft()
        #expect(!channel.fillsNow && channel.inputState == .lost)
        wait(until: start(20))
        #expect(numbers(channel) == [0])
    }
}
