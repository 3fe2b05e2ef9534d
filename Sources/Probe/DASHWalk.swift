import CurlHTTP
import DASH
import Media

/// Walks a DASH presentation like a player that plays all representations at once.
struct DASHWalk {
    private let url: String
    private let firstLook: Int
    private var history = MPDHistory()
    private var mpd: MPD?
    /// Of `mpd`.
    private var text: [UInt8] = []
    private var walks: [String: RenditionWalk] = [:]
    /// Representations in the order in which they came.
    private var order: [String] = []
    /// Where the last segment fetched of a representation starts, in microseconds of presentation time.
    private var taken: [String: Int64] = [:]
    /// Of each representation: where its newest segment ends, in microseconds of presentation time, and since when, in
    /// milliseconds of the probe's clock.
    private var newest: [String: (end: Int64, since: Int64)] = [:]
    private var hasAskedTheTime = false

    init(url: String, firstLook: Int) {
        self.url = url
        self.firstLook = firstLook
    }

    var renditions: [ProbeReport.Rendition] { order.compactMap { walks[$0]?.report } }
    var isEnded: Bool { mpd?.isFinal ?? false }
    var reloadMilliseconds: Int64 { min(max(mpd?.minimumUpdatePeriod?.milliseconds ?? 2000, 500), 60_000) }

    private var place: String { Reference.fileName(url) }

    /// Fetches the MPD, then the segments that are new.
    mutating func round(now: Int64, _ context: inout ProbeContext) async {
        let patch = await fetchPatch(&context)
        guard let response = await context.fetch(url, .mpd, place: place) else { return }
        let mpd: MPD
        do throws(MPDError) {
            mpd = try MPD(parsing: response.body)
        } catch {
            return context.log.add(Issue(.mpdSyntax, "\(error)"), at: place)
        }
        if let patch { context.log.add(patch.issues(mpd), at: place) }
        self.mpd = mpd
        text = response.body
        let elapsed = (now - (mpd.availabilityStartTime?.milliseconds ?? 0)) * 1000
        context.log.add(MPDRules.issues(mpd, now: now), at: place)
        context.log.add(history.take(mpd, text: response.body, elapsed: elapsed), at: place)
        if !mpd.isFinal {
            let segment = mpd.maxSegmentDuration ?? mpd.minBufferTime
            let limit = max(
                segment.rescaled(to: 1, rounding: .up).value, mpd.minimumUpdatePeriod?.rescaled(to: 1).value ?? 0)
            context.log.add(ProbeContext.ageIssues(response, manifestLimit: max(limit, 1)), at: place)
        }
        if !hasAskedTheTime, !mpd.isFinal { await EarlySegments.ask(mpd, url: url, elapsed: elapsed, &context) }
        await askTheTime(mpd, &context)
        for (id, end) in newestEnds(mpd, elapsed: elapsed) {
            checkEdge(of: id, end, elapsed: elapsed, now: now, mpd, &context)
        }
        for id in representationIDs(mpd) { await fetchSegments(of: id, mpd, elapsed: elapsed, &context) }
    }

    /// What would make the MPD of now of the one before.
    private func fetchPatch(_ context: inout ProbeContext) async -> FetchedPatch? {
        guard let mpd, let location = mpd.patchLocation, let time = mpd.publishTime,
            let address = Reference.resolve(location.reference(from: time), against: url),
            let response = await context.fetch(address, .patch, place: place)
        else { return nil }
        return FetchedPatch(original: text, patch: response.body)
    }

    private func representationIDs(_ mpd: MPD) -> [String] {
        var ids: [String] = []
        for index in mpd.periods.indices {
            for representation in mpd.representations(ofPeriod: index)
            where !ids.contains(representation.representation.id) {
                ids.append(representation.representation.id)
            }
        }
        return ids
    }

    /// Where the newest segment ends of each representation that is to go on: those of the newest period with a segment,
    /// and of what follows it.
    private func newestEnds(_ mpd: MPD, elapsed: Int64) -> [(id: String, end: Int64)] {
        var ends: [String: Int64] = [:]
        var ongoing: [String] = []
        for index in mpd.periods.indices {
            let representations = mpd.representations(ofPeriod: index)
            let found = representations.map { representation in
                representation.segments(periodEnd: mpd.periodEnd(index), now: elapsed, depth: mpd.depth).last?.end
            }
            if found.contains(where: { $0 != nil }) { ongoing = [] }
            for (representation, end) in zip(representations, found) {
                let id = representation.representation.id
                if !ongoing.contains(id) { ongoing.append(id) }
                if let end { ends[id] = max(ends[id] ?? end, end) }
            }
        }
        return ongoing.compactMap { id in ends[id].map { (id, $0) } }
    }

    private mutating func checkEdge(
        of id: String, _ end: Int64, elapsed: Int64, now: Int64, _ mpd: MPD, _ context: inout ProbeContext
    ) {
        guard !mpd.isFinal else { return }
        let segment = (mpd.maxSegmentDuration ?? mpd.minBufferTime).microseconds
        if let before = newest[id], end <= before.end {
            let waited = (now - before.since) * 1000
            if waited > segment * 3 + (mpd.minimumUpdatePeriod?.microseconds ?? 0) {
                context.log.add(Issue(.updatePeriod, "nothing new for \(waited / 1_000_000) s"), at: id)
            }
        } else {
            newest[id] = (end, now)
        }
        context.log.add(
            ProbeContext.edgeIssues(
                age: (elapsed - end) / 1000, segment: segment / 1000,
                heldBack: mpd.suggestedPresentationDelay?.milliseconds), at: id)
    }

    /// Players ask once, at their start.
    private mutating func askTheTime(_ mpd: MPD, _ context: inout ProbeContext) async {
        guard !hasAskedTheTime else { return }
        hasAskedTheTime = true
        for timing in mpd.utcTimings where timing.schemeIDURI.contains(":utc:http-") {
            guard let address = Reference.resolve(timing.value, against: url) else { continue }
            let response = await context.fetch(address, .time, place: place)
            if let response, response.body.isEmpty, !timing.schemeIDURI.contains("http-head") {
                context.log.add(Issue(.timing, "\(address) says nothing"), at: place)
            }
        }
    }

    // MARK: Segments

    private mutating func fetchSegments(
        of id: String, _ mpd: MPD, elapsed: Int64, _ context: inout ProbeContext
    ) async {
        let isOfIFrames = mpd.periods.flatMap(\.adaptationSets).flatMap(\.representations)
            .contains { $0.id == id && $0.maximumPlayoutRate != nil }
        var walk = walks[id] ?? RenditionWalk(name: id, isOfIFrames: isOfIFrames)
        if walks[id] == nil { order.append(id) }
        var jobs: [(start: Int64, job: ListedSegment)] = []
        for index in mpd.periods.indices {
            for representation in mpd.representations(ofPeriod: index) where representation.representation.id == id {
                let segments = representation.segments(
                    periodEnd: mpd.periodEnd(index), now: elapsed, depth: mpd.depth)
                for (offset, segment) in segments.enumerated() {
                    guard var job = job(segment, of: representation) else {
                        context.log.add(Issue(.mpdSyntax, "no URL: \(representation.template.media)"), at: id)
                        continue
                    }
                    job.isDiscontinuity = offset == 0 && !representation.isContinued
                    jobs.append((segment.start, job))
                }
            }
        }
        if let taken = taken[id] {
            jobs = jobs.filter { $0.start > taken }
        } else {
            jobs = Array(jobs.suffix(firstLook))
        }
        let target = mpd.maxSegmentDuration ?? mpd.minBufferTime
        let listed = mpd.timeShiftBufferDepth?.rescaled(to: 1).value ?? 0
        for (start, job) in jobs {
            taken[id] = start
            await walk.take(job, target: target, listedFor: listed, &context)
        }
        walks[id] = walk
    }

    private func job(_ segment: MPDRepresentation.Segment, of representation: MPDRepresentation) -> ListedSegment? {
        guard let media = representation.url(of: segment).flatMap({ Reference.resolve($0, against: url) }),
            let initialization = representation.initializationURL.flatMap({ Reference.resolve($0, against: url) })
        else { return nil }
        let timescale = representation.template.timescale
        var job = ListedSegment(
            number: segment.number, url: media, initialization: .init(url: initialization),
            duration: Ticks(Int64(clamping: segment.duration), timescale: timescale))
        job.keyIDRule = .defaultKeyID
        if case .timeline = representation.template.addressing {
            job.mediaTime = Ticks(Int64(clamping: segment.time), timescale: timescale)
        } else {
            job.isNominal = true
        }
        if !representation.protections.isEmpty {
            let common = representation.protections.first {
                $0.schemeIDURI == ContentProtection.commonEncryptionScheme
            }
            job.protection = .samples(
                scheme: common?.value.flatMap { ProtectionScheme(rawValue: $0) }, keyID: common?.defaultKeyID)
        }
        return job
    }

    /// Compares what the newest MPD says of each representation with what was fetched of it.
    func finish(_ context: inout ProbeContext) {
        guard let mpd else { return }
        for id in representationIDs(mpd) {
            let all = mpd.periods.indices.flatMap { mpd.representations(ofPeriod: $0) }.filter {
                $0.representation.id == id
            }
            guard let walk = walks[id], let facts = walk.facts, let newest = all.last else { continue }
            let bandwidth = Int64(clamping: all.map(\.representation.bandwidth).max() ?? 0)
            if walk.peakBitrate > bandwidth {
                let isFar = walk.peakBitrate - bandwidth > bandwidth / 4
                context.log.add(
                    Issue(
                        .dashBandwidth, "bandwidth \(bandwidth), measured \(walk.peakBitrate)",
                        severity: isFar ? .error : .warning), at: id)
            }
            if newest.codecs?.lowercased() != facts.codecs.joined(separator: ",").lowercased() {
                context.log.add(
                    Issue(
                        .dashCodecs, "\(newest.codecs ?? "none"), the media is \(facts.codecs.joined(separator: ","))"),
                    at: id)
            }
        }
    }
}
