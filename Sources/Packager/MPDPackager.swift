package import DASH
import Keys
package import Media
import Settings
import Timeline

/// The MPD of a DASH endpoint, made from its window: pure text. ISO/IEC 23009-1:2022, clause 5.3.
///
/// Media time counts from the Unix epoch and so does the presentation: availabilityStartTime is 1970-01-01T00:00:00Z
/// (a little later with numbers alone, but for low latency) and a Period's start is its media time. Every run of segments with one key and
/// one track set is a Period.
package enum MPDPackager {
    /// How long after its end a segment is promised where players reckon with numbers alone: decoding, encoding and
    /// listing take less on a machine that keeps up. The same for ever, since availabilityStartTime may not change.
    package static let publicationDelay = Ticks(2, timescale: 1)

    package static func mpd(_ window: EndpointWindow) -> String { description(of: window).serialize() }

    package static func description(of window: EndpointWindow) -> MPD {
        let endpoint = window.endpoint
        let runs = runs(window)
        var periods: [Period] = []
        for (index, run) in runs.enumerated() {
            let previous = index > 0 ? runs[index - 1] : nil
            let next = index + 1 < runs.count ? runs[index + 1] : nil
            periods.append(period(run, after: previous, before: next, window))
        }
        if window.isEnded { periods = ended(periods, runs, window) }
        let longest = longestSegment(window)
        // Where a viewer's window begins at 0 and is complete, players need no clock any more.
        let isStatic = window.isEnded && window.shift?.origin != nil
        return MPD(
            id: endpoint.mpdPatch ? "\(endpoint.id)-\(window.revision)" : nil,
            profiles: endpoint.dashProfile == .hbbTV15 ? [.isoffLive, .hbbTV] : [.isoffLive],
            type: isStatic ? .static : .dynamic,
            availabilityStartTime: availabilityStart(window),
            publishTime: Ticks(window.publishedAtMilliseconds, timescale: 1000),
            mediaPresentationDuration: window.isEnded ? periods.last.flatMap { end(of: $0) } : nil,
            minimumUpdatePeriod: window.isEnded ? nil : updatePeriod(window),
            minBufferTime: .seconds(endpoint.minBufferTimeSeconds),
            // What is over does not grow old: who comes now sees the window that is left.
            timeShiftBufferDepth: window.isEnded ? nil : depth(window),
            suggestedPresentationDelay: isStatic ? nil : presentationDelay(window),
            maxSegmentDuration: longest, patchLocation: patchLocation(window),
            serviceDescription: serviceDescription(window, periods), periods: periods,
            utcTimings: isStatic ? [] : [utcTiming])
    }

    /// Where the live MPD is patched; one of another time, or of fewer renditions, is not.
    private static func patchLocation(_ window: EndpointWindow) -> PatchLocation? {
        guard window.endpoint.mpdPatch, window.shift == nil, window.filter.isNone else { return nil }
        return PatchLocation(url: "patch.mpp", lifetimeSeconds: patchLifetimeSeconds)
    }

    /// So long a revision is known after it was published.
    private static let patchLifetimeSeconds: UInt32 = 60

    /// When what has the presentation time 0 is there: at the epoch, or where a viewer's window begins.
    private static func availabilityStart(_ window: EndpointWindow) -> Ticks {
        var start = window.shift?.origin ?? Ticks(0, timescale: 1)
        let delay = Ticks(Int64(window.shift?.delaySeconds ?? 0), timescale: 1)
        let isPromised = window.endpoint.segmentTemplate == .number && window.partTarget == nil
        for part in isPromised ? [delay, publicationDelay] : [delay] {
            start = Ticks(start.value &+ part.rescaled(to: start.timescale).value, timescale: start.timescale)
        }
        return start
    }

    /// A media time from the epoch in the presentation.
    private static func presentationTime(_ time: Ticks, _ window: EndpointWindow) -> Ticks {
        guard let origin = window.shift?.origin else { return time }
        return Ticks(time.value &- origin.rescaled(to: time.timescale).value, timescale: time.timescale)
    }

    /// What a Period is of.
    struct Run {
        let run: SegmentRun
        let keys: PeriodKeys?
        /// None where it is announced.
        var segments: BoundSegments.SubSequence
        /// Of all that is listed.
        let measured: ListedMeasures
    }

    private static func runs(_ window: EndpointWindow) -> [Run] {
        var runs: [Run] = []
        let saysKeys = window.endpoint.encryption?.rotationSignalling != .inband
        let measured = window.measured
        let none = window.segments[window.segments.endIndex...]
        func add(_ run: SegmentRun, keys: PeriodKeys?, _ segments: BoundSegments.SubSequence) {
            if let last = runs.indices.last, runs[last].run == run {
                runs[last].segments = window.segments[runs[last].segments.startIndex..<segments.endIndex]
            } else {
                runs.append(Run(run: run, keys: keys, segments: segments, measured: measured))
            }
        }
        for stretch in window.segments.stretches(in: window.listed.indices) {
            let run = saysKeys ? stretch.run : stretch.run.withoutKey
            for (part, places) in AdPeriods.runs(of: stretch.places, in: run, window) {
                add(part, keys: stretch.keys, window.segments[places])
            }
        }
        if let open = window.underWay?.bound {
            let run = AdPeriods.run(of: open.number, in: saysKeys ? open.run : open.run.withoutKey, window)
            if runs.last?.run != run { add(run, keys: open.keys, none) }
        }
        if let announced = announced(window, measured) { runs.append(announced) }
        // Of an older set of tracks a filter may leave nothing: a Period has an AdaptationSet (clause 5.3.2.2).
        return runs.filter { !tracks(of: $0, window).isEmpty }
    }

    /// The run of the keys that come next: players ask for licences when they see a Period, not when they play it.
    ///
    /// Only where numbers are reckoned from the time: a Period behind one whose timeline still grows breaks players,
    /// which take that one to be complete (docs/decisions/0018); nor in low latency, where they take the last segment
    /// to be complete with its first part, if they know of the next Period (docs/decisions/0028).
    private static func announced(_ window: EndpointWindow, _ measured: ListedMeasures) -> Run? {
        guard let next = window.next, window.announcesPeriods, let newest = window.segments.last else { return nil }
        let run = SegmentRun(
            firstNumber: next.firstNumber, generation: newest.segment.generation, keyPeriod: next.keys.period,
            start: window.nominalStart(of: next.firstNumber), continuing: newest.run)
        return Run(
            run: run, keys: next.keys, segments: window.segments[window.segments.endIndex...],
            measured: measured)
    }

    /// What the Period on air says of the keys that come next, for applications.
    private static func announcement(in run: SegmentRun, _ window: EndpointWindow) -> [EventStream] {
        guard let next = window.next, !window.announcesPeriods, window.endpoint.hasKeyInHeader,
            next.firstNumber > window.underWay?.bound.number ?? 0
        else { return [] }
        return [
            .nextKeys(
                next.keys.entries.map(\.key.keyID), id: next.firstNumber,
                from: window.nominalStart(of: next.firstNumber),
                presentationTimeOffset: start(run, window).rescaled(to: 1000, rounding: .nearest))
        ]
    }

    /// Where a run begins. Numbers without a timeline count from the nominal start of their first segment, which an
    /// encoder that came in the middle of it did not fill. Nothing begins before a viewer's window.
    private static func start(_ run: SegmentRun, _ window: EndpointWindow) -> Ticks {
        let start =
            window.endpoint.segmentTemplate == .number ? window.nominalStart(of: run.firstNumber) : run.start
        guard let origin = window.shift?.origin, start.rescaled(to: origin.timescale).value < origin.value else {
            return start
        }
        return origin
    }

    /// The number that a run's numbers count from, at `start`.
    private static func startNumber(_ run: SegmentRun, _ window: EndpointWindow) -> UInt64 {
        guard let origin = window.shift?.origin else { return run.firstNumber }
        return max(run.firstNumber, window.numbering.number(at: origin))
    }

    /// Numbers without a timeline go on until the period ends: before a hole that must be said, and for the newest
    /// one before the key changes, or players open the next key's first segment with this one.
    private static func duration(_ run: Run, before next: Run?, _ window: EndpointWindow) -> Ticks? {
        guard window.endpoint.segmentTemplate == .number else { return nil }
        let last = run.segments.last?.number ?? run.run.firstNumber
        guard last < .max else { return nil }
        let end: UInt64
        if let next, next.segments.isEmpty {
            end = next.run.firstNumber
        } else if let next {
            end = last + 1
            guard next.run.firstNumber > end else { return nil }
        } else {
            // A key that is kept beyond its time has no end that is known.
            guard let change = keyChange(after: run.run, window), change > last else { return nil }
            end = change
        }
        let time = window.nominalStart(of: end)
        let (length, overflow) = time.value.subtractingReportingOverflow(start(run.run, window).value)
        return overflow ? nil : Ticks(length, timescale: time.timescale)
    }

    /// The first segment that the key of a run is not for.
    private static func keyChange(after run: SegmentRun, _ window: EndpointWindow) -> UInt64? {
        guard let rotation = window.endpoint.encryption?.keyRotationIntervalSeconds, rotation > 0,
            window.endpoint.hasKeyInHeader, run.slate == nil
        else { return nil }
        let seconds = Int64(clamping: (Int128(run.keyPeriod.index) + 1) * Int128(rotation))
        return window.numbering.firstNumber(from: Ticks(seconds, timescale: 1))
    }

    private static func tracks(of run: Run, _ window: EndpointWindow) -> [StoredTrack] {
        (run.segments.first.map { window.tracks(in: $0) } ?? window.trackSets[run.run.generation]?.tracks ?? [])
            .filter { window.endpoint.refusal(of: $0.track) == nil && window.names($0.track) }
    }

    private static func period(
        _ run: Run, after previous: Run?, before next: Run?, _ window: EndpointWindow
    ) -> Period {
        let tracks = tracks(of: run, window)
        let video = tracks.filter { $0.track.kind == .video }
        var sets: [AdaptationSet] = []
        var tricks: [AdaptationSet] = []
        let groups = grouped(video, run)
        for (index, group) in groups.enumerated() {
            // Rungs under different keys are in sets of their own, which players may switch between.
            let family = group[0].track.codec.family
            let others = groups.indices.filter { $0 != index && groups[$0][0].track.codec.family == family }
                .map { UInt32(1 + $0) }
            var set = AdaptationSet(
                id: UInt32(1 + index), contentType: .video, mimeType: "video/mp4",
                maxWidth: group.compactMap(\.track.codec.pictureSize?.width).max(),
                maxHeight: group.compactMap(\.track.codec.pictureSize?.height).max(),
                contentProtections: protections(group[0], run, window),
                supplementalProperties: continuity(of: group, in: run, after: previous, window)
                    + (others.isEmpty ? [] : [.switching(with: others)]),
                roles: [.mainRole])
            set.producerReferenceTime = producerReferenceTime(
                id: set.id, start(run.run, window), timescale: group[0].track.timescale, window)
            set.accessibilities = captions(window.endpoint.captions)
            place(group, run, window, in: &set)
            sets.append(set)
            if let trick = trickMode(beside: set, group, run, window) { tricks.append(trick) }
        }
        sets += tricks
        for (index, audio) in tracks.filter({ $0.track.kind == .audio }).enumerated() {
            var set = AdaptationSet(
                id: UInt32(10 + index), contentType: .audio, mimeType: "audio/mp4", language: audio.track.language,
                contentProtections: protections(audio, run, window),
                supplementalProperties: continuity(of: [audio], in: run, after: previous, window),
                roles: [.mainRole])
            set.producerReferenceTime = producerReferenceTime(
                id: set.id, start(run.run, window), timescale: audio.track.timescale, window)
            place([audio], run, window, in: &set)
            sets.append(set)
        }
        sets += subtitles(tracks, run, window)
        sets += thumbnails(tracks, run, window)
        return Period(
            id: run.run.id, start: presentationTime(start(run.run, window), window),
            duration: duration(run, before: next, window),
            eventStreams: (next == nil ? announcement(in: run.run, window) : [])
                + AdPeriods.events(
                    run.run.firstNumber...max(run.segments.last?.number ?? 0, run.run.firstNumber),
                    from: start(run.run, window), isLast: next == nil && !run.segments.isEmpty, window),
            adaptationSets: sets)
    }

    /// Whether an adaptation set goes on from that of the Period before, or at least with its initialization, so that
    /// players may keep their buffers and decoders. ISO/IEC 23009-1:2022, clause 5.3.2.4.
    private static func continuity(
        of tracks: [StoredTrack], in run: Run, after previous: Run?, _ window: EndpointWindow
    ) -> [Descriptor] {
        guard let previous, previous.run.slate == run.run.slate else { return [] }
        let last = previous.segments.last?.number
        let isNext = run.segments.isEmpty || last.map { $0 + 1 == run.run.firstNumber } ?? true
        if previous.run.generation == run.run.generation, isNext { return [.periodContinuity(with: previous.run.id)] }
        let before = window.trackSets[previous.run.generation]?.tracks ?? []
        let isAlike = tracks.allSatisfy { track in
            before.contains { $0.track.name == track.track.name && $0.header == track.header }
        }
        return run.run.slate == nil && isAlike ? [.periodConnectivity(with: previous.run.id)] : []
    }

    /// Representations, with one segment template for all where their timelines agree, and one for each otherwise.
    static func place(
        _ tracks: [StoredTrack], _ run: Run, _ window: EndpointWindow, in set: inout AdaptationSet
    ) {
        let templates = tracks.map { template($0, run, window) }
        let isShared = templates.allSatisfy { $0 == templates.first }
        set.segmentTemplate = isShared ? templates.first : nil
        set.representations = zip(tracks, templates).map { stored, template in
            let track = stored.track
            let bandwidth = MeasuredBandwidth(of: track.name, run.measured, window).peak
            return Representation(
                id: track.name, bandwidth: UInt64(max(bandwidth, 1)), codecs: track.codec.rfc6381,
                width: track.codec.pictureSize?.width,
                height: track.codec.pictureSize?.height, frameRate: track.frameRate,
                audioSamplingRate: track.kind == .audio ? track.timescale : nil,
                audioChannelConfigurations: track.codec.channelCount.map { [.audioChannelConfiguration(channels: $0)] }
                    ?? [],
                segmentTemplate: isShared ? nil : template)
        }
    }

    static func template(_ stored: StoredTrack, _ run: Run, _ window: EndpointWindow) -> SegmentTemplate {
        let timescale = stored.track.timescale
        let offset = start(run.run, window).rescaled(to: timescale).value
        let period = window.endpoint.hasKeyInHeader ? run.run.keyPeriod : nil
        let addressing: SegmentTemplate.Addressing
        let startNumber: UInt64
        switch window.endpoint.segmentTemplate {
        case .timeline:
            addressing = .timeline(timeline(of: stored, run, window))
            startNumber = run.segments.first?.number ?? run.run.firstNumber
        case .number:
            addressing = .duration(UInt64(clamping: window.segmentDuration.rescaled(to: timescale).value))
            startNumber = Self.startNumber(run.run, window)
        }
        return SegmentTemplate(
            timescale: timescale, presentationTimeOffset: UInt64(clamping: offset), startNumber: startNumber,
            media: "$RepresentationID$/\(window.revision(with: run.run.slate))/$Number$.m4s",
            initialization:
                "$RepresentationID$/\(window.revision(with: run.run.slate))/"
                + MediaLocation.headerName(generation: run.run.generation, period: period),
            availabilityTimeOffset: availabilityTimeOffset(window),
            availabilityTimeComplete: window.partTarget == nil, addressing: addressing)
    }

    private static func timeline(of stored: StoredTrack, _ run: Run, _ window: EndpointWindow) -> SegmentTimeline {
        var timeline = SegmentTimeline()
        func append(_ share: TrackSegment) {
            timeline.append(start: UInt64(clamping: share.decodeTime), duration: UInt64(clamping: share.duration))
        }
        guard run.run.slate == nil else {
            for segment in run.segments {
                if let (_, share) = window.share(of: stored.track.name, in: segment) { append(share) }
            }
            return timeline
        }
        // Of one set of tracks: its place is looked for once.
        guard let index = window.trackSets[run.run.generation]?.index(of: stored.track.name) else { return timeline }
        window.segments.forEachSegment(in: run.segments.indices) { segment in
            guard index < segment.tracks.count, segment.tracks[index].byteCount > 0 else { return }
            append(segment.tracks[index])
        }
        return timeline
    }

    /// Video tracks that share a codec and a key, in the ladder's order.
    private static func grouped(_ video: [StoredTrack], _ run: Run) -> [[StoredTrack]] {
        var groups: [(id: KeyID?, codec: String, tracks: [StoredTrack])] = []
        for track in video {
            let id = run.keys?.key(for: track.track)?.keyID
            let codec = track.track.codec.family
            if let index = groups.firstIndex(where: { $0.id == id && $0.codec == codec }) {
                groups[index].tracks.append(track)
            } else {
                groups.append((id, codec, [track]))
            }
        }
        return groups.map(\.tracks)
    }

    /// The scheme with the key, then each system as the provider described it.
    private static func protections(_ stored: StoredTrack, _ run: Run, _ window: EndpointWindow) -> [ContentProtection]
    {
        guard let encryption = window.endpoint.encryption, let scheme = encryption.scheme,
            let key = run.keys?.key(for: stored.track)
        else { return [] }
        guard encryption.rotationSignalling != .inband else {
            // The keys are in the segments: what is said here must be true of all of them.
            return [ContentProtection(schemeIDURI: "urn:mpeg:dash:mp4protection:2011", value: scheme.rawValue)]
                + encryption.systems.map { .system($0, []) }
        }
        return [.commonEncryption(scheme, defaultKeyID: key.keyID)]
            + window.ledger.keySayings.protections(of: key, encryption)
    }

    /// How far back players may go: the profile's window, or all that a viewer asked for.
    private static func depth(_ window: EndpointWindow) -> Ticks {
        guard let shift = window.shift else { return .seconds(window.endpoint.windowSeconds) }
        let start = window.nominalStart(of: shift.firstNumber)
        let end = window.nominalStart(of: shift.lastNumber &+ 1)
        return Ticks(end.value &- start.value, timescale: start.timescale).rescaled(to: 1, rounding: .up)
    }

    private static func longestSegment(_ window: EndpointWindow) -> Ticks {
        let longest = max(window.longestSegment, window.measured.longest ?? window.longestSegment)
        // A bound: durations that have no finite decimals are not to be cut below themselves.
        return longest.rescaled(to: 1000, rounding: .up)
    }

    private static func end(of period: Period) -> Ticks? {
        guard let start = period.start, let duration = period.duration else { return nil }
        let length = duration.rescaled(to: 1000, rounding: .up).value
        return Ticks(start.rescaled(to: 1000, rounding: .up).value &+ length, timescale: 1000)
    }

    /// The last Period of a stream that is over says how long it is.
    private static func ended(_ periods: [Period], _ runs: [Run], _ window: EndpointWindow) -> [Period] {
        guard let last = runs.last, let segment = last.segments.last, var period = periods.last,
            let stored = window.trackSets[last.run.generation]?.tracks.first, let share = segment.segment.tracks.first
        else { return periods }
        let start = start(last.run, window).rescaled(to: stored.track.timescale).value
        period.duration = Ticks(share.decodeTime + share.duration - start, timescale: stored.track.timescale)
        return periods.dropLast() + [period]
    }
}

extension SegmentRun {
    /// Names the edition of its keys too, and a slate: players never ask for other keys of a Period that they know.
    fileprivate var id: String {
        let edition = keyPeriod == .clearLead ? 0 : keyPeriod.edition
        return (slate == nil ? "p" : "s") + (edition == 0 ? "\(firstNumber)" : "\(firstNumber)e\(edition)")
    }
}

extension Ticks {
    fileprivate static func seconds(_ seconds: UInt32) -> Ticks { Ticks(Int64(seconds), timescale: 1) }
}
