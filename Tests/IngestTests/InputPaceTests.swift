import ChunkStream
import Media
import RTMPServer
import Testing
import Timeline

@testable import Ingest

/// The encoder's clock beside ours: leaps, drift, media that comes too fast, tracks on clocks of their own.
@Suite struct InputPaceTests {
    private static let wall = Bench.wall
    private let flash: Flash

    init() throws { flash = try Flash() }

    static let ladder = Ladder(
        video: [VideoRung(name: "720p", codec: .copy)], audio: [AudioRung(name: "stereo", codec: .copy)],
        segmentDurationSeconds: 2, partDurationMilliseconds: 500)

    /// Each message at the time that it says, later by what the clock of the encoder is ahead.
    private func give(_ messages: [RTMPMessage], ahead: Int64 = 0, to bench: inout Bench) throws {
        for message in messages { try bench.give([message], wall: Self.wall + Int64(message.timestamp) - ahead) }
    }

    /// Nothing was missing where the times leap by less than a hole that is filled up: the ladder begins anew, and
    /// what follows lies at the wall's time instead of seconds ahead of it.
    @Test func aShortLeapIsNoHole() throws {
        var bench = try Bench(ladder: Self.ladder)
        try give(flash.configurations(at: 0) + flash.media(from: 0, seconds: 5), to: &bench)
        try give(flash.media(from: 9000, seconds: 5), ahead: 4000, to: &bench)
        try bench.finish()
        #expect(bench.events.count == 1 && bench.events[0].contains("leapt"))
        let last = try #require(bench.timeline.snapshot.segments.last?.tracks[0])
        #expect(Ticks(last.decodeTime, timescale: 90000).milliseconds < Self.wall + 10_000)
    }

    /// Times that leap after as long a silence are a hole.
    @Test func aHoleIsNoLeap() throws {
        var bench = try Bench(ladder: Self.ladder)
        try give(flash.configurations(at: 0) + flash.media(from: 0, seconds: 5), to: &bench)
        try give(flash.media(from: 6500, seconds: 5), to: &bench)
        try bench.finish()
        #expect(bench.events == [])
    }

    /// A hole in which a whole segment is missing ends a copying ladder, and not the publication.
    @Test func aHoleLongerThanASegment() throws {
        var bench = try Bench(ladder: Self.ladder)
        try give(flash.configurations(at: 0) + flash.media(from: 0, seconds: 5), to: &bench)
        try give(flash.media(from: 9000, seconds: 5), to: &bench)
        try bench.finish()
        #expect(bench.events.count == 1 && bench.events[0].contains("started anew"))
        #expect(bench.sets == 2)
        #expect(bench.numbers.contains(5) && !bench.numbers.contains(3))
    }

    /// Of a rung that copies, the last picture may end a little after the wall's time of the first one of a new ladder.
    @Test(arguments: [0, 5, 10, 20, 40, 300, 900] as [Int64]) func aNewLadderBeginsBehindTheLast(_ early: Int64) throws
    {
        var bench = try Bench(ladder: Self.ladder)
        try give(flash.configurations(at: 0) + flash.media(from: 0, seconds: 6), to: &bench)
        // As much before its time as the connection was late at first.
        try give(
            flash.configurations(at: 6000, level: 20) + flash.media(from: 6000, seconds: 5), ahead: early, to: &bench)
        try bench.finish()
        #expect(bench.sets == 2)
        let segments = bench.timeline.snapshot.segments
        for (before, after) in zip(segments, segments.dropFirst()) {
            #expect(after.tracks[0].decodeTime >= before.tracks[0].decodeTime + Int64(before.tracks[0].duration))
        }
        #expect(segments.count >= 4)
    }

    @Test func soundOnAnotherClockIsPutRight() throws {
        var bench = try Bench(ladder: Self.ladder)
        try give(flash.configurations(at: 0), to: &bench)
        for message in flash.media(from: 0, seconds: 8) {
            let at = message.timestamp
            var message = message
            if message.type == 9 { message.timestamp += 3000 }
            try bench.give([message], wall: Self.wall + Int64(at))
        }
        try bench.finish()
        #expect(bench.events.count == 1 && bench.events[0].contains("off the picture's clock"))
        for segment in bench.timeline.snapshot.segments {
            let begins = zip(segment.tracks, [90000, 48000] as [UInt32]).map { Ticks($0.decodeTime, timescale: $1) }
            #expect(abs(begins[0].milliseconds - begins[1].milliseconds) < 100)
        }
        #expect(bench.numbers.count >= 3)
    }

    /// Pictures that are decoded long before they are shown are compared with the sound by when they are shown.
    @Test func decodingLongBeforeIsNoClockOfItsOwn() throws {
        var bench = try Bench(ladder: Self.ladder)
        try bench.give(flash.configurations(at: 0), wall: Self.wall)
        for message in flash.media(from: 5000, seconds: 6) {
            let at = message.timestamp
            var message = message
            if message.type == 9 {
                message.timestamp -= 3000
                message.payload.replaceSubrange(2..<5, with: [0, 0x0B, 0xB8])
            }
            try bench.give([message], wall: Self.wall + Int64(at))
        }
        try bench.finish()
        #expect(bench.events == [])
        #expect(bench.numbers.count >= 3)
    }

    /// A picture that stays away while the sound goes on ends the ladder before the daemon has too many segments of
    /// sound alone; it goes on with the picture.
    @Test func aPictureThatPauses() throws {
        var bench = try Bench(ladder: Self.ladder)
        try give(flash.configurations(at: 0), to: &bench)
        let media = flash.media(from: 0, seconds: 24)
        try give(media.filter { $0.type == 8 || !(4000..<16_000).contains($0.timestamp) }, to: &bench)
        try bench.finish()
        #expect(bench.events.count == 1 && bench.events[0].contains("no picture for 5000 ms"))
        #expect(bench.sets == 2)
        #expect(bench.timeline.snapshot.segments.map(\.isDiscontinuity).filter(\.self).count == 1)
    }

    /// Although it was announced.
    @Test func noPictureAtAllEndsThePublication() throws {
        var bench = try Bench(ladder: Self.ladder)
        var reason = ""
        do {
            try give(
                flash.configurations(at: 0) + flash.media(from: 0, seconds: 12).filter { $0.type == 8 }, to: &bench)
        } catch let error as IngestLine.Ended { reason = error.reason }
        #expect(reason.contains("the input brought none"))
    }

    /// A file sent at once waits, a second at a time at most.
    @Test func whatComesTooFastWaits() throws {
        var bench = try Bench(ladder: Self.ladder)
        try bench.give(flash.configurations(at: 0) + flash.media(from: 0, seconds: 2), wall: Self.wall)
        #expect(bench.line.wait(now: Self.wall) == 0)
        try bench.give(flash.media(from: 2000, seconds: 6), wall: Self.wall)
        #expect(bench.line.wait(now: Self.wall) == 1000)
        #expect((900...1000).contains(bench.line.wait(now: Self.wall + 5000)))
        #expect(bench.line.wait(now: Self.wall + 6000) == 0)
    }

    @Test(arguments: [1000, -1000] as [Int64]) func driftIsPutRightALittleAtATime(_ partsPerMillion: Int64) {
        var pace = InputPace()
        pace.begin(input: 0, here: 0)
        var moved: Int64 = 0
        var leaps = 0
        for here in stride(from: 0 as Int64, to: 3_600_000, by: 40) {
            // What comes is up to 160 ms late.
            let input = here + here * partsPerMillion / 1_000_000 - here / 40 % 5 * 40
            leaps += pace.leaps(to: input, here: here) ? 1 : 0
            moved += pace.received(input, here: here)
        }
        #expect(leaps == 0)
        // In an hour, 3.6 s; 0.3 s are left alone, and what the last ten seconds brought.
        #expect(abs(moved + 3600 * partsPerMillion / 1000) <= 340)
    }

    /// An encoder that was late with its first picture only, or that sends in clumps, is on time.
    @Test(arguments: [-900, 0, 900] as [Int64]) func whatIsNoDriftIsLeftAlone(_ first: Int64) {
        var pace = InputPace()
        pace.begin(input: first, here: 0)
        for here in stride(from: 40 as Int64, to: 600_000, by: 40) {
            #expect(pace.received(here - here / 40 % 5 * 40, here: here) == 0)
        }
    }

    @Test func hostileTimesOverflowNothing() {
        var pace = InputPace()
        for input in [Int64.min, .max, 0, .min, .max] {
            pace.begin(input: input, here: 0)
            for other in [Int64.max, .min, 0] {
                #expect(pace.leaps(to: other, here: 0) == (other > input))
                #expect(pace.received(other, here: 20_000) != .max)
                #expect(pace.lead(here: 0) != .max)
                #expect(pace.distance(to: input, here: 0) != .max)
            }
        }
    }
}
