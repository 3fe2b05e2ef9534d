import DASH
import Media
import Packager
import Settings
import TestSupport
import Testing
import Timeline

/// ISO/IEC 23009-1:2022, clause 5.3; DASH-IF IOP.
@Suite struct MPDPackagerTests {
    private static let publications: [[UInt64]] = [[0, 1], [4, 5]]

    private func stage(_ publications: [[UInt64]] = Self.publications) throws -> Stage {
        try Stage(publications, tracks: [.video("720p"), .video("360p"), .audio("stereo")])
    }

    private static let golden = """
        <?xml version="1.0" encoding="UTF-8"?>
        <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:cenc="urn:mpeg:cenc:2013" xmlns:mspr="urn:microsoft:playready" xmlns:dashif="https://dashif.org/CPS" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="dynamic" availabilityStartTime="1970-01-01T00:00:00Z" publishTime="2020-09-13T12:26:52.345Z" minimumUpdatePeriod="PT3S" minBufferTime="PT6S" timeShiftBufferDepth="PT20S" suggestedPresentationDelay="PT18S" maxSegmentDuration="PT2.006S">
          <Period id="p800000000" start="PT1600000000S">
            <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1" maxWidth="320" maxHeight="180">
              <ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cenc" cenc:default_KID="a0a0a0a0-a0a0-a0a0-0000-000009896800"/>
              <ContentProtection schemeIdUri="urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed">
                <a:data xmlns:a="urn:a">a0a0a0a0a0a0a0a00000000009896800</a:data>
              </ContentProtection>
              <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
              <SegmentTemplate timescale="90000" presentationTimeOffset="144000000000000" startNumber="800000000" initialization="$RepresentationID$/0123456789ab/init-1-160000000.mp4" media="$RepresentationID$/0123456789ab/$Number$.m4s">
                <SegmentTimeline>
                  <S t="144000000000000" d="180000" r="1"/>
                </SegmentTimeline>
              </SegmentTemplate>
              <Representation id="720p" bandwidth="3000000" codecs="avc1.64000d" width="320" height="180" frameRate="30"/>
              <Representation id="360p" bandwidth="800000" codecs="avc1.64000d" width="320" height="180" frameRate="30"/>
            </AdaptationSet>
            <AdaptationSet id="10" contentType="audio" mimeType="audio/mp4" lang="en" segmentAlignment="true" startWithSAP="1">
              <ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cenc" cenc:default_KID="b0b0b0b0-b0b0-b0b0-0000-000009896800"/>
              <ContentProtection schemeIdUri="urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed">
                <a:data xmlns:a="urn:a">b0b0b0b0b0b0b0b00000000009896800</a:data>
              </ContentProtection>
              <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
              <SegmentTemplate timescale="48000" presentationTimeOffset="76800000000000" startNumber="800000000" initialization="$RepresentationID$/0123456789ab/init-1-160000000.mp4" media="$RepresentationID$/0123456789ab/$Number$.m4s">
                <SegmentTimeline>
                  <S t="76800000000000" d="96256" r="1"/>
                </SegmentTimeline>
              </SegmentTemplate>
              <Representation id="stereo" bandwidth="128000" codecs="mp4a.40.2" audioSamplingRate="48000">
                <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
              </Representation>
            </AdaptationSet>
          </Period>

        """

    @Test func hbbTVIsNamed() throws {
        var endpoint = EndpointProfile.dash()
        #expect(try mpd(stage().window(endpoint)).profiles == [.isoffLive])
        endpoint.dashProfile = .hbbTV15
        #expect(try mpd(stage().window(endpoint)).profiles == [.isoffLive, .hbbTV])
    }

    private func mpd(_ window: EndpointWindow) throws -> MPD { try MPD(parsing: Array(MPDPackager.mpd(window).utf8)) }

    private func timeline(_ period: Period, _ set: Int) -> [SegmentTimeline.Run] {
        guard case .timeline(let timeline)? = period.adaptationSets[set].segmentTemplate?.addressing else { return [] }
        return timeline.runs
    }

    @Test func theBeginningOfTheText() throws {
        let text = MPDPackager.mpd(try stage().window(.dash()))
        #expect(difference(String(text.prefix(Self.golden.count)), Self.golden) == [])
    }

    @Test func everyKeyAndEveryPublicationIsAPeriod() throws {
        let mpd = try mpd(try stage().window(.dash()))
        #expect(mpd.periods.map(\.id) == ["p800000000", "p800000004", "p800000005"])
        #expect(mpd.periods.map { $0.start?.milliseconds } == [0, 8000, 10000].map { 1_600_000_000_000 + $0 })
        #expect(mpd.periods.map(\.duration) == [nil, nil, nil])
        let initializations = mpd.periods.map { $0.adaptationSets[0].segmentTemplate?.initialization ?? "" }
        #expect(
            initializations.map { $0.split(separator: "/").last } == [
                "init-1-160000000.mp4", "init-2-160000000.mp4", "init-2-160000001.mp4",
            ])
        // Over a change of key the timeline goes on, over a new publication with a hole the initialization does.
        let continuity = mpd.periods.map { period in
            period.adaptationSets[0].supplementalProperties.map { [$0.schemeIDURI, $0.value ?? ""] }
        }
        #expect(
            continuity == [
                [], [["urn:mpeg:dash:period-connectivity:2015", "p800000000"]],
                [["urn:mpeg:dash:period-continuity:2015", "p800000004"]],
            ])
        #expect(timeline(mpd.periods[1], 0) == [.init(start: 144_000_000_720_000, duration: 180_000)])
        #expect(timeline(mpd.periods[2], 1) == [.init(start: 76_800_000_480_256, duration: 96_256)])
    }

    /// A period keeps its id, its start and its offset while its segments leave the window.
    @Test func periodsKeepWhatTheyAre() throws {
        var seen: [String: (Ticks?, [UInt64])] = [:]
        let stage = try stage([])
        let feed = try TimelineFeed(stage.timeline, stage.tracks)
        for number in Stage.number..<Stage.number + 20 {
            try feed.add(number)
            let mpd = try mpd(try stage.window(.dash()))
            for period in mpd.periods {
                let id = period.id
                let offsets = period.adaptationSets.compactMap { $0.segmentTemplate?.presentationTimeOffset }
                if let (start, before) = seen[id] {
                    #expect(start == period.start)
                    #expect(before == offsets)
                }
                seen[id] = (period.start, offsets)
            }
        }
        #expect(seen.count == 4)
    }

    /// A Period without segments: players ask for its licence, and have it when its first segment comes.
    @Test func theNextKeysAreAPeriodBeforeTheyAreUsed() throws {
        let stage = try stage([])
        let feed = try TimelineFeed(stage.timeline, stage.tracks)
        for number in Stage.number..<Stage.number + 4 { try feed.add(number) }
        let before = try mpd(try stage.window(.dash(.number), announced: Stage.number + 5))
        #expect(before.periods.map(\.id) == ["p800000000", "p800000005"])
        #expect(before.periods.map { $0.start?.milliseconds } == [1_600_000_000_000, 1_600_000_010_000])
        #expect(before.periods.map { $0.duration?.milliseconds } == [10_000, 10_000])
        #expect(before.publishTime?.milliseconds == 1_600_000_013_000)
        let announced = before.periods[1]
        #expect(
            announced.adaptationSets.map { $0.contentProtections.first?.defaultKeyID?.hex } == [
                "a0a0a0a0a0a0a0a00000000009896801", "b0b0b0b0b0b0b0b00000000009896801",
            ])
        // What was said of it stays so when its segments come.
        for number in Stage.number + 4..<Stage.number + 6 { try feed.add(number) }
        let after = try mpd(try stage.window(.dash(.number)))
        #expect(after.periods.map(\.id) == before.periods.map(\.id))
        #expect(after.periods[1] == announced)
    }

    /// A Period behind one whose timeline still grows would stop players.
    @Test func theNextKeysAreAnEventWhereTimelinesGrow() throws {
        let stage = try stage([[0, 1, 2, 3]])
        let window = try stage.window(.dash(), announced: Stage.number + 5)
        #expect(try mpd(window).periods.map(\.id) == ["p800000000"])
        #expect(
            MPDPackager.mpd(window).contains(
                """
                  <Period id="p800000000" start="PT1600000000S">
                    <EventStream schemeIdUri="urn:sluice:next-key:2026" timescale="1000" presentationTimeOffset="1600000000000">
                      <Event presentationTime="1600000010000" id="800000005">\
                {&quot;kids&quot;:[&quot;oKCgoKCgoKAAAAAACYloAQ&quot;,&quot;sLCwsLCwsLAAAAAACYloAQ&quot;]}</Event>
                    </EventStream>

                """))
    }

    /// Shaka Player never asks for another KID of a Period whose id it knows.
    @Test func theKeysOfAnEmergencyAreAPeriodOfAnotherName() throws {
        let stage = try stage([[0, 1, 2, 3]])
        let window = try stage.window(.dash(.number), announced: Stage.number + 4, edition: 2)
        let mpd = try mpd(window)
        #expect(mpd.periods.map(\.id) == ["p800000000", "p800000004e2"])
        #expect(mpd.periods[0].duration?.milliseconds == 8000)
    }

    @Test func anEndedStreamSaysHowLongItWas() throws {
        let mpd = try mpd(try stage().window(.dash(), isEnded: true))
        #expect(mpd.minimumUpdatePeriod == nil)
        let last = try #require(mpd.periods.last)
        #expect(last.duration?.milliseconds == 2000)
        #expect(mpd.type == .dynamic && mpd.timeShiftBufferDepth == nil)
        #expect(mpd.mediaPresentationDuration?.milliseconds == last.start.map { $0.milliseconds + 2000 })
    }

    @Test func numbersAloneCountFromTheNominalStart() throws {
        let stage = try stage([[]])
        let feed = try TimelineFeed(stage.timeline, stage.tracks)
        // The encoder came in the middle of a segment.
        for track in stage.tracks.indices {
            try feed.add(Stage.number, track: track, skipping: stage.tracks[track].track.kind == .video ? 30 : 47)
        }
        try feed.add(Stage.number + 1)
        feed.end()
        let second = try TimelineFeed(stage.timeline, stage.tracks)
        try second.add(Stage.number + 4)
        let mpd = try mpd(try stage.window(.dash(.number)))
        let period = mpd.periods[0]
        #expect(period.start?.milliseconds == 1_600_000_000_000)
        let template = try #require(period.adaptationSets[0].segmentTemplate)
        #expect(template.addressing == .duration(180_000))
        #expect(template.startNumber == Stage.number)
        #expect(template.presentationTimeOffset == 144_000_000_000_000)
        #expect(period.adaptationSets[1].segmentTemplate?.presentationTimeOffset == 76_800_000_000_000)
        // Nobody published 2 and 3: players are not to ask for them.
        #expect(period.duration?.milliseconds == 4000)
        #expect(mpd.periods[1].start?.milliseconds == 1_600_000_008_000)
        // The next key's first segment begins two seconds later: it is not this period's.
        #expect(mpd.periods[1].duration?.milliseconds == 2000)
    }

    /// Numbers that an offset was added to lie where they lie: five durations earlier than they say.
    @Test func numbersWithAnOffsetAreOfTheirTimes() throws {
        let plain = try stage().window(.dash(.number))
        let numbering = SegmentNumbering(duration: Stage.duration, offset: 5)
        let shifted = EndpointWindow(
            endpoint: plain.endpoint, revision: plain.revision, numbering: numbering, segments: plain.segments,
            trackSets: plain.trackSets, changedAtMilliseconds: plain.changedAtMilliseconds, isEnded: false,
            nominalBitrates: plain.nominalBitrates)
        let (before, after) = (try mpd(plain).periods, try mpd(shifted).periods)
        #expect(before.count == after.count)
        for (before, after) in zip(before, after) {
            let (first, second) = (try #require(before.start), try #require(after.start))
            #expect(first.milliseconds - second.milliseconds == 10_000)
            #expect(
                before.adaptationSets[0].segmentTemplate?.startNumber
                    == after.adaptationSets[0].segmentTemplate?.startNumber)
        }
        let (first, second) = (try #require(before.last?.duration), try #require(after.last?.duration))
        #expect(second.milliseconds - first.milliseconds == 10_000, "the key changes at its time, not at a number")
    }

    @Test func numbersAloneArePromisedLater() throws {
        let stage = try stage()
        #expect(try mpd(try stage.window(.dash())).availabilityStartTime?.milliseconds == 0)
        #expect(try mpd(try stage.window(.dash(.number))).availabilityStartTime?.milliseconds == 2000)
    }

    @Test func aKeyWithoutEndHasNoEndOfItsPeriod() throws {
        var endpoint = EndpointProfile.dash(.number)
        endpoint.encryption?.keyRotationIntervalSeconds = 0
        #expect(try mpd(try stage().window(endpoint)).periods.last?.duration == nil)
        // Kept beyond its time, as within the grace: its segments go on after the change that was due.
        endpoint.encryption?.keyRotationIntervalSeconds = 2
        let window = try stage([[0, 1, 2]]).window(endpoint)
        #expect(try mpd(window).periods.last?.duration == nil)
    }

    @Test func aClearEndpointHasNoProtection() throws {
        var endpoint = EndpointProfile.dash()
        endpoint.encryption = nil
        let window = try stage().window(endpoint)
        let mpd = try mpd(window)
        #expect(mpd.periods.count == 2)
        #expect(mpd.periods.flatMap(\.adaptationSets).flatMap(\.contentProtections) == [])
        let text = MPDPackager.mpd(window)
        #expect(!text.contains("init-1-"))
        #expect(text.contains("init-1.mp4"))
        #expect(text == MPDPackager.mpd(window))
    }

    /// The HLS and the DASH view of a window name the same segments with the same times.
    @Test func bothViewsHaveTheSameBoundaries() throws {
        let stage = try stage([[0, 1, 2, 3], [4, 5, 6]])
        let mpd = try mpd(try stage.window(.dash()))
        let window = try stage.window(.fairPlay)
        for (set, name) in [(0, "720p"), (1, "stereo")] {
            var dash: [(number: UInt64, duration: Ticks)] = []
            for period in mpd.periods {
                let template = try #require(period.adaptationSets[set].segmentTemplate)
                guard case .timeline(let timeline) = template.addressing else { continue }
                for (index, segment) in timeline.segments(limit: 100).enumerated() {
                    dash.append(
                        (
                            template.startNumber + UInt64(index),
                            Ticks(Int64(segment.duration), timescale: template.timescale)
                        ))
                }
            }
            let lines = try PlaylistPackager.media(name, window).split(separator: "\n")
            let files = lines.compactMap { $0.wholeMatch(of: /.*\/(\d+)\.m4s/).map { String($0.1) } }
            #expect(files == dash.map { "\($0.number)" })
            let seconds = lines.filter { $0.hasPrefix("#EXTINF:") }.map(String.init)
            #expect(
                seconds
                    == dash.map {
                        let micro = $0.duration.rescaled(to: 1_000_000, rounding: .nearest).value
                        return "#EXTINF:\(micro / 1_000_000).\(String(micro % 1_000_000 + 1_000_000).dropFirst()),"
                    })
        }
    }

    /// Of the tracks of before a filter may leave nothing.
    @Test func aFilterLeavesNoPeriodWithoutAdaptationSets() throws {
        let stage = try Stage([Array(0..<3)], tracks: [.video("360p")])
        let feed = try TimelineFeed(stage.timeline, [.video("720p"), .audio("stereo")])
        for number in UInt64(3)..<6 { try feed.add(Stage.number + number) }
        for template in [EndpointProfile.SegmentTemplate.timeline, .number] {
            var window = try stage.window(.dash(template))
            #expect(try MPD(parsing: Array(MPDPackager.mpd(window).utf8)).periods.count >= 2)
            window.filter = try ManifestQuery(parsing: "bitrate=2000000-").filter
            let mpd = try MPD(parsing: Array(MPDPackager.mpd(window).utf8))
            #expect(mpd.periods.allSatisfy { !$0.adaptationSets.isEmpty })
            #expect(mpd.periods.map(\.adaptationSets.count).contains(2))
            window.filter = try ManifestQuery(parsing: "height=100-2000").filter
            #expect(
                try MPD(parsing: Array(MPDPackager.mpd(window).utf8)).periods.first?.adaptationSets.count == 1)
        }
    }
}
