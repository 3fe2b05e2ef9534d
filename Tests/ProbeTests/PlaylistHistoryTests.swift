import HLS
import Media
import Probe
import Testing

/// Reloads that RFC 8216 allows, and those that it does not.
@Suite struct PlaylistHistoryTests {
    private static func playlist(
        _ numbers: ClosedRange<UInt64>, discontinuitySequence: UInt64 = 0, discontinuityAt: UInt64? = nil,
        shift: Int64 = 0, names: String = "ts"
    ) -> MediaPlaylist {
        MediaPlaylist(
            targetDuration: 2, mediaSequence: numbers.lowerBound, discontinuitySequence: discontinuitySequence,
            segments: numbers.map { number in
                MediaSegment(
                    uri: "\(number).\(names)", duration: SegmentDuration(Ticks(2, timescale: 1)),
                    isDiscontinuity: number == discontinuityAt,
                    programDateTime: Ticks(Int64(number) * 2000 + shift, timescale: 1000))
            })
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var first: MediaPlaylist
        var second: MediaPlaylist
        var rules: [String]
    }

    static let cases: [Case] = [
        Case(testDescription: "slides", first: playlist(10...15), second: playlist(11...16), rules: []),
        Case(testDescription: "the same", first: playlist(10...15), second: playlist(10...15), rules: []),
        Case(testDescription: "all new", first: playlist(10...15), second: playlist(20...25), rules: []),
        Case(
            testDescription: "falls", first: playlist(10...15), second: playlist(9...15), rules: ["hls.media-sequence"]),
        Case(
            testDescription: "loses its newest", first: playlist(10...15), second: playlist(10...14),
            rules: ["hls.media-sequence"]),
        Case(
            testDescription: "another segment of the same number", first: playlist(10...15),
            second: playlist(13...16, names: "m4s"), rules: ["hls.segment-identity"]),
        Case(
            testDescription: "a discontinuity leaves", first: playlist(10...15, discontinuityAt: 11),
            second: playlist(11...16, discontinuityAt: 11), rules: []),
        Case(
            testDescription: "a discontinuity left and is counted", first: playlist(10...15, discontinuityAt: 11),
            second: playlist(12...16, discontinuitySequence: 1), rules: []),
        Case(
            testDescription: "a discontinuity left uncounted", first: playlist(10...15, discontinuityAt: 11),
            second: playlist(12...16), rules: ["hls.discontinuity-sequence"]),
    ]

    @Test(arguments: cases) func reload(_ one: Case) {
        var history = PlaylistHistory()
        #expect(history.take(one.first).isEmpty)
        #expect(Set(history.take(one.second).map(\.rule.id)) == Set(one.rules))
    }

    @Test func targetDurationChanges() {
        var history = PlaylistHistory()
        var playlist = Self.playlist(1...3)
        #expect(history.take(playlist).isEmpty)
        playlist.targetDuration = 3
        #expect(history.take(playlist).map(\.rule.id) == ["hls.target-duration-fixed"])
    }

    static let pairs: [Case] = [
        Case(testDescription: "equal", first: playlist(10...15), second: playlist(10...15, shift: 20), rules: []),
        Case(testDescription: "reloaded between", first: playlist(10...15), second: playlist(11...16), rules: []),
        Case(
            testDescription: "a second apart", first: playlist(10...15), second: playlist(10...15, shift: 1000),
            rules: ["hls.aligned-times"]),
        Case(
            testDescription: "other numbers", first: playlist(10...15), second: playlist(110...115),
            rules: ["hls.alignment"]),
        Case(
            testDescription: "a discontinuity in one", first: playlist(10...15),
            second: playlist(10...15, discontinuityAt: 12), rules: ["hls.alignment"]),
    ]

    @Test(arguments: pairs) func alignment(_ one: Case) {
        let issues = RenditionAlignment.issues([("a", one.first), ("b", one.second)], frame: 34_000)
        #expect(Set(issues.map(\.rule.id)) == Set(one.rules))
    }

    struct Text: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var text: String
        var rules: [String]
    }

    private static func text(_ tags: String, version: Int = 7) -> String {
        "#EXTM3U\n#EXT-X-VERSION:\(version)\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:4\n\(tags)#EXT-X-ENDLIST\n"
    }

    static let texts: [Text] = [
        Text(testDescription: "plain", text: text("#EXTINF:2,\na.ts\n", version: 1), rules: []),
        Text(testDescription: "decimals", text: text("#EXTINF:2.0,\na.ts\n", version: 2), rules: ["hls.version"]),
        Text(
            testDescription: "map", text: text("#EXT-X-MAP:URI=\"i.mp4\"\n#EXTINF:2,\na.m4s\n", version: 5),
            rules: ["hls.version"]),
        Text(testDescription: "rounds down", text: text("#EXTINF:2.499,\na.ts\n"), rules: []),
        Text(testDescription: "rounds up", text: text("#EXTINF:2.5,\na.ts\n"), rules: ["hls.target-duration"]),
        Text(testDescription: "gap", text: text("#EXT-X-GAP\n#EXTINF:2,\na.ts\n"), rules: ["hls.gap"]),
        Text(
            testDescription: "the same IV twice",
            text: text("#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x01\n#EXTINF:2,\na.ts\n#EXTINF:2,\nb.ts\n"),
            rules: ["hls.iv"]),
        Text(
            testDescription: "dates that do not go on",
            text: text(
                "#EXT-X-PROGRAM-DATE-TIME:2025-01-01T00:00:00Z\n#EXTINF:2,\na.ts\n"
                    + "#EXT-X-PROGRAM-DATE-TIME:2025-01-01T00:00:03Z\n#EXTINF:2,\nb.ts\n"),
            rules: ["hls.date-time"]),
        Text(
            testDescription: "a discontinuity that says the date",
            text: text(
                "#EXT-X-PROGRAM-DATE-TIME:2025-01-01T00:00:00Z\n#EXTINF:2,\na.ts\n#EXT-X-DISCONTINUITY\n"
                    + "#EXT-X-PROGRAM-DATE-TIME:2025-01-01T00:00:30Z\n#EXTINF:2,\nb.ts\n"),
            rules: []),
    ]

    @Test(arguments: texts) func oneByItself(_ one: Text) throws {
        let playlist = try MediaPlaylist(parsing: one.text)
        #expect(Set(PlaylistRules.issues(text: one.text, playlist: playlist).map(\.rule.id)) == Set(one.rules))
    }
}
