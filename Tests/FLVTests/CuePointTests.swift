import Testing

@testable import FLV

@Suite struct CuePointTests {
    private static let section = "/DAvAAAAAAAA///wFAVIAACPf+/+c2nALv4AUsz1AAAAAAAKAAhDVUVJAAABNWLbowo="

    private func read(_ name: String, _ members: [AMF0.Property], at time: Int64 = 50_000) -> CuePoint? {
        CuePoint(name: name, arguments: [.object(members)], time: time)
    }

    @Test func primetimesSimpleMode() throws {
        let cue = try #require(
            read(
                "onAdCue",
                [
                    .init("cue", .string("SpliceOut")), .init("id", .string("a1")), .init("duration", .number(30.5)),
                    .init("time", .number(54)),
                ]))
        #expect(cue.direction == .out && cue.id == "a1" && cue.duration == 30_500)
        #expect(cue.time == 54_000 && cue.saysTime && cue.sections.isEmpty)
    }

    @Test func primetimesSectionRepeatedInTheBreak() throws {
        let cue = try #require(
            read(
                "onAdCue",
                [
                    .init("cue", .string(Self.section)), .init("type", .string("scte35")), .init("id", .number(12)),
                    .init("duration", .number(0)), .init("elapsed", .number(8)), .init("time", .number(42)),
                ]))
        #expect(cue.sections == [Self.section] && cue.id == "12" && cue.duration == nil)
        #expect(cue.time == 42_000 && cue.saysTime)
    }

    @Test func elementalsParameters() throws {
        let parameters: [AMF0.Property] = [
            .init("id", .string("1207959695")), .init("duration", .string("60.293")),
            .init("data", .string(Self.section)),
        ]
        let cue = try #require(
            read(
                "onCuePoint",
                [
                    .init("name", .string("scte35")), .init("type", .string("event")), .init("time", .number(50)),
                    .init("parameters", .ecmaArray(parameters)),
                ]))
        #expect(cue.sections == [Self.section])
        #expect(cue.direction == .out && cue.duration == 60_293 && cue.id == "1207959695")
        #expect(cue.time == 50_000 && !cue.saysTime)
    }

    @Test func youTubes() throws {
        let cue = try #require(
            read(
                "onCuePoint",
                [
                    .init("type", .string("com.youtube.cuepoint")), .init("version", .string("0.1")),
                    .init("pre_roll_time_sec", .number(2.56)), .init("cue_point_start", .boolean(true)),
                    .init("break_duration_sec", .number(30)), .init("splice_event_id", .number(0)),
                ]))
        #expect(cue.direction == .out && cue.duration == 30_000 && cue.time == 52_560 && cue.id == "0")
    }

    @Test func aSectionAlone() throws {
        #expect(CuePoint(name: "onSCTE35", arguments: [.string(Self.section)], time: 5)?.sections == [Self.section])
    }

    @Test func returns() throws {
        #expect(read("onCuePoint", [.init("name", .string("cue-in"))])?.direction == .in)
        #expect(read("onCuePoint", [.init("cue_point_start", .boolean(false))])?.direction == .in)
    }

    @Test func otherMessagesAreNone() {
        #expect(read("onCuePoint", [.init("name", .string("chapter 1")), .init("time", .number(50))]) == nil)
        #expect(read("onCuePoint", [.init("name", .string("chapter")), .init("duration", .number(5))]) == nil)
        #expect(read("onTextData", [.init("cue", .string("SpliceOut"))]) == nil)
        #expect(CuePoint(name: "onCuePoint", arguments: [], time: 0) == nil)
        #expect(CuePoint(name: "onAdCue", arguments: [.object([])], time: 0) == nil)
    }

    /// Whatever numbers come, nothing traps and no time is absurdly far.
    @Test(arguments: [.nan, .infinity, -.infinity, 1e300, -1e300, 1e11, -5, 1e-300] as [Double])
    func numbersOfStrangers(number: Double) throws {
        for key in ["time", "duration", "elapsed", "pre_roll_time_sec", "splice_event_id"] {
            let cue = read("onAdCue", [.init("cue", .string("SpliceOut")), .init(key, .number(number))], at: .max)
            let time = try #require(cue?.time)
            #expect(time >= .max - 600_000 || time < 0)
        }
    }
}
