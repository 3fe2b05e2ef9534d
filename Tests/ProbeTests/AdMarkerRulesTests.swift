import HLS
import Testing

@testable import Probe

@Suite struct AdMarkerRulesTests {
    private static let section =
        "0xFC302F000000000000FFFFF014054800008F7FEFFE7369C02EFE0052CCF500000000000A0008435545490000013562DBA30A"
    private static let range = "#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2026-03-01T12:00:02Z\",PLANNED-DURATION=60.3,"

    /// Four segments of 2 s, with lines before each.
    private func issues(_ tags: [String], dated: Bool = true) throws -> [String] {
        var text = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:5\n"
        for (index, tag) in tags.enumerated() {
            if index == 0, dated { text += "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:00Z\n" }
            text += (tag.isEmpty ? "" : tag + "\n") + "#EXTINF:2.0,\n\(index).ts\n"
        }
        return AdMarkerRules.issues(try MediaPlaylist(parsing: text)).map { "\($0.rule.id): \($0.detail)" }
    }

    @Test func whatIsRightIsLeftAlone() throws {
        #expect(
            try issues([
                "", "\(Self.range)SCTE35-OUT=\(Self.section)\n#EXT-X-CUE-OUT:4.0", "#EXT-X-CUE-OUT-CONT:2.0/4.0",
                "#EXT-X-CUE-IN\n#EXT-X-CUE-OUT:DURATION=2",
            ]) == [])
        #expect(try issues(["#EXT-X-CUE-OUT-CONT:ElapsedTime=2.0,SCTE35=x", "#EXT-X-CUE-IN", "", ""]) == [])
        #expect(try issues(["", "#EXT-X-CUE-OUT", "", "#EXT-X-CUE-IN"]) == [])
        #expect(try issues(["#EXT-X-CUE-IN", "", "", ""]) == [])
    }

    @Test func faultsAreFound() throws {
        let ranges = "\(Self.range)SCTE35-OUT=\(Self.section)\n\(Self.range.replacing("60.3", with: "60.4"))X-A=1"
        #expect(try issues([ranges, ""]) == ["hls.date-range: a is said twice, in different ways"])
        #expect(
            try issues(["\(Self.range)SCTE35-OUT=\(Self.section)"], dated: false) == [
                "hls.date-range: there is no EXT-X-PROGRAM-DATE-TIME that they could be placed by"
            ])
        #expect(try issues(["#EXT-X-DATERANGE:ID=\"a\""]).map { $0.prefix(15) } == ["hls.date-range:"])
        let broken = Self.section.replacing("4800008F", with: "4800008E")
        #expect(
            try issues(["\(Self.range)SCTE35-OUT=\(broken)"]) == [
                "hls.scte35: a: invalid at byte 46: the CRC is wrong"
            ])
        #expect(
            try issues(["#EXT-OATCLS-SCTE35:/DAv\n#EXT-X-CUE-OUT:2.0"]) == [
                "hls.scte35: #EXT-OATCLS-SCTE35:/DAv cannot be read"
            ])
        #expect(
            try issues(["", "#EXT-X-CUE-IN", "#EXT-X-CUE-OUT-CONT:2.0/4.0", "#EXT-X-CUE-OUT:x"]) == [
                "hls.cue: EXT-X-CUE-IN at 6, and no break is on",
                "hls.cue: EXT-X-CUE-OUT-CONT at 7, out of a break",
                "hls.cue: EXT-X-CUE-OUT at 8, within a break", "hls.cue: #EXT-X-CUE-OUT:x cannot be read",
            ])
        #expect(
            try issues(["#EXT-X-CUE-OUT:6.0", "#EXT-X-CUE-OUT-CONT:2.0/6.0", "", "#EXT-X-CUE-IN"]) == [
                "hls.cue: segment 7 is within a break and does not say so"
            ])
    }

    @Test func reloadsMayNotChangeThem() throws {
        func playlist(_ tag: String) throws -> MediaPlaylist {
            try MediaPlaylist(
                parsing: "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:5\n"
                    + "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:00Z\n#EXTINF:2.0,\n5.ts\n\(tag)\n#EXTINF:2.0,\n6.ts\n")
        }
        var history = PlaylistHistory()
        #expect(history.take(try playlist("#EXT-X-CUE-OUT:4.0\n\(Self.range)SCTE35-OUT=\(Self.section)")).isEmpty)
        let later = try playlist("#EXT-X-CUE-IN\n\(Self.range)SCTE35-OUT=0xFC").self
        #expect(history.take(later).map(\.rule.id).sorted() == ["hls.cue", "hls.date-range"])
    }
}
