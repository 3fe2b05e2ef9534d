import ChunkStream
import FLV
import Media
import RTMPServer
import SCTE35
import Testing
import Timeline

@testable import Ingest

/// From an encoder's data message to the daemon's marker.
@Suite struct SpliceLineTests {
    private static let sample = "/DAvAAAAAAAA///wFAVIAACPf+/+c2nALv4AUsz1AAAAAAAKAAhDVUVJAAABNWLbowo="
    private let flash: Flash

    init() throws { flash = try Flash() }

    private var ladder: Ladder {
        var ladder = IngestLineTests.ladder
        ladder.cutsAtSplices = true
        return ladder
    }

    private func message(_ name: String, _ members: [AMF0.Property], at time: UInt32) -> RTMPMessage {
        RTMPMessage(type: 18, timestamp: time, payload: AMF0.serialize([.string(name), .object(members)]))
    }

    /// Media of so many seconds, with messages among it at their times.
    private func run(seconds: Int64, _ messages: [RTMPMessage]) throws -> Bench {
        var bench = try Bench(ladder: ladder)
        let media = flash.configurations(at: 0) + flash.media(from: 0, seconds: seconds)
        var rest = messages[...]
        for item in media {
            while let next = rest.first, next.timestamp <= item.timestamp {
                rest.removeFirst()
                try bench.give(live: [next], from: Bench.wall)
            }
            try bench.give(live: [item], from: Bench.wall)
        }
        try bench.finish()
        return bench
    }

    @Test func aSectionIsPassedOnAsItIs() throws {
        let cue = message(
            "onCuePoint", [.init("name", .string("scte35")), .init("data", .string(Self.sample))], at: 3000)
        let bench = try run(seconds: 8, [cue])
        #expect(bench.markers.map(\.time) == [(Bench.wall + 3000) * 90])
        #expect(bench.markers.map(\.section) == [try #require(SpliceText.bytes(of: Self.sample))])
        #expect(bench.events == [])
    }

    /// At 5 s a segment begins, a second early; and one where the break is over, at 8 s, as ever.
    @Test func aCuePointBecomesASectionAndCutsACopiedRung() throws {
        let cue = message(
            "onAdCue",
            [
                .init("cue", .string("SpliceOut")), .init("id", .number(12)), .init("duration", .number(3)),
                .init("time", .number(5)),
            ], at: 3500)
        let bench = try run(seconds: 12, [cue])
        let marker = try #require(bench.markers.first)
        #expect(bench.markers.count == 1 && marker.time == (Bench.wall + 5000) * 90)
        let section = try SpliceInfoSection(parsing: marker.section)
        #expect(section.time == PresentationTime(ticks: marker.time))
        let signal = try #require(section.signals.first)
        #expect(signal.kind == .out && signal.eventID == 12 && signal.duration == 270_000 && signal.returnsByItself)
        let starts = bench.timeline.snapshot.segments.map { $0.tracks[0].decodeTime / 90 - Bench.wall }
        #expect(starts == [0, 2000, 5000, 6000, 8000, 10000] || starts == [0, 2000, 4000, 5000, 8000, 10000])
        #expect(bench.numbers == [0, 1, 2, 3, 4, 5])
        let sound = bench.timeline.snapshot.segments.map { $0.tracks[1].decodeTime * 1000 / 48000 - Bench.wall }
        #expect(zip(starts, sound).dropFirst().allSatisfy { (0..<22).contains($1 - $0) })
    }

    /// A section's own time counts where it is of the messages' clock.
    @Test func aTimeOfTheSameClock() throws {
        func section(_ time: UInt64) -> String {
            SpliceText.base64(
                SpliceInfoSection(
                    .insert(SpliceInsert(eventID: 1, leavesNetwork: true, time: PresentationTime(time)))
                ).serialize())
        }
        let cues = [
            message("onSCTE35", [.init("scte35", .string(section(5 * 90_000)))], at: 3000),
            message("onSCTE35", [.init("scte35", .string(section(700 * 90_000)))], at: 4000),
        ]
        #expect(try run(seconds: 6, cues).markers.map { $0.time / 90 - Bench.wall } == [5000, 4000])
    }

    @Test func whatCannotBeReadIsSaidAndMoreThanTenASecondAreLeftOut() throws {
        let broken = message("onSCTE35", [.init("scte35", .string("/DAvAAAAAAAA///wFAVIAACPf+/"))], at: 1000)
        let many = (0..<15).map { index in
            message("onAdCue", [.init("cue", .string("SpliceOut")), .init("id", .number(Double(index)))], at: 3000)
        }
        let bench = try run(seconds: 5, [broken] + many)
        #expect(bench.markers.count == 10)
        #expect(bench.events.count == 2)
        #expect(bench.events[0].hasPrefix("an ad marker (onSCTE35) is left out: its SCTE-35 cannot be read"))
        #expect(bench.events[1] == "more than 10 ad markers in a second: the rest is left out")
    }
}
