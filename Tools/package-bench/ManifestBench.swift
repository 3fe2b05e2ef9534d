import Foundation
import Keys
import Media
import Packager
import PublishGuard
import Settings
import TestSupport
import Timeline

/// Times the making and the judging of manifests over windows of several lengths, and of a minute's manifest beside all
/// that is stored: 6 s segments, three pictures and sound, in the clear and under keys of an hour. One thread; medians.
enum ManifestBench {
    private static let segmentSeconds: Int64 = 6
    private static let windows: [Lengths] = [
        Lengths("1 min", listed: 60, stored: 60), Lengths("1 min of 14 d", listed: 60, stored: 1_209_600),
        Lengths("1 h", listed: 3600, stored: 3600), Lengths("24 h", listed: 86_400, stored: 86_400),
        Lengths("14 d", listed: 1_209_600, stored: 1_209_600),
    ]

    private struct Lengths {
        let name: String
        /// In seconds, as the one below.
        let listed: UInt32
        let stored: UInt32

        init(_ name: String, listed: UInt32, stored: UInt32) {
            self.name = name
            self.listed = listed
            self.stored = stored
        }
    }

    /// - Parameters:
    ///   - name: of the only window that is measured; nil: all.
    ///   - only: the name of the only manifest; nil: all.
    static func main(rounds: Int, window name: String?, only: String?) throws {
        print("manifest                  window         first us    next us   judge us       bytes")
        let windows = windows.filter { name == nil || $0.name == name }
        let longest = windows.map(\.stored).max() ?? 0
        let (segments, set) = try made(Int(longest) / Int(segmentSeconds) + rounds)
        for manifest in manifests where only == nil || manifest.name == only {
            let bound = try bound(segments, manifest.endpoint)
            for window in windows { try measure(manifest, window, bound, set, rounds) }
        }
    }

    /// Makes and judges one revision after the other, each with a segment more at the end and one less at the front.
    private static func measure(
        _ manifest: Manifest, _ length: Lengths, _ segments: [BoundSegment], _ set: TrackSet, _ rounds: Int
    ) throws {
        var endpoint = manifest.endpoint
        endpoint.windowSeconds = length.listed
        let ledger = ManifestLedger()
        let count = Int(length.stored) / Int(segmentSeconds)
        let rounds = length.stored > 100_000 ? max(rounds / 10, 5) : rounds
        var (makes, judges): ([Double], [Double]) = ([], [])
        var text = ""
        let readable = ManifestExpectations(protectedFrom: nil, isReadable: { _ in true })
        let judge = RevisionGuard()
        for round in 0...rounds {
            let end = segments.count - rounds + round
            let window = window(endpoint, segments[(end - count)..<end], set, ledger)
            makes.append(try microseconds { text = try manifest.make(window) })
            guard manifest.isJudged else { continue }
            judges.append(microseconds { _ = judge.judge(text, of: "x", version: UInt64(round), readable) })
        }
        let judged = manifest.isJudged ? String(format: "%10.1f", median(Array(judges.dropFirst()))) : "          "
        print(
            pad(manifest.name, 26) + pad(length.name, 14)
                + String(format: "%10.1f %10.1f ", makes[0], median(Array(makes.dropFirst()))) + judged
                + String(format: " %11d", text.utf8.count))
    }

    private struct Manifest {
        let name: String
        let endpoint: EndpointProfile
        /// A delta update is judged as the whole that it is of.
        var isJudged = true
        var make: (EndpointWindow) throws -> String = { MPDPackager.mpd($0) }
    }

    private static var manifests: [Manifest] {
        let hls = EndpointProfile(id: "m", package: .hls)
        var low = hls
        low.lowLatency = true
        return [
            Manifest(name: "DASH, timeline", endpoint: EndpointProfile(id: "m", package: .dash)),
            Manifest(
                name: "DASH, numbers", endpoint: EndpointProfile(id: "m", package: .dash, segmentTemplate: .number)),
            Manifest(name: "DASH, timeline, cenc 1 h", endpoint: dash(.timeline)),
            Manifest(name: "DASH, numbers, cenc 1 h", endpoint: dash(.number)),
            Manifest(name: "HLS multivariant", endpoint: hls, isJudged: false) { PlaylistPackager.multivariant($0) },
            Manifest(name: "HLS media playlist", endpoint: hls) { try PlaylistPackager.media("a", $0) },
            Manifest(name: "HLS media playlist, cbcs", endpoint: cbcs) { try PlaylistPackager.media("a", $0) },
            Manifest(name: "HLS with parts", endpoint: low) { try PlaylistPackager.media("a", $0) },
            Manifest(name: "HLS delta update", endpoint: low, isJudged: false) {
                try PlaylistPackager.media("a", $0, isDelta: true)
            },
        ]
    }

    private static var cbcs: EndpointProfile {
        EndpointProfile(
            id: "m", package: .hls,
            encryption: EndpointEncryption(
                method: .commonEncryption(.cbcs), keyRotationIntervalSeconds: 3600, speke: "-", systems: [.widevine]))
    }

    private static func dash(_ template: EndpointProfile.SegmentTemplate) -> EndpointProfile {
        EndpointProfile(
            id: "m", package: .dash, segmentTemplate: template,
            encryption: EndpointEncryption(
                method: .commonEncryption(.cenc), keyRotationIntervalSeconds: 3600, speke: "-", systems: []))
    }

    /// All segments with their runs, which go on from one revision to the next.
    private static func bound(_ segments: [WindowSegment], _ endpoint: EndpointProfile) throws -> [BoundSegment] {
        let isProtected = endpoint.encryption != nil
        var run: SegmentRun?
        let keys = isProtected ? try PackageBench.syntheticKeys() : nil
        return segments.map { segment in
            let period = isProtected ? KeyPeriod(segment.number * UInt64(segmentSeconds) / 3600) : 0
            if run?.keyPeriod != period {
                run = SegmentRun(
                    firstNumber: segment.number, generation: 1, keyPeriod: period,
                    start: Ticks(segment.tracks[0].decodeTime, timescale: 90000), continuing: run)
            }
            return BoundSegment(
                segment: segment, keys: keys,
                run: run ?? SegmentRun(firstNumber: 0, generation: 1, keyPeriod: 0, start: Ticks(0, timescale: 1)))
        }
    }

    private static func window(
        _ endpoint: EndpointProfile, _ segments: ArraySlice<BoundSegment>, _ set: TrackSet, _ ledger: ManifestLedger
    ) -> EndpointWindow {
        EndpointWindow(
            endpoint: endpoint, revision: "0123456789ab",
            numbering: SegmentNumbering(duration: Ticks(segmentSeconds, timescale: 1)),
            segments: BoundSegments(segments),
            trackSets: [1: set], changedAtMilliseconds: 1_600_000_000_000, isEnded: false,
            nominalBitrates: ["a": 3_000_000, "b": 1_500_000, "c": 800_000, "stereo": 128_000],
            partTarget: endpoint.lowLatency ? Ticks(1, timescale: 3) : nil, ledger: ledger)
    }

    /// Segments as a timeline lists them; no media is made.
    private static func made(_ count: Int) throws -> ([WindowSegment], TrackSet) {
        let tracks = try [SyntheticTrack.video("a"), .video("b"), .video("c"), .audio("stereo")]
        let set = TrackSet(
            generation: 1,
            tracks: tracks.enumerated().map { StoredTrack(track: $1.track, index: UInt8($0), header: $1.header) })
        let duration = Ticks(segmentSeconds, timescale: 1)
        let first: UInt64 = 266_000_000
        // One array for all segments: two weeks of them would not fit.
        let partsOfTracks = tracks.map { parts(of: duration, $0) }
        var segments: [WindowSegment] = []
        for number in first..<first + UInt64(count) {
            let shares = zip(tracks, partsOfTracks).map { track, parts in
                let start = track.start(of: number, duration)
                return TrackSegment(
                    decodeTime: start, duration: track.start(of: number + 1, duration) - start, byteCount: 500_000,
                    chunks: parts)
            }
            segments.append(
                WindowSegment(
                    number: number, generation: 1, isDiscontinuity: false, discontinuitySequence: 0, tracks: shares))
        }
        return (segments, set)
    }

    /// Three a second.
    private static func parts(of duration: Ticks, _ track: SyntheticTrack) -> [ChunkPlace] {
        (0..<Int(duration.value) * 3).map { index in
            ChunkPlace(
                offset: index * 27_000, byteCount: 27_000, duration: Int64(track.track.timescale) / 3,
                isIndependent: index % 6 == 0)
        }
    }

    private static func microseconds(_ body: () throws -> Void) rethrows -> Double {
        let elapsed = try ContinuousClock().measure(body)
        return Double(elapsed.components.attoseconds) / 1e12 + Double(elapsed.components.seconds) * 1e6
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
