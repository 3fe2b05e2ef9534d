import DASH
import Media
import Testing

/// What an MPD of low latency says beside others. ISO/IEC 23009-1:2022, clauses 5.3.9.5.3, 5.12 and annex K.
@Suite struct LowLatencyTests {
    private var mpd: MPD {
        let template = SegmentTemplate(
            timescale: 90000, presentationTimeOffset: 900_000, startNumber: 5, media: "$Number$.m4s",
            initialization: "init.mp4", availabilityTimeOffset: Ticks(1670, timescale: 1000),
            availabilityTimeComplete: false, addressing: .duration(180_000))
        let set = AdaptationSet(
            id: 1, contentType: .video, mimeType: "video/mp4",
            producerReferenceTime: ProducerReferenceTime(
                id: 1, isInband: true, wallClockTime: Ticks(10_000, timescale: 1000), presentationTime: 900_000,
                utcTiming: .httpXSDate("time")),
            roles: [.mainRole], segmentTemplate: template,
            representations: [Representation(id: "720p", bandwidth: 1_000_000)])
        return MPD(
            type: .dynamic, availabilityStartTime: Ticks(0, timescale: 1000), minBufferTime: Ticks(1, timescale: 1),
            serviceDescription: ServiceDescription(
                latency: .init(target: 1320, referenceID: 1, minimum: 660, maximum: 4640),
                playbackRate: .init(minimum: 960, maximum: 1040)),
            periods: [Period(id: "p5", start: Ticks(10, timescale: 1), adaptationSets: [set])],
            utcTimings: [.httpXSDate("time")])
    }

    @Test func itIsWrittenAsTheSchemaHasIt() throws {
        let text = mpd.serialize()
        for line in [
            "<Latency referenceId=\"1\" target=\"1320\" max=\"4640\" min=\"660\"/>",
            "<PlaybackRate max=\"1.040\" min=\"0.960\"/>",
            "<ProducerReferenceTime id=\"1\" inband=\"true\" type=\"encoder\" wallClockTime=\"1970-01-01T00:00:10Z\" presentationTime=\"900000\">",
            "availabilityTimeOffset=\"1.67\" availabilityTimeComplete=\"false\" duration=\"180000\"",
        ] { #expect(text.contains(line), "\(line)") }
        let order = ["<ServiceDescription", "<Period", "<ProducerReferenceTime", "<Role", "<SegmentTemplate"]
        let places = try order.map { try #require(text.firstRange(of: $0)).lowerBound }
        #expect(places == places.sorted())
    }

    @Test func itIsReadAsItWasWritten() throws {
        let read = try MPD(parsing: Array(mpd.serialize().utf8))
        #expect(read.serviceDescription == mpd.serviceDescription)
        let (set, expected) = (read.periods[0].adaptationSets[0], mpd.periods[0].adaptationSets[0])
        #expect(set.producerReferenceTime?.wallClockTime.milliseconds == 10_000)
        #expect(set.producerReferenceTime?.utcTiming == expected.producerReferenceTime?.utcTiming)
        #expect(set.producerReferenceTime?.isInband == true)
        #expect(set.segmentTemplate?.availabilityTimeOffset?.milliseconds == 1670)
        #expect(set.segmentTemplate?.availabilityTimeComplete == false)
    }

    @Test func everySegmentMayBeThereAlready() throws {
        let text = mpd.serialize().replacing("availabilityTimeOffset=\"1.67\"", with: "availabilityTimeOffset=\"INF\"")
        let read = try MPD(parsing: Array(text.utf8))
        #expect(read.periods[0].adaptationSets[0].segmentTemplate?.availabilityTimeOffset == nil)
    }
}
