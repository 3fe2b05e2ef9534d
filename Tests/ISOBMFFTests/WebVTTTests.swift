import ISOBMFF
import Media
import Testing

@Suite struct WebVTTTests {
    @Test func theHeaderComesBack() throws {
        let track = Track(name: "subtitles-cc1", timescale: 90_000, codec: .webVTT, language: "en")
        let bytes = CMAFHeader(track: track).serialize()
        #expect(try CMAFHeader(parsing: bytes.span, name: "subtitles-cc1").track == track)
        let dump = BoxDump().text(of: bytes.span)
        #expect(dump.contains("wvtt ") && dump.contains("nmhd ") && dump.contains("text"))
    }

    @Test(arguments: [nil, "A", "Two\nlines & more", String(repeating: "é", count: 1000)])
    func aSampleComesBack(_ text: String?) throws {
        let bytes = WebVTTSample.serialize(text)
        #expect(try WebVTTSample.parse(bytes.span) == text)
        for count in 0..<bytes.count {
            let part = Array(bytes[..<count])
            #expect(throws: ParseError.self) { _ = try WebVTTSample.parse(part.span) }
        }
        let more = bytes + [0]
        #expect(throws: ParseError.self) { _ = try WebVTTSample.parse(more.span) }
    }

    /// What would be another cue in a file of them.
    @Test(arguments: [
        "", "A\n\nB", "\nA", "A\n", "00:00.000 --> 00:01.000", "A\r\nB", "A\u{0}", String(repeating: "A", count: 5000),
    ])
    func noTextIsMoreThanItsCue(_ text: String) {
        let bytes = WebVTTSample.serialize(text)
        #expect(throws: ParseError.self) { _ = try WebVTTSample.parse(bytes.span) }
    }
}
