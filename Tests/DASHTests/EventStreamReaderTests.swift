import DASH
import Media
import Testing

/// Events as they come back from what was written, and as others write them.
@Suite struct EventStreamReaderTests {
    private func streams(_ content: String) throws -> [EventStream] {
        let head = "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"a\" minBufferTime=\"PT1S\"><Period>"
        return try #require(try MPD(parsing: Array("\(head)\(content)</Period></MPD>".utf8)).periods.first).eventStreams
    }

    @Test func ours() throws {
        let offset = Ticks(5000, timescale: 1000)
        let key = KeyID(bytes: Array(0..<16))
        let written = [
            EventStream.spliceInfoSections(
                [
                    .init(
                        id: 3, time: Ticks(7000, timescale: 1000), duration: Ticks(9, timescale: 1000),
                        spliceInfoSection: [1, 2, 3])
                ],
                presentationTimeOffset: offset),
            EventStream.nextKeys(
                [try #require(key)], id: 4, from: Ticks(8000, timescale: 1000), presentationTimeOffset: offset),
        ]
        let mpd = MPD(
            type: .dynamic, publishTime: Ticks(9, timescale: 1), minBufferTime: Ticks(1, timescale: 1),
            patchLocation: PatchLocation(url: "patch.mpp", lifetimeSeconds: 60),
            periods: [Period(id: "a", eventStreams: written)])
        let read = try MPD(parsing: Array(mpd.serialize().utf8))
        #expect(read.periods[0].eventStreams == written)
        #expect(read.patchLocation == mpd.patchLocation)
        #expect(
            read.patchLocation?.reference(from: Ticks(9, timescale: 1))
                == "patch.mpp?publishTime=1970-01-01T00%3A00%3A09Z")
    }

    @Test func theirs() throws {
        let scheme = "schemeIdUri=\"\(EventStream.spliceScheme)\""
        let signal = "<Signal xmlns=\"http://www.scte.org/schemas/35/2016\"><Binary>%</Binary></Signal>"
        let found = try streams(
            "<EventStream \(scheme)><Event id=\"1\">\(signal.replacing("%", with: " AQID\n"))</Event>"
                + "<Event presentationTime=\"7\">\(signal.replacing("%", with: "?"))</Event><Event> text </Event></EventStream>"
        )
        let events = try #require(found.first).events
        #expect(events.map(\.spliceInfoSection) == [[1, 2, 3], nil, nil])
        #expect(events.map(\.time.value) == [0, 7, 0] && events[2].message == "text" && events[2].duration == nil)
        #expect(throws: MPDError.self) { try streams("<EventStream/>") }
        #expect(throws: MPDError.self) { try streams("<EventStream \(scheme) timescale=\"0\"/>") }
        #expect(throws: MPDError.self) { try streams("<EventStream \(scheme)><Event id=\"-1\"/></EventStream>") }
    }

    @Test func patchesOfOthers() throws {
        let text = """
            <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="a" minBufferTime="PT1S">
            <PatchLocation ttl="1.5">p.mpp?x=1</PatchLocation></MPD>
            """
        let location = try #require(try MPD(parsing: Array(text.utf8)).patchLocation)
        #expect(location.reference(from: Ticks(9, timescale: 1)) == "p.mpp?x=1" && location.lifetimeSeconds >= 1)
    }
}
