import DASH
import Media
import Testing

/// Manifests of others, and what is no manifest at all.
@Suite struct MPDReaderTests {
    private func read(_ attributes: String = "", _ content: String = "") throws -> MPD {
        try MPD(
            parsing: Array(
                """
                <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="a, b" minBufferTime="PT2S" \(attributes)>\(content)</MPD>
                """.utf8))
    }

    @Test func durations() throws {
        let cases: [(String, Int64?)] = [
            ("PT0S", 0), ("PT1.5S", 1_500_000_000), ("P1DT2H3M4.000000001S", 93_784_000_000_001),
            ("P0Y0M0DT0H3M30S", 210_000_000_000), ("PT1H", 3_600_000_000_000), ("PT0.1234567899S", 123_456_789),
            ("P1Y", nil), ("", nil), ("P", nil), ("PT", nil), ("PT1", nil), ("1S", nil), ("PTS", nil), ("PT-1S", nil),
            ("PT1.5M", nil), ("P1S", nil), ("PT9999999999999S", nil), ("PT99999999999999999999S", nil),
            ("P999999999999D", nil), ("PT1.S", 1_000_000_000),
        ]
        for (text, expected) in cases {
            if let expected {
                let duration = try read("mediaPresentationDuration=\"\(text)\"").mediaPresentationDuration
                #expect(duration == Ticks(expected, timescale: 1_000_000_000), "\(text)")
            } else {
                #expect(throws: MPDError.self, "\(text)") { try read("mediaPresentationDuration=\"\(text)\"") }
            }
        }
    }

    @Test func dates() throws {
        let cases: [(String, Int64?)] = [
            ("1970-01-01T00:00:00Z", 0), ("2000-02-29T23:59:59.9Z", 951_868_799_900),
            ("2026-03-01T00:00:00.123456+01:00", 1_772_319_600_123), ("2016-10-14T17:00:17", 1_476_464_417_000),
            ("2026-13-01T00:00:00Z", nil), ("2026-03-01", nil), ("2026-03-01T00:00:00.Z", nil), ("", nil),
            ("2026-03-01T00:00:00+1:00", nil), ("+026-03-01T00:00:00Z", nil),
        ]
        for (text, expected) in cases {
            if let expected {
                let date = try read("publishTime=\"\(text)\"").publishTime
                #expect(date == Ticks(expected, timescale: 1000), "\(text)")
            } else {
                #expect(throws: MPDError.self, "\(text)") { try read("publishTime=\"\(text)\"") }
            }
        }
    }

    @Test func whatOthersWrite() throws {
        let mpd = try read(
            "xmlns:c=\"urn:mpeg:cenc:2013\"",
            """
            <!-- a comment --><BaseURL>x/</BaseURL><Period><EventStream schemeIdUri="u"/><AdaptationSet frameRate="25">
            <ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cenc"
              c:default_KID="00112233-4455-6677-8899-AABBCCDDEEFF"/>
            <ContentProtection schemeIdUri="urn:uuid:EDEF8BA9-79D6-4ACE-A3C8-27DCD51D21ED"><c:pssh>
              AAAA AAAA </c:pssh></ContentProtection>
            <SegmentTemplate media="$Time$.m4s"><SegmentTimeline><S d="5"/><S d="6" r="-1"/></SegmentTimeline>
            </SegmentTemplate><Representation id="a" bandwidth="1" frameRate="60000/1001"/></AdaptationSet></Period>
            """)
        #expect(mpd.profiles.map(\.rawValue) == ["a", "b"])
        let set = try #require(mpd.periods.first?.adaptationSets.first)
        #expect(set.contentProtections[0].defaultKeyID == KeyID(parsing: MPDTests.keys[0]))
        #expect(set.contentProtections[1].contents == [.pssh([0, 0, 0, 0, 0, 0])])
        #expect(set.representations[0].frameRate == FrameRate(60_000, 1001))
        let template = try #require(set.segmentTemplate)
        #expect(template.timescale == 1 && template.startNumber == 1)
        #expect(
            template.addressing
                == .timeline(
                    SegmentTimeline(runs: [
                        .init(start: 0, duration: 5), .init(start: 5, duration: 6, repeats: -1),
                    ])))
    }

    @Test func whatIsNoManifest() {
        let template = "<Period><AdaptationSet><SegmentTemplate media=\"a\" %></AdaptationSet></Period>"
        let documents = [
            "", "<MPD", "<MPD/>", "<html/>", "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"/>",
            "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"a\"/>",
            "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"a\" minBufferTime=\"PT1S\" type=\"x\"/>",
        ]
        for document in documents { #expect(throws: MPDError.self) { try MPD(parsing: Array(document.utf8)) } }
        let contents = [
            "<Period><AdaptationSet><Representation bandwidth=\"1\"/></AdaptationSet></Period>",
            "<Period><AdaptationSet><Representation id=\"a\"/></AdaptationSet></Period>",
            "<Period><AdaptationSet><Representation id=\"a\" bandwidth=\"-1\"/></AdaptationSet></Period>",
            "<Period><AdaptationSet maxFrameRate=\"0\"/></Period>",
            "<Period><AdaptationSet id=\"4294967296\"/></Period>",
            "<Period><AdaptationSet maxFrameRate=\"1/0\"/></Period>",
            template.replacing("%", with: "/"), template.replacing("%", with: "duration=\"1\" timescale=\"0\"/"),
            template.replacing("%", with: "duration=\"18446744073709551616\"/"),
            template.replacing("%", with: "><SegmentTimeline><S t=\"1\"/></SegmentTimeline></SegmentTemplate"),
            template.replacing(
                "%",
                with:
                    "><SegmentTimeline><S d=\"9223372036854775807\" r=\"9\"/><S d=\"1\"/></SegmentTimeline></SegmentTemplate"
            ),
            "<Period><AdaptationSet><ContentProtection schemeIdUri=\"a\"><pssh xmlns=\"urn:mpeg:cenc:2013\">A</pssh></ContentProtection></AdaptationSet></Period>",
            "<Period><AdaptationSet><ContentProtection/></AdaptationSet></Period>",
        ]
        for content in contents { #expect(throws: MPDError.self, "\(content)") { try read("", content) } }
    }

    @Test func documentTypesAreRefused() throws {
        let external = """
            <!DOCTYPE MPD [<!ENTITY x SYSTEM "file:///etc/passwd">]>
            <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="a" minBufferTime="PT1S"><Period id="p">
            <AdaptationSet id="1"><ContentProtection schemeIdUri="u"><laurl xmlns="https://dashif.org/CPS">-&x;-</laurl>
            </ContentProtection></AdaptationSet></Period></MPD>
            """
        #expect(throws: MPDError.self) { try MPD(parsing: Array(external.utf8)) }
        var laughs = "<!DOCTYPE MPD [<!ENTITY a0 \"ha\">"
        for level in 1..<30 { laughs += "<!ENTITY a\(level) \"&a\(level - 1);&a\(level - 1);\">" }
        laughs += "]><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"&a29;\" minBufferTime=\"PT1S\"/>"
        #expect(throws: MPDError.self) { try MPD(parsing: Array(laughs.utf8)) }
    }

    /// Each has stopped FoundationXML, and the program with it.
    @Test func oddDocuments() throws {
        #expect(try read("", "<?pi?><?other data?><Period id=\"a\"/>").periods.count == 1)
        let name = Array("<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"a\" minBufferTime=\"PT1S\"><a".utf8)
        #expect(throws: MPDError.self) { try MPD(parsing: name + [0xFF, 0xC3] + Array("/></MPD>".utf8)) }
        #expect(throws: MPDError.self) { try MPD(parsing: [0xFF, 0xFE] + name) }
    }

    @Test func deepNestingIsRefused() {
        let depth = 100_000
        let document =
            "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"a\" minBufferTime=\"PT1S\">"
            + String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth) + "</MPD>"
        #expect(throws: MPDError.self) { try MPD(parsing: Array(document.utf8)) }
    }

    @Test func everyTruncationIsAnError() throws {
        let bytes = Array(try MPDTests.live().serialize().utf8.dropLast())
        for count in stride(from: 0, to: bytes.count, by: 7) {
            #expect(throws: MPDError.self) { try MPD(parsing: Array(bytes.prefix(count))) }
        }
    }
}
