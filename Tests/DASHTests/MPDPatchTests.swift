import DASH
import Media
import Testing

/// Patches between revisions, as RFC 5261 has them. That they do what they say is tested with lxml, end to end.
@Suite struct MPDPatchTests {
    /// A period with one picture, whose segments of 2 s begin at 2 s times `numbers`.
    private func period(_ id: String, _ numbers: Range<UInt64>, bandwidth: UInt64 = 1000) -> Period {
        var timeline = SegmentTimeline()
        for number in numbers { timeline.append(start: number * 180_000, duration: 180_000) }
        let template = SegmentTemplate(
            timescale: 90000, startNumber: numbers.lowerBound, media: "$Number$.m4s", addressing: .timeline(timeline))
        let set = AdaptationSet(
            id: 1, contentType: .video, mimeType: "video/mp4", segmentTemplate: template,
            representations: [Representation(id: "720p", bandwidth: bandwidth)])
        return Period(id: id, start: Ticks(0, timescale: 1), adaptationSets: [set])
    }

    private func mpd(_ seconds: Int64, _ periods: [Period]) -> MPD {
        MPD(
            id: "dash-1", type: .dynamic, availabilityStartTime: Ticks(0, timescale: 1),
            publishTime: Ticks(seconds, timescale: 1), minimumUpdatePeriod: Ticks(2, timescale: 1),
            minBufferTime: Ticks(2, timescale: 1), patchLocation: PatchLocation(url: "patch.mpp", lifetimeSeconds: 60),
            periods: periods, utcTimings: [.httpXSDate("time")])
    }

    private func operations(_ old: MPD, _ new: MPD) throws -> [String] {
        let patch = try #require(MPDPatch(from: old, to: new)).serialize()
        let patched = try MPD(parsing: Array(old.serialize().utf8), patchedBy: Array(patch.utf8))
        #expect(try patched == MPD(parsing: Array(new.serialize().utf8)))
        let lines = try #require(MPDPatch(from: old, to: new)).serialize().split(separator: "\n").map(String.init)
        return lines.map { String($0.drop { $0 == " " }) }.filter { !$0.contains("ublish") }
    }

    @Test func aSegmentMoreIsOneElement() throws {
        let (old, new) = (mpd(10, [period("a", 1..<5)]), mpd(12, [period("a", 2..<6)]))
        #expect(
            try operations(old, new) == [
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<replace sel=\"/MPD/PatchLocation[1]\">", "</replace>",
                "<replace sel=\"/MPD/Period[@id=&apos;a&apos;]/AdaptationSet[@id=&apos;1&apos;]/SegmentTemplate/@startNumber\">2</replace>",
                "<replace sel=\"/MPD/Period[@id=&apos;a&apos;]/AdaptationSet[@id=&apos;1&apos;]/SegmentTemplate/SegmentTimeline/S[1]\">",
                "<S xmlns=\"urn:mpeg:dash:schema:mpd:2011\" t=\"360000\" d=\"180000\" r=\"3\"/>", "</replace>",
                "</Patch>",
            ])
        let text = try #require(MPDPatch(from: old, to: new)).serialize()
        #expect(
            text.contains(
                "mpdId=\"dash-1\" originalPublishTime=\"1970-01-01T00:00:10Z\" publishTime=\"1970-01-01T00:00:12Z\""))
        #expect(text.contains("<replace sel=\"/MPD/@publishTime\">1970-01-01T00:00:12Z</replace>"))
        #expect(text.contains("ttl=\"60\">patch.mpp?publishTime=1970-01-01T00%3A00%3A12Z</PatchLocation>"))
    }

    @Test func periodsLeaveAndCome() throws {
        let old = mpd(10, [period("a", 1..<3), period("b", 3..<5)])
        let new = mpd(12, [period("b", 3..<6), period("c", 6..<7)])
        let operations = try operations(old, new)
        #expect(operations.contains("<remove sel=\"/MPD/Period[@id=&apos;a&apos;]\"/>"))
        #expect(operations.contains("<add sel=\"/MPD/Period[@id=&apos;b&apos;]\" pos=\"after\">"))
        #expect(operations.contains { $0.hasPrefix("<Period xmlns=\"urn:mpeg:dash:schema:mpd:2011\" id=\"c\"") })
        #expect(operations.count { $0.contains("<remove") } == 1)
    }

    @Test func attributesComeAndGo() throws {
        let old = mpd(10, [period("a", 1..<3)])
        var new = mpd(12, [period("a", 1..<3, bandwidth: 2000)])
        new.minimumUpdatePeriod = nil
        new.mediaPresentationDuration = Ticks(6, timescale: 1)
        let operations = try operations(old, new)
        #expect(operations.contains("<add sel=\"/MPD\" type=\"@mediaPresentationDuration\">PT6S</add>"))
        #expect(operations.contains("<remove sel=\"/MPD/@minimumUpdatePeriod\"/>"))
        #expect(operations.contains { $0.contains("Representation[@id=&apos;720p&apos;]/@bandwidth\">2000<") })
    }

    @Test func announcementsComeAndGo() throws {
        var with = period("a", 1..<3)
        with.eventStreams = [
            EventStream(
                schemeIDURI: "urn:x", presentationTimeOffset: Ticks(0, timescale: 1000),
                events: [.init(id: 1, time: Ticks(4000, timescale: 1000), message: "m")])
        ]
        let (old, new) = (mpd(10, [period("a", 1..<3)]), mpd(12, [with]))
        #expect(try operations(old, new).contains("<add sel=\"/MPD/Period[@id=&apos;a&apos;]\" pos=\"prepend\">"))
        #expect(
            try operations(new, mpd(14, [period("a", 1..<3)])).contains(
                "<remove sel=\"/MPD/Period[@id=&apos;a&apos;]/EventStream[1]\"/>"))
    }

    @Test func whatCannotBeToldIsNoPatch() throws {
        let old = mpd(10, [period("a", 1..<3)])
        var new = mpd(12, [period("b", 3..<5)])
        #expect(MPDPatch(from: old, to: new) == nil, "nothing in common")
        new = mpd(12, [period("b", 1..<2), period("a", 2..<5)])
        #expect(MPDPatch(from: old, to: new) == nil, "periods in front")
        new = old
        new.availabilityStartTime = Ticks(1, timescale: 1)
        #expect(MPDPatch(from: old, to: new) == nil)
        new = old
        new.id = nil
        #expect(MPDPatch(from: old, to: new) == nil)
        // A set that has changed takes its whole Period along.
        new = mpd(12, old.periods)
        new.periods[0].adaptationSets[0].language = "de"
        #expect(try operations(old, new).contains("<replace sel=\"/MPD/Period[@id=&apos;a&apos;]\">"))
        let none = try #require(MPDPatch(none: new)).serialize()
        #expect(none.contains("originalPublishTime=\"1970-01-01T00:00:12Z\" publishTime=\"1970-01-01T00:00:12Z\""))
    }

    @Test(
        arguments: [
            ("publishTime=2026-11-21T13%3A39%3A56.264Z", 1_795_268_396_264),
            ("a=b&publishTime=1970-01-01T00:00:01Z", 1000),
            ("publishTime=x", nil), ("", nil), (nil, nil),
        ] as [(String?, Int64?)]) func aRevisionIsNamedByItsTime(_ query: String?, _ expected: Int64?)
    {
        #expect(PatchLocation.publishTime(query: query)?.milliseconds == expected)
    }
}
