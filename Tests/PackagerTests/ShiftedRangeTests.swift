import DASH
import HLS
import Media
import Packager
import Settings
import TestSupport
import Testing

@testable import Timeline

/// Segments of 2 s from 1,600,000,000 s on.
@Suite struct ShiftedRangeTests {
    private let epoch: Int64 = 1_600_000_000
    private let now: Int64 = 1_600_000_060_000

    private func window(_ endpoint: EndpointProfile = .clearHLS, count: UInt64 = 30) throws -> EndpointWindow {
        try Stage([Array(0..<count)]).window(endpoint)
    }

    private func range(_ query: String, _ window: EndpointWindow, now: Int64? = nil) throws -> ShiftedRange {
        try window.range(of: try ManifestQuery(parsing: query).shift, storageSeconds: 3600, now: now ?? self.now)
    }

    private func numbers(_ query: String, _ window: EndpointWindow) throws -> ClosedRange<UInt64> {
        let listed = window.shifted(to: try range(query, window)).listed
        return try #require(listed.first).number - Stage.number...(try #require(listed.last).number - Stage.number)
    }

    @Test func aStartIsTheSegmentItLiesIn() throws {
        let window = try window()
        #expect(try numbers("start=\(epoch + 8)", window) == 4...29)
        #expect(try numbers("start=\(epoch + 9)", window) == 4...29)
        #expect(try numbers("start=\(epoch + 9).999", window) == 4...29)
        #expect(try numbers("start=2020-09-13T12:26:50Z", window) == 5...29)
    }

    @Test func anEndIsNotListed() throws {
        let window = try window()
        #expect(try numbers("start=\(epoch + 8)&end=\(epoch + 20)", window) == 4...9)
        #expect(try numbers("start=\(epoch + 8)&end=\(epoch + 21)", window) == 4...10)
        #expect(try numbers("start=\(epoch + 8)&end=\(epoch + 8).5", window) == 4...4)
        // The profile's window of 20 s before the end.
        #expect(try numbers("end=\(epoch + 40)", window) == 10...19)
    }

    @Test func delaysAndWindowsReachBackFromTheNewest() throws {
        let window = try window()
        #expect(try numbers("timedelay=10", window) == 15...24)
        #expect(try numbers("timedelay=9", window) == 15...24)
        #expect(try numbers("window=40", window) == 10...29)
        #expect(try numbers("timedelay=20&window=10", window) == 15...19)
        #expect(try range("timedelay=10", window).isComplete == false)
    }

    @Test func aRangeIsCompleteWhenItsEndHasCome() throws {
        let window = try window()
        #expect(try range("start=\(epoch)&end=\(epoch + 60)", window).isComplete)
        #expect(try !range("start=\(epoch)&end=\(epoch + 61)", window).isComplete)
        // Nobody published until its end, and nobody can any more.
        #expect(try range("start=\(epoch)&end=\(epoch + 61)", window, now: now + 20_000).isComplete)
        #expect(try !range("start=\(epoch)", window).isComplete)
        let playlist = try MediaPlaylist(
            parsing: PlaylistPackager.media(
                "720p", window.shifted(to: try range("start=\(epoch + 2)&end=\(epoch + 60)", window))))
        #expect(playlist.isEnded)
        #expect(playlist.segments.count == 29)
        #expect(playlist.mediaSequence == Stage.number + 1)
        #expect(playlist.start?.offsetMilliseconds == 0)
    }

    @Test func whatIsNotThereIsSaid() throws {
        let window = try window()
        #expect(throws: NothingThere.notYet) { try range("start=\(epoch + 61)", window) }
        #expect(throws: NothingThere.gone) { try range("start=\(epoch - 100)&end=\(epoch - 50)", window) }
        #expect(throws: NothingThere.notYet) { try range("timedelay=60", window) }
        #expect(throws: ManifestQueryError.self) { try range("timedelay=3600", window) }
        #expect(throws: ManifestQueryError.self) { try range("window=3601", window) }
        // A start-over link goes on with what is stored.
        #expect(try numbers("start=\(epoch - 100)", window) == 0...29)
        #expect(try numbers("start=\(epoch - 100)&end=\(epoch + 4)", window) == 0...1)
    }

    /// What a multivariant playlist hands on is one text for all starts in a segment, and means the same again.
    @Test func theQueryHandedOnMeansTheSame() throws {
        for duration in [Ticks(2, timescale: 1), Ticks(1_920, timescale: 1000), Ticks(100_100, timescale: 30_000)] {
            let numbering = SegmentNumberingCase(duration)
            for offset: Int64 in [0, 1, 2, 3, 5, 7, 1999, 2001, 3003] {
                let first = try numbering.range(startMilliseconds: epoch * 1000 + offset, lengthMilliseconds: 10_000)
                let again = try numbering.range(query: first.query)
                #expect(again == first)
            }
        }
        let window = try window()
        #expect(try range("start=\(epoch + 9)", window).query == "start=\(epoch + 8)")
        #expect(
            try range("start=\(epoch + 9)&end=\(epoch + 21)", window).query == "start=\(epoch + 8)&end=\(epoch + 22)")
        #expect(try range("time_delay=9", window).query == "timedelay=9")
    }

    /// A window without tracks, of one segment duration.
    private struct SegmentNumberingCase {
        let window: EndpointWindow

        init(_ duration: Ticks) {
            let numbering = SegmentNumbering(duration: duration)
            let first = numbering.number(at: Ticks(1_599_999_990, timescale: 1))
            window = EndpointWindow(
                endpoint: .clearHLS, revision: "1", numbering: numbering,
                segments: BoundSegments(
                    (first..<first + 40).map { number in
                        BoundSegment(
                            segment: WindowSegment(
                                number: number, generation: 1, isDiscontinuity: false, discontinuitySequence: 0,
                                tracks: []),
                            keys: nil, run: SegmentRun(firstNumber: first, generation: 1, keyPeriod: 0, start: duration)
                        )
                    }),
                trackSets: [:], changedAtMilliseconds: 0, isEnded: false, nominalBitrates: [:])
        }

        func range(query: String) throws -> ShiftedRange {
            try window.range(
                of: try ManifestQuery(parsing: query).shift, storageSeconds: 3600, now: 1_600_000_030_000)
        }

        func range(startMilliseconds start: Int64, lengthMilliseconds: Int64) throws -> ShiftedRange {
            func text(_ time: Int64) -> String { CivilTime(epochMilliseconds: time).iso8601 }
            return try range(query: "start=\(text(start))&end=\(text(start + lengthMilliseconds))")
        }
    }

    @Test func renditionsCarryTheShiftOn() throws {
        let window = try window(.fairPlay)
        let text = PlaylistPackager.multivariant(window.shifted(to: try range("start=\(epoch + 8)", window)))
        let playlist = try MultivariantPlaylist(parsing: text)
        #expect(playlist.variants.map(\.uri) == ["720p", "360p"].map { "\($0)/playlist.m3u8?start=\(epoch + 8)" })
        #expect(playlist.renditions.first?.uri == "stereo/playlist.m3u8?start=\(epoch + 8)")
        #expect(!PlaylistPackager.multivariant(window).contains("?"))
    }

    @Test func anMPDBeginsAtZeroWhereAViewerChose() throws {
        let window = try window(.dash())
        func mpd(_ query: String) throws -> MPD {
            try MPD(parsing: Array(MPDPackager.mpd(window.shifted(to: try range(query, window))).utf8))
        }
        let open = try mpd("start=\(epoch + 8)")
        #expect(open.availabilityStartTime?.milliseconds == (epoch + 8) * 1000)
        #expect(open.periods.first?.start?.milliseconds == 0)
        #expect(open.type == .dynamic)
        #expect(open.timeShiftBufferDepth?.milliseconds == 52_000)
        let complete = try mpd("start=\(epoch + 8)&end=\(epoch + 20)")
        #expect(complete.type == .static)
        #expect(complete.mediaPresentationDuration?.milliseconds == 12_000)
        #expect(complete.minimumUpdatePeriod == nil)
        #expect(complete.timeShiftBufferDepth == nil)
        let delayed = try mpd("timedelay=10")
        #expect(delayed.availabilityStartTime?.milliseconds == 10_000)
        #expect(delayed.periods.first?.start?.milliseconds == (epoch + 30) * 1000)
        // Media times stay what they are.
        let live = try MPD(parsing: Array(MPDPackager.mpd(window).utf8))
        let template = try #require(live.periods.last?.adaptationSets.first?.segmentTemplate)
        #expect(open.periods.last?.adaptationSets.first?.segmentTemplate?.media == template.media)
    }

    /// Also where the window begins in the middle of a key's run.
    @Test(arguments: [EndpointProfile.SegmentTemplate.timeline, .number])
    func nothingOfAnMPDBeginsBeforeTheViewersWindow(_ template: EndpointProfile.SegmentTemplate) throws {
        let window = try window(.dash(template))
        let shifted = window.shifted(to: try range("start=\(epoch + 14)", window))
        let periods = try MPD(parsing: Array(MPDPackager.mpd(shifted).utf8)).periods
        #expect(periods.first?.start?.milliseconds == 0)
        #expect(periods.dropFirst().first?.start?.milliseconds == 6000)
        let first = try #require(periods.first?.adaptationSets.first?.segmentTemplate)
        #expect(first.presentationTimeOffset == UInt64(epoch + 14) * 90_000)
        #expect(first.startNumber == Stage.number + 7)
    }

    @Test func aFilterLeavesWhatItAdmits() throws {
        var window = try window(.fairPlay)
        window.filter = try ManifestQuery(parsing: "bitrate=-1000000").filter
        #expect(try MultivariantPlaylist(parsing: PlaylistPackager.multivariant(window)).variants.count == 1)
        var dash = try self.window(.dash())
        dash.filter = try ManifestQuery(parsing: "bitrate=-1000000&language=fr").filter
        let sets = try MPD(parsing: Array(MPDPackager.mpd(dash).utf8)).periods.flatMap(\.adaptationSets)
        #expect(sets.allSatisfy { $0.representations.map(\.id) == ["360p"] })
        #expect(!sets.isEmpty)
        // Sound inside the picture's segments stays.
        var muxed = try self.window(.transportStream())
        muxed.filter = try ManifestQuery(parsing: "channels=6&bitrate=-1000000").filter
        let variants = try MultivariantPlaylist(parsing: PlaylistPackager.multivariant(muxed)).variants
        #expect(variants.map(\.uri) == ["360p/playlist.m3u8"])
        #expect(variants.first?.codecs.contains("mp4a.40.2") == true)
    }
}
