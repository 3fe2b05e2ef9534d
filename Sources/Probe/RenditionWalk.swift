import CommonEncryption
import CurlHTTP
import ISOBMFF
import Media

/// One segment as a manifest lists it.
struct ListedSegment: Sendable {
    var number: UInt64
    /// Absolute.
    var url: String
    var range: ByteRangeOfResource?
    /// Nil for transport streams.
    var initialization: Initialization?
    var duration: Ticks
    /// DASH without a timeline: `duration` is about that of all segments, and one before a hole may be shorter.
    var isNominal = false
    /// DASH: where its S element says that it starts.
    var mediaTime: Ticks?
    /// Its times need not go on where the one before ended.
    var isDiscontinuity = false
    var protection = AnnouncedProtection.none
    /// What a KID that is not that of the media breaks.
    var keyIDRule = Rule.keyID

    struct Initialization: Sendable, Hashable {
        var url: String
        var range: ByteRangeOfResource?
        /// Whatever protects the segment.
        var isClear = false
    }
}

/// What a manifest says of how a segment is protected.
enum AnnouncedProtection: Sendable, Hashable {
    case none
    /// AES-128 over the whole resource.
    case whole(keyURL: String, iv: [UInt8])
    /// SAMPLE-AES in a transport stream: the key by its URL, or else by its KID.
    case streams(keyURL: String?, keyID: KeyID?, iv: [UInt8])
    /// Common Encryption; what the manifest does not say is nil.
    case samples(scheme: ProtectionScheme?, keyID: KeyID?)
}

/// Fetches the segments of one rendition, opens them and compares them with the manifest and with each other.
struct RenditionWalk {
    var report: ProbeReport.Rendition
    /// The facts of the newest segment.
    private(set) var facts: SegmentFacts?
    /// The last segment fetched, and where its media ended.
    private(set) var last: (number: UInt64, end: Ticks)?
    /// Bits a second of each segment between half and one and a half target durations. RFC 8216, clause 4.1.
    private(set) var peakBitrate: Int64 = 0
    /// When the first pictures or frames of the newest segments are shown, in microseconds of media time.
    private(set) var shownAt: [UInt64: Int64] = [:]
    /// Its media times count modulo 2^33 at 90 kHz.
    private(set) var hasWrappingTimes = false
    private var headers: [ListedSegment.Initialization: CMAFHeader] = [:]
    private var evidence = PictureEvidence()
    /// By key.
    private var soundEvidence: [String: SoundEvidence] = [:]
    private var counters: [UInt16: (first: UInt8, last: UInt8)] = [:]

    /// Each segment is one picture.
    let isOfIFrames: Bool
    /// Each segment is a WebVTT file.
    let isOfText: Bool

    init(name: String, isOfIFrames: Bool = false, isOfText: Bool = false) {
        report = .init(name: name)
        self.isOfIFrames = isOfIFrames
        self.isOfText = isOfText
    }

    /// - Parameters:
    ///   - target: the target duration, or the longest segment's.
    ///   - listedFor: seconds for which media should stay in caches.
    mutating func take(
        _ segment: ListedSegment, target: Ticks, listedFor: Int64, _ context: inout ProbeContext
    ) async {
        let place = "\(report.name)"
        let kind: ProbeContext.Kind = isOfText ? .subtitles : .segment
        guard let response = await context.fetch(segment.url, kind, range: segment.range, place: place) else {
            last = nil
            return
        }
        context.log.add(ProbeContext.ageIssues(response, mediaMinimum: listedFor, url: segment.url), at: place)
        count(segment, response.body.count, target)
        guard let (issues, facts) = await examine(segment, response.body, &context) else {
            last = nil
            return
        }
        var all = issues
        if let facts {
            all += timing(facts, of: segment)
            self.facts = facts
            report.codecs = facts.codecs
            report.mediaMilliseconds += facts.duration.milliseconds
            note(shown: facts.shown, segment)
            last = (segment.number, Ticks(facts.start.value &+ facts.duration.value, timescale: facts.start.timescale))
        } else {
            last = nil
        }
        for issue in all {
            context.log.add(
                Issue(issue.rule, "segment \(segment.number): \(issue.detail)", severity: issue.severity), at: place)
        }
    }

    private mutating func note(shown: Ticks, _ segment: ListedSegment) {
        hasWrappingTimes = segment.initialization == nil
        shownAt[segment.number] = shown.microseconds
        // Others are a round behind at most.
        if shownAt.count > 64 { shownAt = shownAt.filter { $0.key &+ 32 > segment.number } }
    }

    private mutating func count(_ segment: ListedSegment, _ bytes: Int, _ target: Ticks) {
        report.segments += 1
        report.bytes += bytes
        report.firstNumber = min(report.firstNumber ?? segment.number, segment.number)
        report.lastNumber = max(report.lastNumber ?? segment.number, segment.number)
        let (duration, target) = (segment.duration.microseconds, target.microseconds)
        if duration > 0, duration * 2 >= target, duration * 2 <= target * 3 {
            peakBitrate = max(peakBitrate, Int64(bytes) * 8 * 1_000_000 / duration)
        }
    }

    // MARK: Opening

    /// Nil where nothing could be said, with a finding in the log.
    private mutating func examine(
        _ segment: ListedSegment, _ bytes: [UInt8], _ context: inout ProbeContext
    ) async -> (issues: [Issue], facts: SegmentFacts?)? {
        var bytes = bytes
        if case .whole(let url, let iv) = segment.protection {
            note(protection: "AES-128", key: Reference.fileName(url))
            if Self.looksClear(bytes) {
                return ([Issue(.clear, "AES-128 is announced, but the segment is not encrypted")], nil)
            }
            guard let key = await context.key(url: url, place: report.name) else { return nil }
            do throws(ProtectionError) {
                bytes = try AES128Segment.open(bytes.span, key: key, iv: iv)
            } catch {
                return ([Issue(.decryption, "AES-128 padding is wrong: wrong key or IV (\(error))")], nil)
            }
            guard isOfText || Self.beginsRight(bytes, isTransportStream: segment.initialization == nil) else {
                return ([Issue(.decryption, "AES-128 padding is right, the first block is not: wrong IV")], nil)
            }
        }
        if isOfText { return (SubtitleRules.issues(bytes), nil) }
        guard let initialization = segment.initialization else {
            return await transportStream(bytes, segment, &context)
        }
        guard let header = await header(initialization, segment, &context) else { return nil }
        return await fragments(bytes, header, segment, &context)
    }

    private static func looksClear(_ bytes: [UInt8]) -> Bool {
        if TransportStreamSegment.looksClear(bytes) || bytes.starts(with: Array("WEBVTT".utf8)) { return true }
        return bytes.count >= 8
            && ["styp", "moof", "prft", "ftyp"].contains(String(decoding: bytes[4..<8], as: UTF8.self))
    }

    /// CBC spoils the first block alone where the IV is wrong. What is wrong behind it too is for the readers to say.
    private static func beginsRight(_ bytes: [UInt8], isTransportStream: Bool) -> Bool {
        if isTransportStream {
            let next = TransportStreamSegment.packetSize
            return bytes.count <= next || bytes[0] == 0x47 || bytes[next] != 0x47
        }
        let types = ["styp", "moof", "prft", "sidx", "emsg", "free"]
        return bytes.count < 8 || types.contains(String(decoding: bytes[4..<8], as: UTF8.self))
    }

    private mutating func transportStream(
        _ bytes: [UInt8], _ segment: ListedSegment, _ context: inout ProbeContext
    ) async -> (issues: [Issue], facts: SegmentFacts?)? {
        var stream = TransportStreamSegment(parsing: bytes)
        var issues = stream.issues
        switch segment.protection {
        case .none, .whole: break
        case .samples:
            return ([Issue(.decryption, "a method that transport streams do not have")], nil)
        case .streams(let url, let id, let iv):
            let name = url.map(Reference.fileName) ?? id?.uuid ?? "?"
            note(protection: "SAMPLE-AES", key: name)
            guard stream.hasProtectedStreams || !issues.isEmpty else {
                return ([Issue(.clear, "SAMPLE-AES is announced, but no stream is protected")], nil)
            }
            guard let key = await context.key(url: url, or: id, place: report.name) else { return nil }
            issues += stream.open(key: key, iv: iv, evidence: &soundEvidence[name, default: SoundEvidence()])
        }
        if issues.isEmpty { issues += stream.mediaIssues }
        if let last, last.number &+ 1 == segment.number, !segment.isDiscontinuity {
            for (packetID, counter) in stream.counters.sorted(by: { $0.key < $1.key }) {
                guard let before = counters[packetID], counter.first != (before.last + 1) & 0x0F else { continue }
                issues.append(
                    Issue(
                        .continuityCounter,
                        "PID \(packetID) starts with \(counter.first) after \(before.last) of the segment before"))
                break
            }
        }
        counters = stream.counters
        return (issues, stream.facts)
    }

    private mutating func fragments(
        _ bytes: [UInt8], _ header: CMAFHeader, _ segment: ListedSegment, _ context: inout ProbeContext
    ) async -> (issues: [Issue], facts: SegmentFacts?) {
        var issues: [Issue] = []
        if case .samples(let scheme, let keyID) = segment.protection {
            guard let protection = header.protection else {
                return ([Issue(.clear, "protection is announced, but the initialization says nothing of it")], nil)
            }
            if let scheme, scheme != protection.scheme {
                issues.append(
                    Issue(segment.keyIDRule, "\(scheme.rawValue) announced, \(protection.scheme.rawValue) in the media")
                )
            }
            if let keyID, keyID != protection.defaultKeyID {
                issues.append(Issue(segment.keyIDRule, "\(keyID) announced, \(protection.defaultKeyID) in tenc"))
            }
        }
        let parsed: CMAFSegment
        do throws(ParseError) {
            parsed = try CMAFSegment(parsing: bytes, header: header)
        } catch {
            return (issues + [Issue(.segment, "\(error)")], nil)
        }
        var keys: [KeyID: ContentKey] = [:]
        for id in parsed.keyIDs {
            note(protection: header.protection?.scheme.rawValue, key: id.uuid)
            if let key = await context.key(id, place: report.name) { keys[id] = key }
        }
        return (issues + parsed.issues(keys: keys, evidence: &evidence), parsed.facts)
    }

    /// The header of an initialization, fetched once.
    private mutating func header(
        _ initialization: ListedSegment.Initialization, _ segment: ListedSegment, _ context: inout ProbeContext
    ) async -> CMAFHeader? {
        if let header = headers[initialization] { return header }
        guard
            let response = await context.fetch(
                initialization.url, .initialization, range: initialization.range, place: report.name)
        else { return nil }
        var bytes = response.body
        if case .whole(let url, let iv) = segment.protection, !initialization.isClear {
            // What is clear though a key is in force: players would decrypt it to nonsense.
            if Self.looksClear(bytes) {
                context.log.add(Issue(.mapEncryption, "it is in the clear: \(initialization.url)"), at: report.name)
            } else if let key = await context.key(url: url, place: report.name),
                let opened = try? AES128Segment.open(bytes.span, key: key, iv: iv)
            {
                bytes = opened
            }
        }
        do throws(ParseError) {
            let header = try CMAFHeader(parsing: bytes.span, name: report.name)
            headers[initialization] = header
            return header
        } catch {
            context.log.add(Issue(.header, "\(error) in \(initialization.url)"), at: report.name)
            return nil
        }
    }

    private mutating func note(protection: String?, key: String) {
        if let protection, !report.protections.contains(protection) { report.protections.append(protection) }
        if !report.keys.contains(key) { report.keys.append(key) }
    }

    // MARK: Times

    private func timing(_ facts: SegmentFacts, of segment: ListedSegment) -> [Issue] {
        var issues: [Issue] = []
        if isOfIFrames, facts.frame.microseconds < facts.duration.microseconds {
            return [Issue(.iFrame, "more than one picture")]
        }
        // A transport stream does not say how long its only picture lasts.
        guard !isOfIFrames || segment.initialization != nil else { return issues }
        let agrees =
            segment.isNominal
            ? facts.duration.microseconds * 2 <= segment.duration.microseconds * 3
            : facts.agrees(with: segment.duration)
        if !agrees {
            issues.append(
                Issue(.duration, "\(facts.duration.seconds) s of media, \(segment.duration.seconds) s announced"))
        }
        if let time = segment.mediaTime, abs(facts.start.microseconds - time.microseconds) > facts.frame.microseconds {
            issues.append(Issue(.mediaTime, "starts at \(facts.start.seconds) s, announced at \(time.seconds) s"))
        }
        if let last, last.number &+ 1 == segment.number, !segment.isDiscontinuity {
            let gap: Int64
            if segment.initialization == nil {
                gap =
                    Ticks(
                        TransportStreamSegment.difference(facts.start.value, last.end.value),
                        timescale: TransportStreamSegment.timescale
                    ).microseconds
            } else {
                gap = facts.start.microseconds - last.end.microseconds
            }
            // Transport streams do not say how long their last frame lasts, text rounds: half a frame decides.
            if abs(gap) > facts.frame.microseconds / 2 {
                issues.append(Issue(.continuity, "starts \(gap / 1000) ms after the end of the segment before"))
            }
        }
        return issues
    }
}
