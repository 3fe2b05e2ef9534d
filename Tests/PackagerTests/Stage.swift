import Keys
import Media
import Packager
import Settings
import TestSupport
import Timeline

/// A channel's window in memory, and what an endpoint makes of it. Segments of 2 s; keys change every 10 s.
struct Stage {
    static let duration = Ticks(2, timescale: 1)
    /// 2020-09-13T12:26:40Z, where a key period begins.
    static let number: UInt64 = 800_000_000
    static let rotationSeconds: UInt64 = 10

    let timeline: ChannelTimeline
    let tracks: [SyntheticTrack]

    /// - Parameter publications: the numbers of the segments that each of them made.
    init(_ publications: [[UInt64]], tracks: [SyntheticTrack]? = nil) throws {
        self.tracks = try tracks ?? [.video("720p"), .video("360p"), .audio("stereo")]
        timeline = try ChannelTimeline(
            directory: nil, limits: .init(segmentDuration: Self.duration, windowSeconds: 3600),
            budget: StorageBudget(maximumBytes: 1 << 30), onEvent: { _ in })
        for numbers in publications {
            let feed = try TimelineFeed(timeline, self.tracks)
            for number in numbers { try feed.add(Self.number + number) }
            feed.end()
        }
    }

    static func period(of number: UInt64) -> KeyPeriod { KeyPeriod(number * 2 / rotationSeconds) }

    static func encryption(_ method: EndpointEncryption.Method, _ systems: [DRMSystemID]) -> EndpointEncryption {
        EndpointEncryption(method: method, keyRotationIntervalSeconds: 10, speke: "main", systems: systems)
    }

    /// - Parameter announced: the first segment of keys that are said ahead.
    func window(
        _ endpoint: EndpointProfile, isEnded: Bool = false, announced: UInt64? = nil, edition: UInt32 = 0
    ) throws -> EndpointWindow {
        let snapshot = timeline.snapshot
        var segments: [BoundSegment] = []
        for segment in snapshot.segments {
            let period = endpoint.encryption == nil ? 0 : Self.period(of: segment.number)
            var run = segments.last?.run
            if run?.generation != segment.generation || run?.keyPeriod != period
                || segments.last?.number != segment.number - 1
            {
                let continues = run?.generation == segment.generation && segments.last?.number == segment.number - 1
                run = SegmentRun(
                    firstNumber: segment.number, generation: segment.generation, keyPeriod: period,
                    start: Ticks(segment.tracks[0].decodeTime, timescale: 90000), continuing: continues ? run : nil)
            }
            guard let run else { continue }
            let keys = try endpoint.encryption.map { try SyntheticKeys.keys(of: period, systems: $0.systems) }
            segments.append(BoundSegment(segment: segment, keys: keys, run: run))
        }
        return EndpointWindow(
            endpoint: endpoint, revision: "0123456789ab", numbering: snapshot.numbering,
            segments: BoundSegments(segments),
            trackSets: snapshot.trackSets, changedAtMilliseconds: 1_600_000_012_345, isEnded: isEnded,
            next: try announced.map { number in
                NextKeys(
                    keys: try SyntheticKeys.keys(
                        of: KeyPeriod(Self.period(of: number).index, edition: edition),
                        systems: endpoint.encryption?.systems ?? []),
                    firstNumber: number, announcedAtMilliseconds: 1_600_000_013_000)
            },
            eventStart: snapshot.eventStart,
            bitrates: ["720p": 3_000_000, "360p": 800_000, "stereo": 128_000],
            nominalBitrates: ["720p": 3_000_000, "360p": 800_000, "stereo": 128_000], adBreaks: snapshot.adBreaks)
    }

    /// The clear bytes of a track's segment, and the track.
    func clear(_ number: UInt64, _ name: String) throws -> (clear: [UInt8], track: StoredTrack) {
        let snapshot = timeline.snapshot
        guard let segment = snapshot.segment(number), let set = snapshot.trackSet(of: segment),
            let index = set.index(of: name), let bytes = timeline.bytes(segment: number, track: name)
        else { throw Missing() }
        return (bytes, set.tracks[index])
    }

    struct Missing: Error {}
}

extension EndpointProfile {
    static func transportStream(group: Bool = false) -> EndpointProfile {
        EndpointProfile(
            id: "hls-ts", package: .hls, container: .ts, windowSeconds: 20, useAudioRenditionGroup: group,
            encryption: Stage.encryption(.aes128, [.aes128]))
    }

    static let fairPlay = EndpointProfile(
        id: "hls", package: .hls, windowSeconds: 20,
        encryption: Stage.encryption(.commonEncryption(.cbcs), [.fairPlay]))

    static let clearHLS = EndpointProfile(id: "clear", package: .hls, windowSeconds: 20)

    static func dash(_ template: SegmentTemplate = .timeline) -> EndpointProfile {
        EndpointProfile(
            id: "dash", package: .dash, windowSeconds: 20, segmentTemplate: template,
            encryption: Stage.encryption(.commonEncryption(.cenc), [.widevine]))
    }
}

/// Lines of a text that differ from what was expected, for short reports.
func difference(_ text: String, _ expected: String) -> [String] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let others = expected.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    return lines.difference(from: others).map { change in
        switch change {
        case .insert(let offset, let line, _): "+\(offset + 1): \(line)"
        case .remove(let offset, let line, _): "-\(offset + 1): \(line)"
        }
    }
}
