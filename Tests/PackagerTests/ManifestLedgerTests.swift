import DASH
import HLS
import Keys
import Media
import Settings
import TestSupport
import Testing

@testable import Packager
@testable import Timeline

@Suite("What manifests cost goes with what is new, and says the same")
struct ManifestLedgerTests {
    /// Segments of any size and length with holes, other sets of tracks, other keys and other sources between them.
    private struct Channel {
        var random: SplitMix
        let endpoint: EndpointProfile
        var segments: [BoundSegment] = []
        var trackSets: [UInt64: TrackSet] = [:]
        private var number: UInt64 = 800_000_000
        private var run: SegmentRun?
        private var discontinuities: UInt64 = 0
        private var breaks: [AdBreak] = []

        init(seed: UInt64, _ endpoint: EndpointProfile) {
            random = SplitMix(seed: seed)
            self.endpoint = endpoint
        }

        mutating func add() throws {
            var isDiscontinuity = false
            var generation = run?.generation ?? 0
            if run == nil || Int.random(in: 0..<40, using: &random) == 0 {
                generation += 1
                isDiscontinuity = run != nil
                let tracks = try [SyntheticTrack.video("a"), .video("b"), .audio("stereo")]
                    .filter { $0.track.name != "b" || Bool.random(using: &random) }
                trackSets[generation] = TrackSet(
                    generation: generation,
                    tracks: tracks.enumerated().map {
                        StoredTrack(track: $1.track, index: UInt8($0), header: $1.header)
                    })
            }
            if Int.random(in: 0..<25, using: &random) == 0 { number += UInt64.random(in: 1...5, using: &random) }
            let set = trackSets[generation]
            let period = endpoint.encryption == nil ? 0 : Stage.period(of: number)
            let follows = segments.last?.number == number - 1
            if isDiscontinuity || run?.keyPeriod != period || !follows {
                let continues = !isDiscontinuity && follows
                run = SegmentRun(
                    firstNumber: number, generation: generation, keyPeriod: period,
                    start: Ticks(Int64(number) * 180_000, timescale: 90_000), continuing: continues ? run : nil)
            }
            if isDiscontinuity || !follows { discontinuities += 1 }
            let shares = (set?.tracks ?? []).map { stored in
                let scale = Int64(stored.track.timescale)
                return TrackSegment(
                    decodeTime: Int64(number) * 2 * scale,
                    duration: Bool.random(using: &random) ? 2 * scale : Int64.random(in: 1...3 * scale, using: &random),
                    byteCount: Int.random(in: 0..<20, using: &random) == 0
                        ? 0 : Int.random(in: 1...2_000_000, using: &random),
                    chunks: [])
            }
            guard let run else { return }
            let keys = try endpoint.encryption.map { try SyntheticKeys.keys(of: period, systems: $0.systems) }
            advertise()
            segments.append(
                BoundSegment(
                    segment: WindowSegment(
                        number: number, generation: generation, isDiscontinuity: isDiscontinuity || !follows,
                        discontinuitySequence: discontinuities, tracks: shares),
                    keys: keys, run: run))
            number += 1
            if Int.random(in: 0..<2, using: &random) == 0 { segments.removeFirst() }
            if Int.random(in: 0..<80, using: &random) == 0 { segments.removeFirst(segments.count / 2) }
            let oldest = segments.first?.number ?? number
            breaks.removeAll { $0.end.map { $0.number < oldest } ?? false }
        }

        /// A break begins or ends, or somebody says more of one, at the segment that comes.
        private mutating func advertise() {
            let place = AdBreak.Place(number: number, start: Int64(number) * 180_000)
            if let open = breaks.indices.first(where: { breaks[$0].end == nil }) {
                guard Int.random(in: 0..<6, using: &random) == 0 else { return }
                breaks[open].end = place
                breaks[open].returnTime = place.start
                if Bool.random(using: &random) { breaks[open].returnSection = [0xFC, 0] }
            } else if Int.random(in: 0..<12, using: &random) == 0 {
                var one = AdBreak(
                    id: "\(number)", kind: .avail, family: 0, eventID: UInt32(truncatingIfNeeded: number),
                    start: place.start, plannedDuration: Bool.random(using: &random) ? 900_000 : nil,
                    returnsByItself: true, section: [0xFC, 1, 2, 3])
                one.begin = place
                breaks.append(one)
            }
        }

        func window(_ ledger: ManifestLedger?) -> EndpointWindow {
            EndpointWindow(
                endpoint: endpoint, revision: "0123456789ab", numbering: SegmentNumbering(duration: Stage.duration),
                longestSegment: Ticks(3, timescale: 1), segments: BoundSegments(segments), trackSets: trackSets,
                changedAtMilliseconds: 1_600_000_000_000, isEnded: false, nominalBitrates: ["a": 1000],
                partTarget: endpoint.lowLatency ? Ticks(1, timescale: 1) : nil, adBreaks: breaks, ledger: ledger)
        }
    }

    private static let endpoints: [EndpointProfile] = {
        var hls = EndpointProfile.fairPlay
        hls.windowSeconds = 300
        hls.includeIframeOnlyStream = true
        var clear = EndpointProfile.clearHLS
        clear.windowSeconds = 100_000
        clear.programDateTimeIntervalSeconds = 20
        clear.adMarkers = [.daterange, .cueOutIn]
        var low = EndpointProfile(id: "low", package: .hls, windowSeconds: 400, lowLatency: true)
        low.adMarkers = [.daterange]
        low.programDateTimeIntervalSeconds = 60
        var dash = EndpointProfile.dash(.number)
        dash.windowSeconds = 300
        var timeline = EndpointProfile.dash()
        timeline.windowSeconds = 100_000
        timeline.periodTriggers.insert(.ads)
        timeline.adMarkers = [.binary]
        return [hls, clear, low, dash, timeline]
    }()

    private static func texts(_ window: EndpointWindow) throws -> [String] {
        guard window.endpoint.package == .hls else { return [MPDPackager.mpd(window)] }
        var texts = [PlaylistPackager.multivariant(window)]
        for track in window.playlistTracks.map(\.track.name) {
            texts += [
                try PlaylistPackager.media(track, window), try PlaylistPackager.media(track, window, isDelta: true),
            ]
        }
        return texts + (try window.iFrameTracks.map { try PlaylistPackager.iFrames($0.track.name, window) })
    }

    @Test("A window that is followed and one that is looked at for the first time", arguments: endpoints.indices)
    func saysTheSame(index: Int) throws {
        var channel = Channel(seed: UInt64(index), Self.endpoints[index])
        let ledger = ManifestLedger(longPlaylist: 24, blockCount: 8)
        var earlier: EndpointWindow?
        var kept = 0
        for step in 0..<260 {
            try channel.add()
            // Not every revision is asked for.
            guard channel.random.next() % 8 == 0 else { continue }
            for window in [channel.window(ledger), earlier].compactMap(\.self) {
                var fresh = window
                fresh.ledger = ManifestLedger(shortestKept: .max)
                #expect(window.measured == fresh.measured)
                if window.endpoint.package == .hls, let track = window.playlistTracks.first {
                    kept += try PlaylistPackager.segments(of: track.track.name, window).older.count {
                        if case .rendered = $0 { true } else { false }
                    }
                }
                let (texts, expected) = (try Self.texts(window), try Self.texts(fresh))
                guard texts == expected else {
                    let differences = zip(texts, expected).map { difference($0, $1).prefix(8) }
                    Issue.record("step \(step): \(differences)")
                    return
                }
            }
            // Now and then somebody asks late.
            if channel.random.next() % 4 == 0 { earlier = channel.window(ledger) }
        }
        #expect(kept > 20 || Self.endpoints[index].package == .dash)
    }

    @Test("What is said of a key is what its provider says, however often that is another thing")
    func saysWhatProvidersSay() throws {
        let sayings = KeySayings()
        let encryption = try #require(EndpointProfile.fairPlay.encryption)
        let keys = try SyntheticKeys.keys(of: 7, systems: encryption.systems)
        var key = try #require(keys.entries.first?.key)
        for uri in ["skd://one", "skd://one", "skd://two", "skd://one"] {
            key.signalling[.fairPlay] = SystemSignalling(
                hlsMedia: ["#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"\(uri)\",KEYFORMAT=\"com.apple.streamingkeydelivery\""],
                keyURI: uri)
            #expect(sayings.playlistKeys(of: key, encryption).map(\.uri) == [uri])
            #expect(sayings.playlistKeys(of: key, encryption) == key.playlistKeys(encryption))
            #expect(sayings.sessionKeys(of: key, encryption) == key.sessionKeys(encryption))
            #expect(sayings.protections(of: key, encryption) == key.contentProtections(encryption))
        }
        var other = encryption
        other.systems = [.widevine]
        #expect(sayings.playlistKeys(of: key, other) == key.playlistKeys(other))
    }

    @Test("Rates are those of every set of segments that counts", arguments: UInt64(1)...6)
    func measuresRates(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var rate = SlidingRate(targetDuration: 2)
        var pieces: [SlidingRate.Piece] = []
        var number: UInt64 = 7
        for _ in 0..<120 {
            number += Int.random(in: 0..<10, using: &random) == 0 ? 3 : 1
            pieces.append(
                SlidingRate.Piece(
                    number: number, bits: Int64.random(in: 1...5_000_000, using: &random),
                    duration: Int64.random(in: 100_000...4_000_000, using: &random)))
            rate.append(pieces[pieces.count - 1])
            if Int.random(in: 0..<4, using: &random) == 0, let first = pieces.randomElement(using: &random)?.number {
                let kept = max(first, number - UInt64.random(in: 0...5, using: &random))
                pieces.removeAll { $0.number < kept }
                rate.remove(before: kept)
            }
            #expect(rate.peak == Self.peak(pieces))
            let duration = pieces.reduce(0) { $0 + $1.duration }
            #expect(
                rate.average
                    == (pieces.isEmpty ? nil : SlidingRate.rate(pieces.reduce(0) { $0 + $1.bits }, over: duration)))
        }
    }

    /// As RFC 8216 has it, of two seconds.
    private static func peak(_ pieces: [SlidingRate.Piece]) -> Int {
        var peak = 0
        for start in pieces.indices {
            for end in start..<pieces.count {
                let set = pieces[start...end]
                let duration = set.reduce(0) { $0 + $1.duration }
                guard set.last?.number == pieces[start].number + UInt64(end - start), duration <= 3_000_000 else {
                    break
                }
                if duration >= 1_000_000 {
                    peak = max(peak, SlidingRate.rate(set.reduce(0) { $0 + $1.bits }, over: duration))
                }
            }
        }
        return peak
    }
}
