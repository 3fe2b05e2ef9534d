import CommonEncryption
import Keys
import Media
import MediaMemory
import Settings
import TestSupport
import Testing

@testable import Packager
@testable import Timeline

@Suite("Announced rates bound what is served")
struct MeasuredBandwidthTests {
    private static let duration = Ticks(2, timescale: 1)

    /// An endpoint's window of `numbers`, the first of them without its first `skipping` frames, and its clear media.
    /// - Parameter isIntra: sync samples only, with a slice header whose further fields are all 0.
    private static func window(
        _ endpoint: EndpointProfile, of synthetic: SyntheticTrack, numbers: ClosedRange<UInt64>, skipping: Int = 0,
        isIntra: Bool = false, nominal: [String: UInt32] = [:]
    ) throws -> (window: EndpointWindow, media: [UInt64: [UInt8]], stored: StoredTrack) {
        let stored = try StoredTrack(
            name: synthetic.track.name, reorderDelay: synthetic.track.reorderDelay,
            frameRate: synthetic.track.frameRate, index: 3, header: synthetic.header)
        var media: [UInt64: [UInt8]] = [:]
        var segments: [BoundSegment] = []
        let keys = endpoint.encryption == nil ? nil : try SyntheticKeys.keys(of: 7)
        for number in numbers {
            let samples = synthetic.samples(of: number, duration, skipping: number == numbers.lowerBound ? skipping : 0)
                .map { isIntra ? intra($0) : $0 }
            let chunks = synthetic.chunks(of: samples)
            media[number] = chunks.flatMap { $0 }
            let first = try #require(samples.first)
            let share = TrackSegment(
                decodeTime: first.decodeTime, duration: samples.reduce(0) { $0 + Int64($1.duration) },
                byteCount: chunks.reduce(0) { $0 + $1.count },
                chunks: chunks.map { ChunkPlace(offset: 0, byteCount: $0.count, duration: 0, isIndependent: false) })
            segments.append(
                BoundSegment(
                    segment: WindowSegment(
                        number: number, generation: 1, isDiscontinuity: false, discontinuitySequence: 0, tracks: [share]
                    ),
                    keys: keys,
                    run: SegmentRun(firstNumber: numbers.lowerBound, generation: 1, keyPeriod: 7, start: duration)))
        }
        let window = EndpointWindow(
            endpoint: endpoint, revision: "a", numbering: SegmentNumbering(duration: duration),
            segments: BoundSegments(segments),
            trackSets: [1: TrackSet(generation: 1, tracks: [stored])], changedAtMilliseconds: 0, isEnded: false,
            nominalBitrates: nominal)
        return (window, media, stored)
    }

    private static func intra(_ sample: Sample) -> Sample {
        var picture = sample
        picture.isSync = true
        picture.compositionOffset = 0
        picture.data = [0, 0, 0, 84, 0x65, 0x88, 0x84, 0x20] + Array(repeating: 0xFF, count: 80)
        return picture
    }

    private static func served(
        _ clear: [UInt8], _ number: UInt64, _ stored: StoredTrack, _ window: EndpointWindow
    ) throws -> [UInt8] {
        let keys = window.segments.first?.keys
        return window.endpoint.container == .ts
            ? try SegmentPackager.transportStream(
                [(clear, stored)], number: number, endpoint: window.endpoint, keys: keys
            ).array
            : try SegmentPackager.cmaf(clear, number: number, track: stored, endpoint: window.endpoint, keys: keys)
                .array
    }

    private static func endpoint(
        _ container: EndpointProfile.Container, _ method: EndpointEncryption.Method?
    ) -> EndpointProfile {
        EndpointProfile(
            id: "e", package: .hls, container: container,
            encryption: method.map {
                EndpointEncryption(method: $0, keyRotationIntervalSeconds: 10, speke: "main", systems: [])
            })
    }

    @Test(
        "No protected or remuxed segment is above the peak",
        arguments: [
            endpoint(.cmaf, nil), endpoint(.cmaf, .commonEncryption(.cenc)), endpoint(.cmaf, .commonEncryption(.cbcs)),
            endpoint(.cmaf, .aes128), endpoint(.ts, nil), endpoint(.ts, .aes128),
        ])
    func boundsServedSegments(endpoint: EndpointProfile) throws {
        for synthetic in [try SyntheticTrack.video(), try SyntheticTrack.audio()] {
            let (window, media, stored) = try Self.window(
                endpoint, of: synthetic, numbers: 100...106, isIntra: synthetic.track.kind == .video)
            let measured = MeasuredBandwidth(of: synthetic.track.name, in: window)
            var bits = 0
            var seconds = 0.0
            for segment in window.segments {
                let clear = try #require(media[segment.number])
                let size = try Self.served(clear, segment.number, stored, window).count * 8
                let length = Double(segment.segment.tracks[0].duration) / Double(stored.track.timescale)
                #expect(Double(measured.peak) >= Double(size) / length, "\(segment.number) of \(synthetic.track.name)")
                bits += size
                seconds += length
            }
            #expect(Double(measured.average) >= Double(bits) / seconds)
            #expect(measured.average <= measured.peak)
        }
    }

    @Test("A short segment counts with its neighbour, by itself only from half a target duration on")
    func countsContiguousSets() throws {
        // 10 of 60 frames: with the sync sample the densest, and too short to count by itself.
        let synthetic = try SyntheticTrack.video()
        let (window, _, _) = try Self.window(
            Self.endpoint(.cmaf, nil), of: synthetic, numbers: 100...101, skipping: 50)
        let sizes = window.segments.map { $0.segment.tracks[0].byteCount * 8 }
        let durations = window.segments.map { Int($0.segment.tracks[0].duration) }
        let together = (sizes[0] + sizes[1]) * 90000
        let measured = MeasuredBandwidth(of: synthetic.track.name, in: window)
        let duration = durations[0] + durations[1]
        #expect(sizes[0] * 90000 / durations[0] > together / duration)
        // Rounded up, as what is announced is a bound; durations count in microseconds, rounded down.
        let exact = (together + duration - 1) / duration
        #expect((exact...exact + 1).contains(measured.peak))
    }

    @Test("What the profile promises is the least that is announced, and all before the first segment")
    func announcesNominal() throws {
        let synthetic = try SyntheticTrack.audio()
        let endpoint = Self.endpoint(.cmaf, nil)
        let (window, _, _) = try Self.window(
            endpoint, of: synthetic, numbers: 100...101, nominal: ["stereo": 9_000_000])
        #expect(MeasuredBandwidth(of: "stereo", in: window).peak == 9_000_000)
        let empty = EndpointWindow(
            endpoint: endpoint, revision: "a", numbering: SegmentNumbering(duration: Self.duration),
            segments: BoundSegments([]),
            trackSets: [:],
            changedAtMilliseconds: 0, isEnded: false, nominalBitrates: ["stereo": 96_000])
        #expect(MeasuredBandwidth(of: "stereo", in: empty).peak == 96_000)
        #expect(MeasuredBandwidth(of: "stereo", in: empty).average == 96_000)
    }
}
