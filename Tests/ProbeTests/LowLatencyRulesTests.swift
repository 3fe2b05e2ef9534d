import HLS
import Testing

@testable import Probe

/// Planted faults in a playlist with parts, each found by its rule alone.
@Suite struct LowLatencyRulesTests {
    private static let good = """
        #EXTM3U
        #EXT-X-VERSION:9
        #EXT-X-TARGETDURATION:2
        #EXT-X-MEDIA-SEQUENCE:99
        #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,HOLD-BACK=6.0,PART-HOLD-BACK=1.5
        #EXT-X-PART-INF:PART-TARGET=0.5
        #EXT-X-PROGRAM-DATE-TIME:2020-09-13T12:26:48.000Z
        #EXTINF:2.0,
        99.ts
        #EXTINF:2.0,
        100.ts
        #EXTINF:2.0,
        101.ts
        #EXT-X-PART:DURATION=0.5,URI="102.0.ts",INDEPENDENT=YES
        #EXT-X-PART:DURATION=0.48,URI="102.1.ts"
        #EXT-X-PART:DURATION=0.5,URI="102.2.ts"
        #EXT-X-PART:DURATION=0.3,URI="102.3.ts"
        #EXTINF:1.78,
        102.ts
        #EXT-X-PART:DURATION=0.5,URI="103.0.ts",INDEPENDENT=YES
        #EXT-X-PRELOAD-HINT:TYPE=PART,URI="103.1.ts"
        #EXT-X-RENDITION-REPORT:URI="../stereo/playlist.m3u8",LAST-MSN=103,LAST-PART=0

        """

    private static func rules(_ text: String) throws -> [String] {
        PlaylistRules.issues(text: text, playlist: try MediaPlaylist(parsing: text)).map(\.rule.id)
    }

    @Test func nothingIsWrongWithAGoodOne() throws { #expect(try Self.rules(Self.good).isEmpty) }

    @Test(arguments: [
        ("DURATION=0.48,URI", "DURATION=0.42,URI", ["hls.part-duration", "hls.part-sum"]),
        ("DURATION=0.48,URI", "DURATION=0.52,URI", ["hls.part-target", "hls.part-sum"]),
        ("DURATION=0.3,URI", "DURATION=0.4,URI", ["hls.part-sum"]),
        ("#EXT-X-PART-INF:PART-TARGET=0.5\n", "", ["hls.part-target"]),
        ("PART-HOLD-BACK=1.5", "PART-HOLD-BACK=0.9", ["hls.server-control"]),
        (",PART-HOLD-BACK=1.5", "", ["hls.server-control"]),
        (",HOLD-BACK=6.0", ",HOLD-BACK=5.9", ["hls.server-control"]),
        ("CAN-SKIP-UNTIL=12.0", "CAN-SKIP-UNTIL=11.0", ["hls.server-control"]),
        ("CAN-BLOCK-RELOAD=YES,", "", ["hls.server-control"]),
        ("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"103.1.ts\"\n", "", ["hls.preload-hint"]),
        ("URI=\"103.0.ts\"", "URI=\"http://elsewhere/103.0.ts\"", ["http.relative"]),
        ("#EXT-X-PART-INF", "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXT-X-PART-INF", []),
        ("#EXT-X-VERSION:9\n", "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXT-X-VERSION:8\n", ["hls.version"]),
        (
            "PART-TARGET=0.5", "PART-TARGET=9000000000000.0",
            ["hls.server-control", "hls.part-duration", "hls.part-duration"]
        ),
    ]) func aFaultIsFound(_ good: String, _ bad: String, _ expected: [String]) throws {
        #expect(try Self.rules(Self.good.replacing(good, with: bad)) == expected)
    }

    @Test func renditionsReportEachOther() throws {
        let video = try MediaPlaylist(parsing: Self.good)
        let audio = try MediaPlaylist(parsing: Self.good.replacing("../stereo/", with: "../720p/"))
        #expect(LowLatencyRules.issues(together: [("720p", video), ("stereo", audio)]).isEmpty)
        let faults = [
            ("LAST-MSN=103", "LAST-MSN=90"), ("LAST-MSN=103,", ""), ("../720p/", "../other/"),
            ("PART-HOLD-BACK=1.5", "PART-HOLD-BACK=1.6"), ("PART-TARGET=0.5", "PART-TARGET=0.51"),
        ]
        let found = try faults.map { good, bad in
            let text = Self.good.replacing("../stereo/", with: "../720p/").replacing(good, with: bad)
            return LowLatencyRules.issues(together: [("720p", video), ("stereo", try MediaPlaylist(parsing: text))])
                .map(\.rule.id)
        }
        let report = ["hls.rendition-report"]
        #expect(found == [report, report, report, ["hls.server-control"], ["hls.part-target"]])
    }

    @Test func whatAReloadMustHave() throws {
        let playlist = try MediaPlaylist(parsing: Self.good)
        #expect(LowLatencyRules.contains(playlist, segment: 102, part: nil))
        #expect(LowLatencyRules.contains(playlist, segment: 102, part: 9))
        #expect(LowLatencyRules.contains(playlist, segment: 103, part: 0))
        #expect(!LowLatencyRules.contains(playlist, segment: 103, part: 1))
        #expect(!LowLatencyRules.contains(playlist, segment: 103, part: nil))
        #expect(!LowLatencyRules.contains(playlist, segment: 104, part: 0))
    }

    @Test func aDeltaUpdateThatSaysAnother() throws {
        let playlist = try MediaPlaylist(parsing: Self.good)
        #expect(LowLatencyRules.deltaIssues(playlist, whole: playlist).isEmpty)
        let other = try MediaPlaylist(parsing: Self.good.replacing("101.ts", with: "9.ts"))
        #expect(LowLatencyRules.deltaIssues(other, whole: playlist).map(\.rule.id) == ["hls.delta-update"])
    }
}
