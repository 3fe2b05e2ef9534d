import DASH
import HLS
import Keys
import Media
import Packager
import PublishGuard
import Settings
import TestSupport
import Testing

@testable import Timeline

/// Faults inside the packager's input, and in its output: none may be published.
@Suite struct GuardedFaultsTests {
    private let stage: Stage

    init() throws { stage = try Stage([Array(0..<24), Array(25..<50)]) }

    /// A window as it should be, spoiled in one way.
    private enum Fault: CaseIterable {
        case dropSegment, swapSegments, repeatSegment, takeBack, otherDuration, otherTime, otherTracks,
            otherDiscontinuity
        case otherDiscontinuitySequence, noKey, otherKey, otherNumbering, otherRevision, earlierChange, spuriousEnd
        case nothing, noTracks, unprotectedEndpoint, staleWindow, futureSegment
        case cutText, lostLine, repeatedLine, flippedByte
    }

    /// An endpoint's windows, one after the other, as a channel shows them.
    private struct Line {
        let stage: Stage
        let endpoint: EndpointProfile
        let whole: EndpointWindow

        init(_ stage: Stage, _ endpoint: EndpointProfile) throws {
            self.stage = stage
            self.endpoint = endpoint
            whole = try stage.window(endpoint)
        }

        func window(_ count: Int, _ change: (inout [BoundSegment], inout Shown) -> Void = { _, _ in }) -> EndpointWindow
        {
            var segments = Array(whole.segments.prefix(count))
            var shown = Shown(
                endpoint: endpoint, revision: whole.revision, numbering: whole.numbering, trackSets: whole.trackSets,
                changedAt: whole.changedAtMilliseconds + Int64(count) * 2000)
            change(&segments, &shown)
            return EndpointWindow(
                endpoint: shown.endpoint, revision: shown.revision, numbering: shown.numbering,
                longestSegment: shown.longestSegment, segments: segments,
                trackSets: shown.trackSets, changedAtMilliseconds: shown.changedAt, isEnded: shown.isEnded,
                nominalBitrates: whole.nominalBitrates)
        }

        func text(_ window: EndpointWindow) throws -> String {
            endpoint.package == .dash ? MPDPackager.mpd(window) : try PlaylistPackager.media("720p", window)
        }
    }

    /// What a window has beside its segments.
    private struct Shown {
        var endpoint: EndpointProfile
        var revision: String
        var numbering: SegmentNumbering
        var longestSegment: Ticks?
        var trackSets: [UInt64: TrackSet]
        var changedAt: Int64
        var isEnded = false
    }

    private static func changed(
        _ segment: BoundSegment, number: UInt64? = nil, generation: UInt64? = nil, isDiscontinuity: Bool? = nil,
        discontinuitySequence: UInt64? = nil, later: Int64 = 0, longer: Int64 = 0, keys: PeriodKeys?? = nil
    ) -> BoundSegment {
        let old = segment.segment
        return BoundSegment(
            segment: WindowSegment(
                number: number ?? old.number, generation: generation ?? old.generation,
                isDiscontinuity: isDiscontinuity ?? old.isDiscontinuity,
                discontinuitySequence: discontinuitySequence ?? old.discontinuitySequence,
                tracks: old.tracks.map {
                    TrackSegment(
                        decodeTime: $0.decodeTime + later, duration: $0.duration + longer, byteCount: $0.byteCount,
                        chunks: $0.chunks)
                }),
            keys: keys ?? segment.keys, run: segment.run)
    }

    private func spoiled(
        _ fault: Fault, _ line: Line, _ count: Int, _ random: inout SplitMix
    ) throws -> String {
        let at = count - 1 - Int.random(in: 1..<8, using: &random)
        let window = line.window(count) { segments, shown in
            switch fault {
            case .dropSegment: segments.remove(at: at)
            case .swapSegments: segments.swapAt(at, at - 1)
            case .repeatSegment: segments.insert(segments[at], at: at)
            case .takeBack: segments.removeLast(2)
            case .otherDuration: segments[at] = Self.changed(segments[at], longer: 45_000)
            case .otherTime: segments[at] = Self.changed(segments[at], later: 90_000 * 3)
            case .otherTracks: segments[at] = Self.changed(segments[at], generation: 7)
            case .otherDiscontinuity:
                segments[at] = Self.changed(segments[at], isDiscontinuity: !segments[at].segment.isDiscontinuity)
            case .otherDiscontinuitySequence:
                for index in segments.indices {
                    segments[index] = Self.changed(segments[index], discontinuitySequence: 0)
                }
            case .noKey: segments[at] = Self.changed(segments[at], keys: .some(nil))
            case .otherKey: segments[at] = Self.changed(segments[at], keys: .some(segments[max(at - 7, 0)].keys))
            case .otherNumbering: shown.numbering = SegmentNumbering(duration: Stage.duration, offset: 3)
            case .otherRevision: shown.revision = "ba9876543210"
            case .earlierChange: shown.changedAt -= 100_000
            case .spuriousEnd: shown.isEnded = true
            case .nothing: segments = []
            case .noTracks: shown.trackSets = [:]
            case .unprotectedEndpoint: shown.endpoint.encryption = nil
            case .staleWindow: segments.removeLast(5)
            case .futureSegment:
                segments.append(Self.changed(segments[count - 1], number: segments[count - 1].number + 2))
            case .cutText, .lostLine, .repeatedLine, .flippedByte: break
            }
        }
        let text = try line.text(window)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        switch fault {
        case .cutText: return String(text.prefix(Int.random(in: 0..<text.count, using: &random)))
        case .lostLine: lines.remove(at: Int.random(in: 0..<lines.count, using: &random))
        case .repeatedLine:
            let place = Int.random(in: 0..<lines.count, using: &random)
            lines.insert(lines[place], at: place)
        case .flippedByte:
            var bytes = Array(text.utf8)
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<7, using: &random)
            return String(decoding: bytes, as: UTF8.self)
        default: return text
        }
        return lines.joined(separator: "\n")
    }

    /// What a viewer who saw every revision holds against the next: written for the test, from the text.
    private struct Viewer {
        private var firstNumber: UInt64 = 0
        private var lastNumber: UInt64 = 0
        private var facts: [String: String] = [:]
        private var published: Int64 = 0

        mutating func see(_ text: String, isProtected: Bool, newest: UInt64) throws {
            if text.hasPrefix("#EXTM3U") {
                try seePlaylist(text, isProtected, newest)
            } else {
                try seeMPD(text, isProtected, newest)
            }
        }

        private mutating func note(_ name: String, _ fact: String) {
            #expect(facts[name, default: fact] == fact, "\(name)")
            facts[name] = fact
        }

        private mutating func seePlaylist(_ text: String, _ isProtected: Bool, _ newest: UInt64) throws {
            var (key, map, number, discontinuity) = ("", "", UInt64(0), UInt64(0))
            var (duration, isGap) = ("", false)
            var first: UInt64?
            for line in text.split(separator: "\n") {
                let value = String(line.drop { $0 != ":" }.dropFirst())
                switch line.prefix(while: { $0 != ":" }) {
                case "#EXT-X-TARGETDURATION": note("target", value)
                case "#EXT-X-MEDIA-SEQUENCE": number = try #require(UInt64(value))
                case "#EXT-X-DISCONTINUITY-SEQUENCE": discontinuity = try #require(UInt64(value))
                case "#EXT-X-DISCONTINUITY": discontinuity += 1
                case "#EXT-X-KEY": key = value
                case "#EXT-X-MAP": map = value
                case "#EXT-X-GAP": isGap = true
                case "#EXTINF": duration = value
                case let name where !name.hasPrefix("#"):
                    first = first ?? number
                    note("\(number)", "\(line) \(duration) \(isGap) \(discontinuity) \(key) \(map)")
                    #expect(line.contains("/\(number)."))
                    #expect(number <= newest)
                    if isProtected, !isGap { #expect(!key.isEmpty && !key.contains("METHOD=NONE")) }
                    number += 1
                    isGap = false
                default: break
                }
            }
            #expect(try #require(first) >= firstNumber)
            #expect(number >= lastNumber)
            (firstNumber, lastNumber) = (first ?? 0, number)
        }

        private mutating func seeMPD(_ text: String, _ isProtected: Bool, _ newest: UInt64) throws {
            let mpd = try MPD(parsing: Array(text.utf8))
            note("availability", "\(String(describing: mpd.availabilityStartTime?.milliseconds))")
            let time = try #require(mpd.publishTime?.milliseconds)
            #expect(time >= published)
            published = time
            var last: UInt64 = 0
            for period in mpd.periods {
                note("period \(period.id)", "\(String(describing: period.start?.milliseconds))")
                for set in period.adaptationSets {
                    if isProtected { #expect(set.contentProtections.contains { $0.defaultKeyID != nil }) }
                    for representation in set.representations {
                        let name = "\(representation.id) of \(period.id)"
                        let template = try #require(representation.segmentTemplate ?? set.segmentTemplate)
                        note("template of \(name)", "\(template.media) \(template.initialization ?? "")")
                        note("key of \(name)", "\(set.contentProtections.compactMap(\.defaultKeyID?.hex))")
                        guard case .timeline(let timeline) = template.addressing else {
                            note("start of \(name)", "\(template.startNumber) \(template.presentationTimeOffset)")
                            continue
                        }
                        for (index, segment) in timeline.segments(limit: 1000).enumerated() {
                            let number = template.startNumber + UInt64(index)
                            note("\(number) of \(name)", "\(segment.start) \(segment.duration)")
                            #expect(number <= newest)
                            last = max(last, number)
                        }
                    }
                }
            }
            #expect(last >= lastNumber)
            lastNumber = last
        }
    }

    private static let endpoints: [EndpointProfile] = [
        .clearHLS, .transportStream(), .fairPlay, .dash(.timeline), .dash(.number),
    ]

    /// 5 endpoints, 6 runs each, and in every run a fault between any two true revisions: more than 1,000.
    @Test(arguments: 0..<5) func noIllegalRevisionIsServed(_ index: Int) throws {
        let endpoint = Self.endpoints[index]
        let line = try Line(stage, endpoint)
        var (faults, withheld) = (0, 0)
        for run in 0..<6 {
            var random = SplitMix(seed: UInt64(run * 100 + index))
            let guardian = RevisionGuard()
            var viewer = Viewer()
            var served: String?
            var version: UInt64 = 0
            for count in 12...whole(line) {
                let newest = line.whole.segments[count - 1].number
                let expectations = ManifestExpectations(
                    protectedFrom: endpoint.encryption == nil ? nil : 0, isReadable: { $0 <= newest })
                func publish(_ text: String) -> RevisionGuard.Verdict {
                    version += 1
                    let verdict = guardian.judge(text, of: "manifest", version: version, expectations)
                    if verdict == .publish { served = text }
                    return verdict
                }
                if served != nil {
                    let fault = try #require(Fault.allCases.randomElement(using: &random))
                    faults += 1
                    if publish(try spoiled(fault, line, count - 1, &random)) != .publish { withheld += 1 }
                    if let served { try viewer.see(served, isProtected: endpoint.encryption != nil, newest: newest) }
                }
                // However it was before, what is right goes out.
                #expect(publish(try line.text(line.window(count))) == .publish, "\(run) \(count)")
                if let served { try viewer.see(served, isProtected: endpoint.encryption != nil, newest: newest) }
            }
        }
        #expect(faults >= 200)
        // The rest changes nothing that a manifest says.
        #expect(withheld * 3 > faults, "\(withheld) of \(faults)")
    }

    private func whole(_ line: Line) -> Int { line.whole.segments.count }

    @Test func whatComesLateIsNoFault() throws {
        let line = try Line(stage, .clearHLS)
        let guardian = RevisionGuard()
        let expectations = ManifestExpectations(protectedFrom: nil, isReadable: { _ in true })
        let old = try line.text(line.window(20))
        #expect(guardian.judge(try line.text(line.window(21)), of: "a", version: 2, expectations) == .publish)
        #expect(
            guardian.judge(old, of: "a", version: 1, expectations)
                == .stay(text: try line.text(line.window(21)), nil))
        #expect(guardian.judge(old, of: "b", version: 1, expectations) == .publish)
        guard case .refuse = guardian.judge("#EXTM3U\n", of: "c", version: 1, expectations) else {
            Issue.record("nothing is not a playlist")
            return
        }
    }

    @Test func whatCannotBeReadIsNotListed() throws {
        for endpoint in [EndpointProfile.clearHLS, .dash()] {
            let line = try Line(stage, endpoint)
            let guardian = RevisionGuard()
            let newest = line.whole.segments[20].number
            let expectations = ManifestExpectations(protectedFrom: nil, isReadable: { $0 != newest })
            #expect(guardian.judge(try line.text(line.window(20)), of: "a", version: 1, expectations) == .publish)
            let verdict = guardian.judge(try line.text(line.window(21)), of: "a", version: 2, expectations)
            guard case .stay(_, let violation?) = verdict else {
                Issue.record("it was \(verdict)")
                continue
            }
            #expect(violation.description.contains("\(newest) cannot be read"))
        }
    }

    /// Copied segments are cut where the encoder has its key frames: longer and shorter than the nominal.
    @Test func unevenGOPsChangeNoTargetDuration() throws {
        for endpoint in [EndpointProfile.clearHLS, .dash()] {
            let line = try Line(stage, endpoint)
            let guardian = RevisionGuard()
            let expectations = ManifestExpectations(
                protectedFrom: endpoint.encryption == nil ? nil : 0, isReadable: { _ in true })
            for count in 12...24 {
                let window = line.window(count) { segments, shown in
                    shown.longestSegment = Ticks(4, timescale: 1)
                    for index in segments.indices.dropFirst(15) {
                        let isLate = index % 2 == 0
                        segments[index] = Self.changed(
                            segments[index], later: isLate ? 90_000 : 0, longer: isLate ? -90_000 : 90_000)
                    }
                }
                let text = try line.text(window)
                #expect(
                    guardian.judge(text, of: "a", version: UInt64(count), expectations) == .publish, "\(count) \(text)")
                #expect(text.contains("#EXT-X-TARGETDURATION:4\n") || text.contains("maxSegmentDuration=\"PT4S\""))
            }
        }
    }

    /// A channel that ended and is on air again.
    @Test func anEndMayBeFollowedByMore() throws {
        for endpoint in [EndpointProfile.clearHLS, .dash()] {
            let line = try Line(stage, endpoint)
            let guardian = RevisionGuard()
            let expectations = ManifestExpectations(protectedFrom: nil, isReadable: { _ in true })
            let windows = [
                line.window(20), line.window(20) { _, shown in shown.isEnded = true }, line.window(20), line.window(22),
            ]
            for (index, window) in windows.enumerated() {
                let verdict = guardian.judge(try line.text(window), of: "a", version: UInt64(index), expectations)
                #expect(verdict == .publish, "\(index)")
            }
        }
    }

    /// What was published first was wrong: what keeps coming takes its place, and the picture goes on.
    @Test func whatKeepsComingIsPublishedInTheEnd() throws {
        let line = try Line(stage, .clearHLS)
        let guardian = RevisionGuard()
        let expectations = ManifestExpectations(protectedFrom: nil, isReadable: { _ in true })
        let wrong = line.window(20) { segments, _ in segments[18] = Self.changed(segments[18], longer: 4500) }
        var verdicts: [RevisionGuard.Verdict] = []
        for (version, window) in ([wrong] + (20..<28).map { line.window($0) }).enumerated() {
            verdicts.append(
                guardian.judge(try line.text(window), of: "a", version: UInt64(version), expectations))
        }
        for verdict in verdicts[1...5] {
            guard case .stay = verdict else {
                Issue.record("\(verdict)")
                continue
            }
        }
        guard case .adopt = verdicts[6] else {
            Issue.record("\(verdicts[6])")
            return
        }
        #expect(verdicts[7...].allSatisfy { $0 == .publish })
        #expect(guardian.counters.withheld == 5)
        #expect(guardian.counters.adopted == 1)
    }
}
