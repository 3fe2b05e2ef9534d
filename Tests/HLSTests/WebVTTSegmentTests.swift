import HLS
import Media
import Testing

@Suite struct WebVTTSegmentTests {
    @Test func timesCountFromTheSegment() {
        let origin: Int64 = 1_600_000_000 * 90_000
        let segment = WebVTTSegment(
            origin: Ticks(origin, timescale: 90_000),
            cues: [
                SubtitleCue(start: origin, end: origin + 45_000, text: "A\nB"),
                SubtitleCue(start: origin + 90_000, end: origin + 324_045, text: "C"),
            ])
        #expect(
            segment.text == """
                WEBVTT
                X-TIMESTAMP-MAP=MPEGTS:\(origin & 0x1_FFFF_FFFF),LOCAL:00:00:00.000

                00:00:00.000 --> 00:00:00.500
                A
                B

                00:00:01.000 --> 00:00:03.601
                C

                """)
    }

    /// A text that changes right behind a segment's beginning: a cue without a duration is none.
    @Test func whatIsShorterThanAMillisecondIsNoCue() {
        let segment = WebVTTSegment(
            origin: Ticks(90_000, timescale: 90_000),
            cues: [
                SubtitleCue(start: 90_000, end: 90_040, text: "A"), SubtitleCue(start: 90_040, end: 90_090, text: "B"),
                SubtitleCue(start: 90_090, end: 180_000, text: "C"),
            ])
        #expect(!segment.text.contains("A\n"))
        #expect(segment.text.contains("00:00:00.000 --> 00:00:00.001\nB\n\n00:00:00.001 --> 00:00:01.000\nC\n"))
    }

    @Test func nothingIsSaid() {
        let text = WebVTTSegment(origin: Ticks(90_000, timescale: 90_000), cues: []).text
        #expect(text == "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:90000,LOCAL:00:00:00.000\n")
    }
}
