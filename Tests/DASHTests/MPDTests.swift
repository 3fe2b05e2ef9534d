import DASH
import Media
import Testing

@Suite struct MPDTests {
    static let keys = ["00112233-4455-6677-8899-aabbccddeeff", "10112233-4455-6677-8899-aabbccddeeff"]

    static func nanoseconds(_ seconds: Int64) -> Ticks { Ticks(seconds * 1_000_000_000, timescale: 1_000_000_000) }

    /// Two key periods of a live channel, the second going on from the first.
    static func live() throws -> MPD {
        var mpd = MPD(
            profiles: [.isoffLive, .cmaf], type: .dynamic, availabilityStartTime: Ticks(0, timescale: 1000),
            publishTime: Ticks(1_763_000_012_345, timescale: 1000), minimumUpdatePeriod: nanoseconds(3),
            minBufferTime: nanoseconds(6), timeShiftBufferDepth: nanoseconds(60),
            suggestedPresentationDelay: nanoseconds(18),
            maxSegmentDuration: Ticks(6_016_000_000, timescale: 1_000_000_000),
            serviceDescription: ServiceDescription(
                latency: .init(target: 3000, minimum: 2000, maximum: 8000),
                playbackRate: .init(minimum: 960, maximum: 1040)), utcTimings: [.httpISO("https://time.example/?iso")])
        for (index, start) in [1_763_000_000, 1_763_000_300 as Int64].enumerated() {
            let keyID = try #require(KeyID(parsing: keys[index]))
            let protections: [ContentProtection] = [
                .commonEncryption(.cenc, defaultKeyID: keyID),
                .system(.widevine, [.pssh([0, 0, 0, 4])]),
                .system(.playReady, value: "MSPR 2.0", [.pssh([1, 2]), .playReadyObject([3])]),
                .clearKey(licenseURL: "https://keys.example/clearkey?a=1&b=2"),
            ]
            let continuity = index == 0 ? [] : [Descriptor.periodContinuity(with: "p0")]
            var timeline = SegmentTimeline()
            for number in 0..<3 as Range<UInt64> {
                timeline.append(start: UInt64(start) * 90_000 + number * 540_000, duration: 540_000)
            }
            var audio = SegmentTimeline()
            for (position, duration) in [(0, 287_744), (287_744, 287_744), (575_488, 288_768)] as [(UInt64, UInt64)] {
                audio.append(start: UInt64(start) * 48_000 + position, duration: duration)
            }
            mpd.periods.append(
                Period(
                    id: "p\(index)", start: nanoseconds(start),
                    adaptationSets: [
                        AdaptationSet(
                            id: 1, contentType: .video, mimeType: "video/mp4", maxWidth: 1920, maxHeight: 1080,
                            maxFrameRate: FrameRate(30_000, 1001), aspectRatio: "16:9",
                            contentProtections: protections, supplementalProperties: continuity,
                            roles: [.mainRole],
                            segmentTemplate: SegmentTemplate(
                                timescale: 90_000, presentationTimeOffset: UInt64(start) * 90_000,
                                startNumber: UInt64(start) / 6, media: "$RepresentationID$/1/$Number$.m4s",
                                initialization: "$RepresentationID$/1/\(index).mp4", addressing: .timeline(timeline)),
                            representations: [
                                Representation(
                                    id: "1080p", bandwidth: 5_000_000, codecs: "avc1.640029", width: 1920,
                                    height: 1080, frameRate: FrameRate(30_000, 1001))
                            ]),
                        AdaptationSet(
                            id: 2, contentType: .audio, mimeType: "audio/mp4", language: "en",
                            contentProtections: protections, supplementalProperties: continuity,
                            roles: [.mainRole],
                            segmentTemplate: SegmentTemplate(
                                timescale: 48_000, presentationTimeOffset: UInt64(start) * 48_000,
                                startNumber: UInt64(start) / 6, media: "$RepresentationID$/1/$Number$.m4s",
                                initialization: "$RepresentationID$/1/\(index).mp4", addressing: .timeline(audio)),
                            representations: [
                                Representation(
                                    id: "stereo", bandwidth: 128_000, codecs: "mp4a.40.2", audioSamplingRate: 48_000,
                                    audioChannelConfigurations: [.audioChannelConfiguration(channels: 2)])
                            ]),
                    ]))
        }
        return mpd
    }

    private static func sets(_ index: Int, _ start: Int, _ continuity: String) -> String {
        let protection = """
                  <ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cenc" cenc:default_KID="\(keys[index])"/>
                  <ContentProtection schemeIdUri="urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed">
                    <cenc:pssh>AAAABA==</cenc:pssh>
                  </ContentProtection>
                  <ContentProtection schemeIdUri="urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95" value="MSPR 2.0">
                    <cenc:pssh>AQI=</cenc:pssh>
                    <mspr:pro>Aw==</mspr:pro>
                  </ContentProtection>
                  <ContentProtection schemeIdUri="urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e" value="ClearKey1.0">
                    <dashif:laurl licenseType="EME-1.0">https://keys.example/clearkey?a=1&amp;b=2</dashif:laurl>
                    <dashif:Laurl licenseType="EME-1.0">https://keys.example/clearkey?a=1&amp;b=2</dashif:Laurl>
                  </ContentProtection>\(continuity)
                  <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
            """
        return """
              <Period id="p\(index)" start="PT\(start)S">
                <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1" par="16:9" maxWidth="1920" maxHeight="1080" maxFrameRate="30000/1001">
            \(protection)
                  <SegmentTemplate timescale="90000" presentationTimeOffset="\(start * 90_000)" startNumber="\(start / 6)" initialization="$RepresentationID$/1/\(index).mp4" media="$RepresentationID$/1/$Number$.m4s">
                    <SegmentTimeline>
                      <S t="\(start * 90_000)" d="540000" r="2"/>
                    </SegmentTimeline>
                  </SegmentTemplate>
                  <Representation id="1080p" bandwidth="5000000" codecs="avc1.640029" width="1920" height="1080" frameRate="30000/1001"/>
                </AdaptationSet>
                <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" lang="en" segmentAlignment="true" startWithSAP="1">
            \(protection)
                  <SegmentTemplate timescale="48000" presentationTimeOffset="\(start * 48_000)" startNumber="\(start / 6)" initialization="$RepresentationID$/1/\(index).mp4" media="$RepresentationID$/1/$Number$.m4s">
                    <SegmentTimeline>
                      <S t="\(start * 48_000)" d="287744" r="1"/>
                      <S d="288768"/>
                    </SegmentTimeline>
                  </SegmentTemplate>
                  <Representation id="stereo" bandwidth="128000" codecs="mp4a.40.2" audioSamplingRate="48000">
                    <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
                  </Representation>
                </AdaptationSet>
              </Period>
            """
    }

    @Test func serializesALivePresentation() throws {
        let continuity =
            "\n      <SupplementalProperty schemeIdUri=\"urn:mpeg:dash:period-continuity:2015\" value=\"p0\"/>"
        let expected = """
            <?xml version="1.0" encoding="UTF-8"?>
            <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:cenc="urn:mpeg:cenc:2013" xmlns:mspr="urn:microsoft:playready" xmlns:dashif="https://dashif.org/CPS" profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019" type="dynamic" availabilityStartTime="1970-01-01T00:00:00Z" publishTime="2025-11-13T02:13:32.345Z" minimumUpdatePeriod="PT3S" minBufferTime="PT6S" timeShiftBufferDepth="PT60S" suggestedPresentationDelay="PT18S" maxSegmentDuration="PT6.016S">
              <ServiceDescription id="0">
                <Latency target="3000" max="8000" min="2000"/>
                <PlaybackRate max="1.040" min="0.960"/>
              </ServiceDescription>
            \(Self.sets(0, 1_763_000_000, ""))
            \(Self.sets(1, 1_763_000_300, continuity))
              <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="https://time.example/?iso"/>
            </MPD>

            """
        #expect(try Self.live().serialize() == expected)
    }

    @Test func readsBackWhatItWrites() throws {
        let mpd = try Self.live()
        #expect(try MPD(parsing: Array(mpd.serialize().utf8)) == mpd)
        var numbered = mpd
        for index in numbered.periods.indices {
            numbered.periods[index].adaptationSets[0].segmentTemplate?.addressing = .duration(540_000)
        }
        numbered.type = .static
        numbered.mediaPresentationDuration = Ticks(1, timescale: 1_000_000_000)
        #expect(
            numbered.serialize().contains(#"presentationTimeOffset="158670000000000" duration="540000" startNumber"#))
        #expect(numbered.serialize().contains(#"mediaPresentationDuration="PT0.000000001S""#))
        #expect(try MPD(parsing: Array(numbered.serialize().utf8)) == numbered)
    }

    @Test func clearPresentationNamesNoProtection() throws {
        var mpd = try Self.live()
        for period in mpd.periods.indices {
            for set in mpd.periods[period].adaptationSets.indices {
                mpd.periods[period].adaptationSets[set].contentProtections = []
            }
        }
        #expect(!mpd.serialize().contains("cenc"))
        #expect(!mpd.serialize().contains("dashif"))
        #expect(try MPD(parsing: Array(mpd.serialize().utf8)) == mpd)
    }

    @Test func fragmentsOfKeyServersArePassedOn() throws {
        var mpd = try Self.live()
        let fragment = "<pssh xmlns=\"urn:mpeg:cenc:2013\">AAAA</pssh><pro xmlns=\"urn:microsoft:playready\">AQ==</pro>"
        mpd.periods[0].adaptationSets[0].contentProtections = [.system(.playReady, [.fragment(fragment)])]
        #expect(mpd.serialize().contains(fragment))
        let read = try MPD(parsing: Array(mpd.serialize().utf8))
        #expect(
            read.periods[0].adaptationSets[0].contentProtections
                == [.system(.playReady, [.pssh([0, 0, 0]), .playReadyObject([1])])])
    }

    @Test func valuesStayInTheirPlaces() throws {
        let hostile = "a\"'<>&]]>\n\t\u{0}\u{1}\u{FFFF}é\u{1F600}</Period>"
        let kept = "a\"'<>&]]>\n\té\u{1F600}</Period>"
        var mpd = try Self.live()
        mpd.periods[0].id = hostile
        mpd.periods[0].adaptationSets[0].contentProtections = [.clearKey(licenseURL: hostile)]
        mpd.periods[0].adaptationSets[0].segmentTemplate?.media = hostile
        mpd.periods[0].adaptationSets[0].representations[0].id = hostile
        mpd.periods[0].adaptationSets[0].roles = [Descriptor(schemeIDURI: hostile, value: hostile, id: hostile)]
        mpd.utcTimings = [.httpISO(hostile)]
        let read = try MPD(parsing: Array(mpd.serialize().utf8))
        #expect(read.periods.count == 2)
        #expect(read.periods[0].id == kept)
        let set = read.periods[0].adaptationSets[0]
        #expect(set.contentProtections == [.clearKey(licenseURL: kept)])
        #expect(set.segmentTemplate?.media == kept)
        #expect(set.representations[0].id == kept)
        #expect(set.roles == [Descriptor(schemeIDURI: kept, value: kept, id: kept)])
        #expect(read.utcTimings == [.httpISO(kept)])
    }
}
