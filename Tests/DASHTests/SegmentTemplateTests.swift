import DASH
import Media
import Testing

@Suite struct SegmentTemplateTests {
    @Test func runsOfEqualSegmentsBecomeOne() {
        var timeline = SegmentTimeline()
        for (start, duration) in [(10, 5), (15, 5), (20, 6), (26, 6), (40, 6), (46, 5)] as [(UInt64, UInt64)] {
            timeline.append(start: start, duration: duration)
        }
        #expect(
            timeline.runs == [
                .init(start: 10, duration: 5, repeats: 1), .init(start: 20, duration: 6, repeats: 1),
                .init(start: 40, duration: 6), .init(start: 46, duration: 5),
            ])
        #expect(timeline.segments(limit: 100).map(\.start) == [10, 15, 20, 26, 40, 46])
        #expect(timeline.segments(limit: 3).map(\.duration) == [5, 5, 6])
        let mpd = MPD(
            type: .static, minBufferTime: Ticks(1, timescale: 1),
            periods: [
                Period(
                    id: "p",
                    adaptationSets: [
                        AdaptationSet(
                            id: 0,
                            segmentTemplate: SegmentTemplate(timescale: 1, media: "a", addressing: .timeline(timeline)))
                    ])
            ])
        let lines = mpd.serialize().split(separator: "\n").filter { $0.contains("<S ") }.map { $0.drop { $0 == " " } }
        #expect(lines == [#"<S t="10" d="5" r="1"/>"#, #"<S d="6" r="1"/>"#, #"<S t="40" d="6"/>"#, #"<S d="5"/>"#])
    }

    @Test func hostileRunsAreCutOff() {
        let runs: [SegmentTimeline.Run] = [
            .init(start: 0, duration: 0, repeats: .max), .init(start: .max, duration: .max, repeats: .max),
            .init(start: 0, duration: 1, repeats: .min), .init(start: .max, duration: 0, repeats: -1),
            .init(start: 5, duration: 1, repeats: -1),
        ]
        for first in runs {
            for second in runs {
                var timeline = SegmentTimeline(runs: [first, second])
                #expect(timeline.segments(limit: 50).count <= 50)
                timeline.append(start: 0, duration: 1)
                #expect(timeline.runs.count >= 2)
            }
        }
        let open = SegmentTimeline(runs: [.init(start: 0, duration: 4, repeats: -1), .init(start: 10, duration: 4)])
        #expect(open.segments(limit: 50).map(\.start) == [0, 4, 8, 10])
    }

    @Test func identifiersAreFilledIn() {
        let cases: [(String, String?)] = [
            ("$RepresentationID$/1/$Number$.m4s", "v/1/7.m4s"), ("$Time$-$Bandwidth$", "900-1000"),
            ("a$$b-$Number%05d$", "a$b-00007"), ("plain", "plain"), ("", ""), ("$Number%01d$", "7"),
            ("$Number", nil), ("$SubNumber$", nil), ("$Number%5d$", nil), ("$Number%05x$", nil),
            ("$Number%0999d$", nil), ("$RepresentationID%05d$", nil), ("$$$", nil),
        ]
        for (template, expected) in cases {
            let expanded = SegmentTemplate.expand(
                template, representationID: "v", bandwidth: 1000, number: 7, time: 900)
            #expect(expanded == expected, "\(template)")
        }
        #expect(SegmentTemplate.expand("$Time$", representationID: "v", bandwidth: 1, number: 7) == nil)
    }

    @Test func periodStartsAreExact() {
        let cases: [(Ticks, String)] = [
            (Ticks(158_670_000_540_540, timescale: 90_000), "PT1763000006.006S"),
            (Ticks(1, timescale: 48_000), "PT0.000020833S"), (Ticks(44_099, timescale: 44_100), "PT0.999977324S"),
            (Ticks(.max, timescale: 1), "PT9223372036854775807S"), (Ticks(-5, timescale: 2), "PT0S"),
            (Ticks(3_999_999_999, timescale: 4_000_000_000), "PT1S"), (Ticks(5, timescale: 2), "PT2.5S"),
        ]
        for (start, expected) in cases {
            let mpd = MPD(
                type: .static, minBufferTime: Ticks(1, timescale: 1), periods: [Period(id: "p", start: start)])
            #expect(mpd.serialize().contains("start=\"\(expected)\""), "\(expected)")
        }
    }
}
