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
        case noParts, otherParts, longPart, shortPart, lostPart, otherPartTarget, otherHint
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

        /// Revisions for each segment: without parts of the next one, with one, and with both.
        var stepsPerSegment: Int { endpoint.hasParts ? 3 : 1 }
        var steps: Int { (whole.segments.count - 1) * stepsPerSegment }

        /// The newest segment that is whole.
        func newest(_ step: Int) -> UInt64 { whole.segments[step / stepsPerSegment - 1].number }

        func window(_ step: Int, _ change: (inout [BoundSegment], inout Shown) -> Void = { _, _ in }) -> EndpointWindow
        {
            let count = step / stepsPerSegment
            var segments = Array(whole.segments.prefix(count))
            var shown = Shown(
                endpoint: endpoint, revision: whole.revision, numbering: whole.numbering, trackSets: whole.trackSets,
                changedAt: whole.changedAtMilliseconds + Int64(count) * 2000,
                partTarget: endpoint.hasParts ? Ticks(1, timescale: 1) : nil,
                underWay: step % stepsPerSegment > 0
                    ? Self.underWay(whole.segments[count], parts: step % stepsPerSegment) : nil)
            change(&segments, &shown)
            return EndpointWindow(
                endpoint: shown.endpoint, revision: shown.revision, numbering: shown.numbering,
                longestSegment: shown.longestSegment, segments: BoundSegments(segments),
                trackSets: shown.trackSets, changedAtMilliseconds: shown.changedAt, isEnded: shown.isEnded,
                nominalBitrates: whole.nominalBitrates, partTarget: shown.partTarget, underWay: shown.underWay)
        }

        private static func underWay(_ segment: BoundSegment, parts: Int) -> BoundUnderWay {
            let old = segment.segment
            let tracks = old.tracks.map { share in
                let chunks = Array(share.chunks.prefix(parts))
                return TrackSegment(
                    decodeTime: share.decodeTime, duration: chunks.reduce(0) { $0 + $1.duration },
                    byteCount: chunks.reduce(0) { $0 + $1.byteCount }, chunks: chunks)
            }
            return BoundUnderWay(
                bound: BoundSegment(
                    segment: WindowSegment(
                        number: old.number, generation: old.generation, isDiscontinuity: old.isDiscontinuity,
                        discontinuitySequence: old.discontinuitySequence, tracks: tracks),
                    keys: segment.keys, run: segment.run),
                parts: tracks.map { $0.chunks.map { _ in ClearMedia(joining: []) } },
                isEnded: tracks.map { $0.chunks.count == 2 })
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
        var partTarget: Ticks?
        var underWay: BoundUnderWay?
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
        _ fault: Fault, _ line: Line, _ step: Int, _ random: inout SplitMix
    ) throws -> String {
        let count = step / line.stepsPerSegment
        let at = count - 1 - Int.random(in: 1..<8, using: &random)
        let window = line.window(step) { segments, shown in
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
            case .noParts: shown.underWay = nil
            case .otherPartTarget: shown.partTarget = shown.partTarget.map { Ticks($0.value * 11, timescale: 10) }
            case .cutText, .lostLine, .repeatedLine, .flippedByte: break
            case .otherParts, .longPart, .shortPart, .lostPart, .otherHint: break
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
        case .otherParts, .longPart, .shortPart, .lostPart:
            let parts = lines.indices.filter { lines[$0].hasPrefix("#EXT-X-PART:") }
            // Not one that has just come.
            guard let place = parts.dropLast(2).randomElement(using: &random) else { break }
            switch fault {
            case .otherParts: lines[place] = Substring(lines[place].replacing(".m4s", with: ".mp4"))
            case .longPart:
                lines[place] = Substring(lines[place].replacing("DURATION=1.000000", with: "DURATION=1.200000"))
            case .shortPart:
                lines[place] = Substring(lines[place].replacing("DURATION=1.000000", with: "DURATION=0.500000"))
            default: lines.remove(at: place)
            }
        case .otherHint:
            if let place = lines.firstIndex(where: { $0.hasPrefix("#EXT-X-PRELOAD-HINT:") }) {
                lines[place] = Substring(lines[place].replacing(".m4s", with: "7.m4s"))
            }
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
        /// Parts of the segment that was under way.
        private var underWay: [Substring] = []

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
            var (parts, lastParts): ([Substring], [Substring]) = ([], [])
            var first: UInt64?
            for line in text.split(separator: "\n") {
                let value = String(line.drop { $0 != ":" }.dropFirst())
                switch line.prefix(while: { $0 != ":" }) {
                case "#EXT-X-TARGETDURATION": note("target", value)
                case "#EXT-X-PART-INF": note("part target", value)
                case "#EXT-X-PART":
                    let name = value.split(separator: "\"").first { $0.contains("/") }.map(String.init) ?? ""
                    note("part \(name)", value)
                    parts.append(line)
                case "#EXT-X-PRELOAD-HINT": #expect(!parts.contains { $0.contains(value.drop { $0 != "\"" }) })
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
                    lastParts = []
                default: break
                }
            }
            #expect(underWay.allSatisfy { parts.contains($0) }, "what was listed of a segment stays")
            underWay = lastParts
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
        EndpointProfile(id: "ll", package: .hls, windowSeconds: 20, lowLatency: true),
        EndpointProfile(
            id: "ll", package: .hls, windowSeconds: 20, lowLatency: true,
            encryption: Stage.encryption(.commonEncryption(.cbcs), [.fairPlay])),
    ]

    /// 7 endpoints, 6 runs each, and in every run a fault between any two true revisions: more than 1,000.
    @Test(arguments: 0..<7) func noIllegalRevisionIsServed(_ index: Int) throws {
        let endpoint = Self.endpoints[index]
        let line = try Line(stage, endpoint)
        var (faults, withheld) = (0, 0)
        for run in 0..<6 {
            var random = SplitMix(seed: UInt64(run * 100 + index))
            let guardian = RevisionGuard()
            var viewer = Viewer()
            var served: String?
            var version: UInt64 = 0
            for count in 12 * line.stepsPerSegment...line.steps {
                let newest = line.newest(count)
                func publish(_ text: String, newest: UInt64) -> RevisionGuard.Verdict {
                    version += 1
                    let expectations = ManifestExpectations(
                        protectedFrom: endpoint.encryption == nil ? nil : 0, isReadable: { $0 <= newest })
                    let verdict = guardian.judge(text, of: "manifest", version: version, expectations)
                    if verdict == .publish { served = text }
                    return verdict
                }
                var spoil = ""
                if served != nil {
                    let fault = try #require(Fault.allCases.randomElement(using: &random))
                    faults += 1
                    let text = try spoiled(fault, line, count - 1, &random)
                    if publish(text, newest: line.newest(count - 1)) != .publish { withheld += 1 }
                    spoil = "\(fault) \(difference(text, try line.text(line.window(count - 1))))"
                    if let served { try viewer.see(served, isProtected: endpoint.encryption != nil, newest: newest) }
                }
                // However it was before, what is right goes out.
                #expect(
                    publish(try line.text(line.window(count)), newest: newest) == .publish,
                    "\(run) \(count) after \(spoil)")
                if let served { try viewer.see(served, isProtected: endpoint.encryption != nil, newest: newest) }
            }
        }
        #expect(faults >= 200)
        // The rest changes nothing that a manifest says.
        #expect(withheld * 3 > faults, "\(withheld) of \(faults)")
    }

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

    /// Whether a segment can be read may take a look at the disk: who cannot wait for that asks before.
    @Test(arguments: [EndpointProfile.clearHLS, .dash(), .dash(.number)])
    func saysWhetherItWillAskForMuch(endpoint: EndpointProfile) throws {
        let line = try Line(stage, endpoint)
        let guardian = RevisionGuard()
        let expectations = ManifestExpectations(protectedFrom: nil, isReadable: { _ in true })
        func isReady(upTo step: Int, isInMemory: Bool) -> (Bool, asked: [UInt64]) {
            var asked: [UInt64] = []
            let isReady = guardian.isReady(for: "a", upTo: line.newest(step)) {
                asked.append($0)
                return isInMemory
            }
            return (isReady, asked)
        }
        #expect(isReady(upTo: 20, isInMemory: false) == (true, []), "there is nothing that it would be compared with")
        #expect(guardian.judge(try line.text(line.window(20)), of: "a", version: 1, expectations) == .publish)
        #expect(isReady(upTo: 20, isInMemory: false) == (true, []))
        let new = endpoint.segmentTemplate == .number ? [] : [line.newest(21), line.newest(22)]
        #expect(isReady(upTo: 22, isInMemory: true) == (true, new))
        #expect(isReady(upTo: 22, isInMemory: false).0 == new.isEmpty)
        #expect(isReady(upTo: 20, isInMemory: false).0)
        let isFarReady = guardian.isReady(for: "a", upTo: line.newest(20) + 1000, isInMemory: { _ in true })
        #expect(isFarReady == new.isEmpty, "of very many nobody asks one by one")
    }

    private static let lowLatency = EndpointProfile(id: "ll", package: .hls, windowSeconds: 20, lowLatency: true)

    /// A version that is asked for as a whole and as a delta update is withheld once, and brings no other closer.
    @Test func aVersionCountsOnce() throws {
        let line = try Line(stage, Self.lowLatency)
        let guardian = RevisionGuard()
        let expectations = ManifestExpectations(protectedFrom: nil, isReadable: { _ in true })
        let text = try line.text(line.window(60))
        #expect(guardian.judge(text, of: "a", version: 1, expectations) == .publish)
        #expect(guardian.judge(text, of: "a", version: 1, expectations) == .publish)
        let wrong = try line.text(line.window(61) { segments, _ in segments.removeFirst(3) })
            .replacing("#EXT-X-PART-INF:PART-TARGET=1.000000", with: "#EXT-X-PART-INF:PART-TARGET=1.100000")
        for _ in 0..<20 {
            guard case .stay(text, let violation?) = guardian.judge(wrong, of: "a", version: 2, expectations) else {
                Issue.record("it was published")
                return
            }
            #expect(violation.clause == "RFC 8216bis, 4.4.3.7")
        }
        #expect(guardian.counters.withheld == 1 && guardian.counters.adopted == 0)
        for _ in 0..<3 {
            guard case .refuse = guardian.judge("#EXTM3U\n", of: "b", version: 3, expectations) else {
                Issue.record("it was published")
                return
            }
        }
        #expect(guardian.counters.withheld == 2)
    }

    /// An encoder leaves in the middle of a segment, which becomes a short one with the parts that were listed.
    @Test func aSegmentMayEndWithThePartsThatItHas() throws {
        let line = try Line(stage, Self.lowLatency)
        let guardian = RevisionGuard()
        let expectations = ManifestExpectations(protectedFrom: nil, isReadable: { _ in true })
        let open = line.window(61)
        let short = try #require(open.underWay?.bound)
        let windows = [
            open, line.window(60) { segments, _ in segments.append(short) },
            line.window(60) { segments, shown in
                segments.append(short)
                shown.isEnded = true
            },
        ]
        for (version, window) in windows.enumerated() {
            #expect(
                guardian.judge(try line.text(window), of: "a", version: UInt64(version), expectations) == .publish,
                "\(version)")
        }
    }

    /// After a hole in what is copied, a part may be longer than it may be: it is there with its segment alone.
    @Test func aPartThatIsTooLongIsNotListed() throws {
        let line = try Line(stage, Self.lowLatency)
        let guardian = RevisionGuard()
        let expectations = ManifestExpectations(protectedFrom: nil, isReadable: { _ in true })
        func stretched(_ segment: BoundSegment) -> BoundSegment {
            let old = segment.segment
            return BoundSegment(
                segment: WindowSegment(
                    number: old.number, generation: old.generation, isDiscontinuity: old.isDiscontinuity,
                    discontinuitySequence: old.discontinuitySequence,
                    tracks: old.tracks.map { share in
                        let chunks = share.chunks.enumerated().map { index, chunk in
                            ChunkPlace(
                                offset: chunk.offset, byteCount: chunk.byteCount,
                                duration: index == 1 ? chunk.duration * 2 : chunk.duration,
                                isIndependent: chunk.isIndependent)
                        }
                        return TrackSegment(
                            decodeTime: share.decodeTime, duration: chunks.reduce(0) { $0 + $1.duration },
                            byteCount: share.byteCount, chunks: chunks)
                    }), keys: segment.keys, run: segment.run)
        }
        let number = line.newest(60) + 1
        var texts: [String] = []
        for step in 60...63 {
            let window = line.window(step) { segments, shown in
                shown.longestSegment = Ticks(4, timescale: 1)
                if step == 63 { segments[segments.count - 1] = stretched(segments[segments.count - 1]) }
                shown.underWay = shown.underWay.map {
                    BoundUnderWay(bound: stretched($0.bound), parts: $0.parts, isEnded: $0.isEnded)
                }
            }
            texts.append(try line.text(window))
            #expect(
                guardian.judge(texts[step - 60], of: "a", version: UInt64(step), expectations) == .publish, "\(step)")
            // However often it is asked for: it is not there before the segment is.
            let isThere = window.reaches(.init(segment: number, part: 1), of: "720p")
            #expect(!isThere, "\(step)")
        }
        #expect(texts[2].contains("/\(number).0.m4s") && !texts[2].contains("/\(number).1.m4s"))
        #expect(texts[2].contains("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"0123456789ab/\(number + 1).0.m4s\""))
        #expect(texts[3].contains("/\(number).0.m4s") && !texts[3].contains("/\(number).1.m4s"))
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
