import CommonEncryption
import DASH
import HLS
import ISOBMFF
import Keys
import Media
import MediaMemory
import Packager
import Settings
import Slate
import TestSupport
import Testing
import Timeline

/// A slate stands for two segments of nine: other addresses, other headers, the reserve key, the same numbers and times.
@Suite struct SlatePackagerTests {
    private let stage: Stage
    private let slate: Slate

    init() throws {
        let tracks: [SyntheticTrack] = [try .video("720p"), try .audio("stereo")]
        stage = try Stage([Array(0..<9)], tracks: tracks)
        slate = try SyntheticSlate(tracks, pictures: 30).slate()
    }

    /// Segments 5 and 6 are slate.
    private func window(
        _ endpoint: EndpointProfile, newest: UInt64 = 8, of other: Slate? = nil
    ) throws -> EndpointWindow {
        let slate = other ?? slate
        let plain = try stage.window(endpoint)
        var segments: [BoundSegment] = []
        for bound in plain.segments where bound.number <= Stage.number + newest {
            let number = bound.number - Stage.number
            let isSlate = number == 5 || number == 6
            let period = isSlate ? KeyPeriod.reserve() : Stage.period(of: bound.number)
            var run = segments.last?.run
            if run?.keyPeriod != period {
                let continues = run?.slate == (isSlate ? slate.id : nil)
                run = SegmentRun(
                    firstNumber: bound.number, generation: bound.segment.generation, keyPeriod: period,
                    start: Ticks(bound.segment.tracks[0].decodeTime, timescale: 90000), slate: isSlate ? slate.id : nil,
                    slateSwitches: number < 5 ? 0 : number < 7 ? 1 : 2, continuing: continues ? run : nil)
            }
            segments.append(
                BoundSegment(
                    segment: bound.segment,
                    keys: try endpoint.encryption.map { try SyntheticKeys.keys(of: period, systems: $0.systems) },
                    run: try #require(run), slate: isSlate ? slate : nil))
        }
        return EndpointWindow(
            endpoint: endpoint, revision: plain.revision, numbering: plain.numbering, segments: BoundSegments(segments),
            trackSets: plain.trackSets, changedAtMilliseconds: plain.changedAtMilliseconds, isEnded: false,
            nominalBitrates: plain.nominalBitrates)
    }

    @Test func thePlaylistBreaksBeforeAndAfter() throws {
        let text = try PlaylistPackager.media("720p", try window(.fairPlay))
        let playlist = try MediaPlaylist(parsing: text)
        #expect(playlist.mediaSequence == Stage.number && playlist.discontinuitySequence == 0)
        #expect(playlist.segments.map(\.isDiscontinuity).indices(of: true).ranges.flatMap { Array($0) } == [5, 7])
        let place = "0123456789ab-\(slate.id)"
        for (index, segment) in playlist.segments.enumerated() {
            let isSlate = index == 5 || index == 6
            let number = Stage.number + UInt64(index)
            #expect(segment.uri == "\(isSlate ? place : "0123456789ab")/\(number).m4s")
            #expect(segment.duration.duration.isSameTime(as: Ticks(2, timescale: 1)))
            let period = isSlate ? KeyPeriod.reserve() : Stage.period(of: number)
            #expect(segment.map?.uri == "\(isSlate ? place : "0123456789ab")/init-1-\(period).mp4")
            #expect(segment.keys.first?.uri?.hasSuffix(isSlate ? "7fffffff" : "") == true)
        }
        // The time is said after each break.
        #expect(playlist.segments[5].programDateTime != nil && playlist.segments[7].programDateTime != nil)
    }

    /// Breaks that have left the list are counted, in the slate and after it.
    @Test func theDiscontinuitySequenceCountsWhatHasLeft() throws {
        var endpoint = EndpointProfile.fairPlay
        endpoint.windowSeconds = 6
        for (newest, sequence) in [(6, 0), (7, 1), (8, 1)] as [(UInt64, UInt64)] {
            // Three segments: from 4, from 5, from 6 on.
            let playlist = try MediaPlaylist(
                parsing: try PlaylistPackager.media("720p", try window(endpoint, newest: newest)))
            #expect(playlist.discontinuitySequence == sequence)
            #expect(playlist.segments.first?.isDiscontinuity == false)
        }
    }

    @Test func theMPDHasAPeriodForIt() throws {
        let mpd = try MPD(parsing: Array(MPDPackager.mpd(try window(.dash())).utf8))
        let firsts: [UInt64] = [0, 5, 7].map { Stage.number + $0 }
        #expect(mpd.periods.map(\.id) == firsts.enumerated().map { "\($0 == 1 ? "s" : "p")\($1)" })
        for (index, period) in mpd.periods.enumerated() {
            #expect(period.start?.isSameTime(as: Ticks(Int64(firsts[index]) * 2, timescale: 1)) == true)
            for set in period.adaptationSets {
                let template = try #require(set.segmentTemplate ?? set.representations.first?.segmentTemplate)
                #expect(template.media.contains(slate.id) == (index == 1))
                #expect(template.initialization?.contains(slate.id) == (index == 1))
                // Decoders are not carried over.
                #expect(!set.supplementalProperties.contains { $0.schemeIDURI.contains("period-continuity") })
            }
        }
    }

    @Test func aSlatePeriodOfNumbersHasNoEndYet() throws {
        let text = MPDPackager.mpd(try window(.dash(.number), newest: 6))
        let mpd = try MPD(parsing: Array(text.utf8))
        #expect(mpd.periods.count == 2 && mpd.periods[1].duration == nil)
        #expect(text.contains("\(slate.id)/$Number$.m4s"))
    }

    @Test func theHeaderIsTheSlatesUnderTheReserveKey() throws {
        let window = try window(.dash())
        let revision = "0123456789ab-\(slate.id)"
        let found = try #require(
            window.header(of: "720p", revision: revision, generation: 1, period: .reserve()))
        #expect(found.1?.period == .reserve() && found.0.header == slate.tracks[0].stored.header)
        let bytes = try SegmentPackager.header(of: found.0, endpoint: window.endpoint, keys: found.1)
        let keyID = try SyntheticKeys.keys(of: .reserve()).video.keyID
        #expect(bytes.containsBytes(keyID.bytes) && bytes != found.0.header)
        // Neither under another key, nor the picture's header under this one.
        #expect(
            window.header(of: "720p", revision: revision, generation: 1, period: Stage.period(of: Stage.number)) == nil)
        #expect(window.header(of: "720p", revision: "0123456789ab", generation: 1, period: .reserve()) == nil)
        #expect(
            window.header(of: "720p", revision: "0123456789ab-000000000000", generation: 1, period: .reserve()) == nil)
        #expect(window.header(of: "360p", revision: revision, generation: 1, period: .reserve()) == nil)
    }

    @Test func everyContainerAndSchemeHoldsTheSlate() throws {
        for endpoint in [EndpointProfile.transportStream(), .sampleAES, .fairPlay, .dash()] {
            let window = try window(endpoint)
            let bound = try #require(window.segment(Stage.number + 5))
            let (video, share) = try #require(window.share(of: "720p", in: bound))
            let real = try #require(bound.segment.tracks.first)
            #expect(share.decodeTime == real.decodeTime && share.duration == real.duration)
            // Decode times in a transport stream go on as they were.
            #expect(video.index == 0 && video.track.reorderDelay == 3000)
            let clear = try #require(window.slateMedia(of: "720p", in: bound))
            #expect(try MovieFragmentTable(parsing: clear.span).fragments[0].samples.count == 60)
            if endpoint.container == .ts {
                let tracks = window.muxed(with: video, in: bound)
                #expect(tracks.map(\.track.name) == ["720p", "stereo"])
                let bytes = try SegmentPackager.transportStream(
                    tracks.map { (try #require(window.slateMedia(of: $0.track.name, in: bound)), $0) },
                    number: bound.number, endpoint: endpoint, keys: bound.keys)
                #expect(bytes.count > 188 * 48)
            } else {
                let bytes = try SegmentPackager.cmaf(
                    clear, number: bound.number, track: video, endpoint: endpoint, keys: bound.keys
                ).array
                #expect(bytes != clear)
            }
        }
    }

    /// From its beginning, which is where the slate's is: 75 pictures, in segments of 60.
    @Test func aClipGoesOnFromSegmentToSegment() throws {
        let tracks: [SyntheticTrack] = [try .video("720p"), try .audio("stereo")]
        let still = SyntheticSlate(tracks)
        let chunks = stride(from: 0, to: 75, by: 15).map { first in
            CMAFChunk.serialize(
                sequenceNumber: 1,
                samples: (first..<first + 15).map { index in
                    Sample(
                        decodeTime: Int64(index) * 3000, compositionOffset: 0, duration: 3000, isSync: index == first,
                        data: Array(repeating: 1, count: 100 + index))
                })
        }
        let clip = try Slate(recipe: "clip", tracks: still.tracks, chunks: [chunks, still.chunks[1]])
        let window = try window(.dash(), of: clip)
        let shown = try ([5, 6] as [UInt64]).flatMap { number in
            let bound = try #require(window.segment(Stage.number + number))
            let clear = try #require(window.slateMedia(of: "720p", in: bound))
            return try MovieFragmentTable(parsing: clear.span).fragments[0].samples.map { $0.size - 100 }
        }
        #expect(shown == (0..<120).map { $0 % 75 })
    }

    /// One key for every outage there will ever be: what stands for different segments has no IV in common.
    @Test func noIVComesTwiceUnderTheReserveKey() throws {
        let window = try window(.dash())
        var seen: Set<UInt64> = []
        for number in [5, 6] as [UInt64] {
            let bound = try #require(window.segment(Stage.number + number))
            for name in ["720p", "stereo"] {
                let (stored, _) = try #require(window.share(of: name, in: bound))
                let clear = try #require(window.slateMedia(of: name, in: bound))
                for sample in try MovieFragmentTable(parsing: clear.span).fragments[0].samples {
                    let iv = InitializationVector.cencIV(trackIndex: stored.index, decodeTime: sample.decodeTime)
                    #expect(seen.insert(iv).inserted)
                }
            }
        }
        #expect(seen.count > 2 * 60 + 2 * 90)
    }
}

extension EndpointProfile {
    fileprivate static let sampleAES = EndpointProfile(
        id: "hls-sample", package: .hls, container: .ts, windowSeconds: 20, useAudioRenditionGroup: false,
        encryption: Stage.encryption(.sampleAES, [.aes128]))
}

extension [UInt8] {
    fileprivate func containsBytes(_ other: [UInt8]) -> Bool {
        indices.contains { $0 + other.count <= count && Array(self[$0..<$0 + other.count]) == other }
    }
}
