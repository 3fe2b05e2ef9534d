import DASH
import Foundation
import HLS
import Media
import Packager
import PublishGuard
import SCTE35
import Settings
import TestSupport
import Testing
import Timeline

/// What manifests say of a break of 4 s, from segment 2 to segment 4, and of what is within it.
@Suite struct AdMarkersTests {
    private static let start = Int64(Stage.number) * 2 * 90_000
    /// The sample of SCTE 35, clause 14.1, with an airing's number.
    private static let opportunity =
        "/DA0AAAAAAAA///wBQb+cr0AUAAeAhxDVUVJSAAAjn/PAAGlmbAICAAAAAAsoKGKNAIAmsnRfg=="

    private let stage: Stage
    private let feed: TimelineFeed

    init() throws {
        stage = try Stage([])
        feed = try TimelineFeed(stage.timeline, stage.tracks)
    }

    private func insert(_ event: UInt32, out: Bool = true, seconds: UInt64? = nil, returns: Bool = true) -> [UInt8] {
        SpliceInfoSection(
            .insert(
                SpliceInsert(
                    eventID: event, leavesNetwork: out, time: nil,
                    duration: seconds.map { BreakDuration(ticks: $0 * 90_000, returnsByItself: returns) }))
        ).serialize()
    }

    private func mark(_ section: [UInt8], at seconds: Int64) throws {
        try stage.timeline.mark(section, at: Self.start + seconds * 90_000)
    }

    private func add(_ numbers: ClosedRange<UInt64>) throws {
        for number in numbers { try feed.add(Stage.number + number) }
    }

    private func hls(_ markers: Set<EndpointProfile.AdMarkers>, window: UInt32 = 20) -> EndpointProfile {
        var endpoint = EndpointProfile.clearHLS
        endpoint.adMarkers = markers
        endpoint.windowSeconds = window
        return endpoint
    }

    /// The lines about splices, each behind the segment's number that it stands before; of what stands last, 99.
    private func lines(_ endpoint: EndpointProfile, _ track: String = "720p") throws -> [String] {
        let playlist = try MediaPlaylist(parsing: try PlaylistPackager.media(track, try stage.window(endpoint)))
        return playlist.segments.enumerated().flatMap { index, segment in
            segment.unknownTags.map { "\(playlist.mediaSequence + UInt64(index) - Stage.number) \($0.dropFirst(1))" }
        } + playlist.trailingTags.map { "99 \($0.dropFirst(1))" }
    }

    @Test(arguments: ["720p", "360p", "stereo"]) func cues(track: String) throws {
        try mark(insert(7, seconds: 4), at: 4)
        try add(0...5)
        #expect(
            try lines(hls([.cueOutIn]), track) == [
                "2 EXT-X-CUE-OUT:4.000000", "3 EXT-X-CUE-OUT-CONT:2.000000/4.000000", "4 EXT-X-CUE-IN",
            ])
    }

    @Test func withoutAProfilesWordNothingIsSaid() throws {
        try mark(insert(7, seconds: 4), at: 4)
        try add(0...5)
        #expect(try lines(hls([])).isEmpty)
    }

    @Test func rangesWithBothSections() throws {
        try add(0...1)
        let (out, back) = (insert(7, seconds: 30, returns: false), insert(7, out: false))
        try mark(out, at: 4)
        let id = "ID=\"splice-00000007-1600000004000\",START-DATE=\"2020-09-13T12:26:44.000Z\""
        let opening =
            "EXT-X-DATERANGE:\(id),PLANNED-DURATION=30.000000,SCTE35-OUT=\(SpliceText.hexadecimal(out))"
        // Ahead of time, then where it is.
        #expect(try lines(hls([.daterange])) == ["99 \(opening)"])
        try add(2...3)
        #expect(try lines(hls([.daterange])) == ["2 \(opening)"])
        try mark(back, at: 10)
        let closing = "EXT-X-DATERANGE:\(id),DURATION=6.000000,SCTE35-IN=\(SpliceText.hexadecimal(back))"
        #expect(try lines(hls([.daterange])) == ["2 \(opening)", "99 \(closing)"])
        try add(4...9)
        #expect(try lines(hls([.daterange])) == ["2 \(opening)", "5 \(closing)"])
        // Begun before the window: said at its first segment, as long as the break is in it; then no more.
        try add(10...11)
        #expect(try lines(hls([.daterange], window: 16)) == ["4 \(opening)", "5 \(closing)"])
        #expect(try lines(hls([.daterange], window: 10)).isEmpty)
    }

    @Test func enhanced() throws {
        let section = try #require(SpliceText.bytes(of: Self.opportunity))
        try mark(section, at: 4)
        try add(0...3)
        #expect(
            try lines(hls([.enhanced])) == [
                "2 EXT-OATCLS-SCTE35:\(Self.opportunity)", "2 EXT-X-ASSET:CAID=0x000000002CA0A18A",
                "2 EXT-X-CUE-OUT:307.000000",
                "3 EXT-X-CUE-OUT-CONT:ElapsedTime=2.000000,Duration=307.000000,SCTE35=\(Self.opportunity)",
            ])
    }

    /// The outermost break counts; one that follows another directly is said as both.
    @Test func breaksWithinAndAfterBreaks() throws {
        try mark(insert(1, seconds: 8), at: 2)
        try mark(insert(2, seconds: 2), at: 4)
        try mark(insert(3, seconds: 2), at: 10)
        try add(0...7)
        #expect(
            try lines(hls([.cueOutIn])) == [
                "1 EXT-X-CUE-OUT:8.000000", "2 EXT-X-CUE-OUT-CONT:2.000000/8.000000",
                "3 EXT-X-CUE-OUT-CONT:4.000000/8.000000", "4 EXT-X-CUE-OUT-CONT:6.000000/8.000000", "5 EXT-X-CUE-IN",
                "5 EXT-X-CUE-OUT:2.000000", "6 EXT-X-CUE-IN",
            ])
    }

    @Test func otherCommandsAreRangesAlone() throws {
        let section = SpliceInfoSection(
            .timeSignal(SpliceTime(nil)), descriptors: [.segmentation(SegmentationDescriptor(eventID: 5, type: 0x10))]
        ).serialize()
        try mark(section, at: 4)
        try add(0...3)
        #expect(
            try lines(hls([.daterange, .cueOutIn])) == [
                "2 EXT-X-DATERANGE:ID=\"segment-10-00000005-1600000004000\","
                    + "START-DATE=\"2020-09-13T12:26:44.000Z\",SCTE35-CMD=\(SpliceText.hexadecimal(section))"
            ])
    }

    // MARK: DASH

    private func dash(_ triggers: Set<EndpointProfile.PeriodTrigger> = [.keyRotation, .ads]) -> EndpointProfile {
        EndpointProfile(
            id: "dash", package: .dash, windowSeconds: 20, periodTriggers: triggers, adMarkers: [.binary])
    }

    @Test func aPeriodForEachStretchWithItsEvent() throws {
        let (out, back) = (insert(7, seconds: 30, returns: false), insert(7, out: false))
        try mark(out, at: 4)
        try add(0...3)
        try mark(back, at: 8)
        try add(4...5)
        let text = MPDPackager.mpd(try stage.window(dash()))
        let mpd = try MPD(parsing: Array(text.utf8))
        #expect(mpd.periods.map(\.id) == ([0, 2, 4] as [UInt64]).map { "p\(Stage.number + $0)" })
        #expect(mpd.periods.map { $0.start?.milliseconds } == [0, 4000, 8000].map { 1_600_000_000_000 + $0 })
        let continuity = mpd.periods[2].adaptationSets[0].supplementalProperties.map(\.value)
        #expect(continuity == ["p\(Stage.number + 2)"])
        let time = Self.start + 4 * 90_000
        #expect(
            text.contains(
                """
                    <EventStream schemeIdUri="urn:scte:scte35:2014:xml+bin" timescale="90000" \
                presentationTimeOffset="\(time)">
                      <Event presentationTime="\(time)" duration="2700000" id="
                """))
        #expect(text.components(separatedBy: "<EventStream").count == 3)
        for section in [out, back] {
            #expect(text.contains("<scte35:Binary>\(SpliceText.base64(section))</scte35:Binary>"))
        }
        // Without the trigger, the same events in the one Period.
        let one = MPDPackager.mpd(try stage.window(dash([.keyRotation])))
        #expect(try MPD(parsing: Array(one.utf8)).periods.count == 1)
        #expect(one.components(separatedBy: "<Event ").count == 3)
    }

    /// Periods keep their ids and starts while the window goes on, and the guard finds nothing to withhold.
    @Test func periodsAndTagsStayAsTheyWere() throws {
        let revisions = RevisionGuard()
        let expectations = ManifestExpectations(protectedFrom: nil) { _ in true }
        let (range, mpd) = (hls([.daterange, .cueOutIn], window: 8), dash())
        var starts: [String: Ticks?] = [:]
        for number in 0..<40 as Range<UInt64> {
            if number % 10 == 1 { try mark(insert(UInt32(number), seconds: 6), at: Int64(number) * 2 + 4) }
            try add(number...number)
            let playlist = try PlaylistPackager.media("720p", try stage.window(range))
            #expect(revisions.judge(playlist, of: "hls", version: number, expectations) == .publish, "\(number)")
            let text = MPDPackager.mpd(try stage.window(mpd))
            #expect(revisions.judge(text, of: "mpd", version: number, expectations) == .publish, "\(number)")
            for period in try MPD(parsing: Array(text.utf8)).periods {
                if let known = starts[period.id] { #expect(known == period.start) }
                starts[period.id] = period.start
            }
        }
        #expect(starts.count == 9)
    }

    /// What players were told of a splice stays as it was.
    @Test(arguments: [
        ("#EXT-X-CUE-OUT:4.000000\n", ""), ("#EXT-X-CUE-IN\n", "#EXT-X-CUE-OUT:4.000000\n"),
        ("PLANNED-DURATION=4.000000", "PLANNED-DURATION=5.000000"), ("ID=\"splice", "ID=splice"),
    ]) func changedMarkersAreWithheld(old: String, new: String) throws {
        try mark(insert(7, seconds: 4), at: 4)
        try add(0...5)
        let text = try PlaylistPackager.media("720p", try stage.window(hls([.daterange, .cueOutIn])))
        let revisions = RevisionGuard()
        let expectations = ManifestExpectations(protectedFrom: nil) { _ in true }
        #expect(revisions.judge(text, of: "hls", version: 1, expectations) == .publish)
        let other = text.replacingOccurrences(of: old, with: new)
        #expect(other != text)
        guard case .stay(text, _?) = revisions.judge(other, of: "hls", version: 2, expectations) else {
            Issue.record("it went out")
            return
        }
    }
}
