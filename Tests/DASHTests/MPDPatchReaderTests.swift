import DASH
import Media
import Testing

/// A patch put onto an MPD, as players do it.
@Suite struct MPDPatchReaderTests {
    private static let template = "/MPD/Period[@id='a']/AdaptationSet[@id='1']/SegmentTemplate"

    private func mpd(_ content: String = "", time: Int = 10) -> [UInt8] {
        Array(
            """
            <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" id="x" type="dynamic" profiles="p" minBufferTime="PT2S"
              publishTime="1970-01-01T00:00:\(time)Z">\(content)</MPD>
            """.utf8)
    }

    private func period(_ id: String, _ runs: String = "<S t=\"0\" d=\"2\" r=\"3\"/>", number: Int = 1) -> String {
        """
        <Period id="\(id)"><AdaptationSet id="1"><SegmentTemplate media="$Number$" startNumber="\(number)">
        <SegmentTimeline>\(runs)</SegmentTimeline></SegmentTemplate><Representation id="r" bandwidth="1"/>
        </AdaptationSet></Period>
        """
    }

    private func patch(_ operations: String, id: String = "x", time: Int = 10) -> [UInt8] {
        Array(
            """
            <Patch xmlns="urn:mpeg:dash:schema:mpd-patch:2020" mpdId="\(id)" originalPublishTime="1970-01-01T00:00:\(time)Z"
              publishTime="1970-01-01T00:00:12Z">\(operations)</Patch>
            """.utf8)
    }

    private static let other = "<Period xmlns=\"urn:mpeg:dash:schema:mpd:2011\" id=\"b\"/>"

    @Test func whatOperationsDo() throws {
        let cases: [(String, [UInt8])] = [
            ("<replace sel=\"/MPD/@publishTime\">1970-01-01T00:00:12Z</replace>", mpd(period("a"), time: 12)),
            ("<replace sel=\"\(Self.template)/@startNumber\">2</replace>", mpd(period("a", number: 2))),
            (
                "<add sel=\"\(Self.template)/SegmentTimeline\"><S xmlns=\"urn:mpeg:dash:schema:mpd:2011\" d=\"9\"/></add>",
                mpd(period("a", "<S t=\"0\" d=\"2\" r=\"3\"/><S d=\"9\"/>"))
            ),
            (
                "<replace sel=\"\(Self.template)/SegmentTimeline/S[1]\"><S xmlns=\"urn:mpeg:dash:schema:mpd:2011\" t=\"2\" d=\"2\"/></replace>",
                mpd(period("a", "<S t=\"2\" d=\"2\"/>"))
            ),
            ("<remove sel=\"\(Self.template)/SegmentTimeline/S[1]\"/>", mpd(period("a", ""))),
            ("<remove sel=\"\(Self.template)/@startNumber\"/>", mpd(period("a", number: 1))),
            ("<add sel=\"/MPD/Period[1]\" pos=\"after\">\(Self.other)</add>", mpd(period("a") + "<Period id=\"b\"/>")),
            ("<add sel=\"/MPD/Period[1]\" pos=\"before\">\(Self.other)</add>", mpd("<Period id=\"b\"/>" + period("a"))),
            ("<add sel=\"/MPD\" pos=\"prepend\">\(Self.other)</add>", mpd("<Period id=\"b\"/>" + period("a"))),
            (
                "<add sel=\"/MPD\" type=\"@timeShiftBufferDepth\">PT9S</add><remove sel=\"/MPD/@timeShiftBufferDepth\"/>",
                mpd(period("a"))
            ),
            ("<remove sel=\"/d:MPD/d:Period[@id=&quot;a&quot;]\"/>", mpd()),
        ]
        for (operations, expected) in cases {
            let patched = try MPD(parsing: mpd(period("a")), patchedBy: patch(operations))
            #expect(try patched == MPD(parsing: expected), "\(operations)")
        }
    }

    @Test(arguments: [
        "<remove sel=\"\"/>", "<remove sel=\"MPD\"/>", "<remove sel=\"/MPD\"/>", "<remove sel=\"/Patch/Period[1]\"/>",
        "<remove sel=\"/MPD/Period[0]\"/>", "<remove sel=\"/MPD/Period[2]\"/>", "<remove sel=\"/MPD/Period[x]\"/>",
        "<remove sel=\"/MPD/Period[1\"/>", "<remove sel=\"/MPD/Period[@id='b']\"/>",
        "<remove sel=\"/MPD/Period[@id='a'\"/>",
        "<remove sel=\"/MPD/Period[@id=a]\"/>", "<remove sel=\"/MPD/@\"/>", "<remove sel=\"/MPD/@none\"/>",
        "<remove sel=\"/MPD//Period\"/>", "<remove/>", "<replace sel=\"/MPD/Period\"/>",
        "<add sel=\"/MPD\" pos=\"under\"/>",
        "<add sel=\"/MPD/@id\">y</add>", "<move sel=\"/MPD/Period\"/>",
    ]) func whatIsNoOperation(_ operation: String) {
        #expect(throws: MPDError.self) { try MPD(parsing: mpd(period("a")), patchedBy: patch(operation)) }
    }

    @Test func patchesOfOthers() {
        let none = "<replace sel=\"/MPD/@publishTime\">1970-01-01T00:00:12Z</replace>"
        #expect(throws: MPDError.self) { try MPD(parsing: mpd(), patchedBy: patch(none, id: "y")) }
        #expect(throws: MPDError.self) { try MPD(parsing: mpd(), patchedBy: patch(none, time: 11)) }
        #expect(throws: MPDError.self) { try MPD(parsing: mpd(), patchedBy: mpd()) }
        #expect(throws: MPDError.self) { try MPD(parsing: mpd(), patchedBy: []) }
    }
}
