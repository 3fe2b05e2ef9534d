import DASH
import Media

/// One revision of an MPD, and whether it may follow another. ISO/IEC 23009-1:2022, clause 5.4; DASH-IF IOP part 5.
struct MPDRevision: Sendable {
    let mpd: MPD
    /// The number of the last segment of all; nil where the time says how many there are.
    let newest: UInt64?

    /// - Throws: where the text is no MPD.
    init(parsing text: String) throws(Violation) {
        do throws(MPDError) { mpd = try MPD(parsing: Array(text.utf8)) } catch {
            throw Violation("ISO/IEC 23009-1, 5.3.1", "it cannot be read: \(error)")
        }
        newest = mpd.periods.compactMap(Self.newestNumber).max()
    }

    /// What is wrong with the revision by itself.
    func check(_ expectations: ManifestExpectations) throws(Violation) {
        guard !mpd.periods.isEmpty else { throw Violation("ISO/IEC 23009-1, 5.3.1.2", "it has no Period") }
        var ids: Set<String> = []
        var last: Int64 = .min
        for period in mpd.periods {
            let start = period.start.map(Self.microseconds) ?? .min
            guard ids.insert(period.id).inserted, start >= last else {
                throw Violation("ISO/IEC 23009-1, 5.3.2.2", "Period \(period.id) is there twice, or before another")
            }
            last = start
            guard period.adaptationSets.contains(where: { !$0.representations.isEmpty }) else {
                throw Violation("ISO/IEC 23009-1, 5.3.2.2", "Period \(period.id) has no Representation")
            }
            for (set, representation, template) in Self.representations(of: period) {
                try checkProtection(set, representation, template, expectations)
                try checkTimeline(representation, template)
            }
        }
    }

    private func checkProtection(
        _ set: AdaptationSet, _ representation: Representation, _ template: SegmentTemplate,
        _ expectations: ManifestExpectations
    ) throws(Violation) {
        guard let first = expectations.protectedFrom, template.startNumber >= first,
            !(set.contentType.map { expectations.unprotectedKinds.contains($0.rawValue) } ?? false)
        else { return }
        guard !set.contentProtections.isEmpty || !representation.contentProtections.isEmpty else {
            throw Violation("ISO/IEC 23009-1, 5.8.4.1", "\(representation.id) has no ContentProtection")
        }
    }

    private func checkTimeline(_ representation: Representation, _ template: SegmentTemplate) throws(Violation) {
        guard case .timeline(let timeline) = template.addressing else { return }
        let limit = mpd.maxSegmentDuration.map(Self.microseconds) ?? .max
        var end: UInt64?
        for run in timeline.runs {
            let last = run.end
            guard run.duration > 0, run.repeats >= 0, let last, run.start >= end ?? 0 else {
                throw Violation(
                    "ISO/IEC 23009-1, 5.3.9.6", "\(representation.id): the segments overlap at \(run.start)")
            }
            let duration = Ticks(Int64(clamping: run.duration), timescale: max(template.timescale, 1))
            guard Self.microseconds(duration) <= limit else {
                throw Violation(
                    "ISO/IEC 23009-1, 5.3.1.2", "\(representation.id): a segment of \(run.duration) ticks is too long")
            }
            end = last
        }
    }

    /// Whether it may take the place of `previous`.
    func check(after previous: MPDRevision, _ expectations: ManifestExpectations) throws(Violation) {
        let before = previous.mpd
        guard mpd.availabilityStartTime == before.availabilityStartTime else {
            throw Violation("ISO/IEC 23009-1, 5.3.1.2", "availabilityStartTime has changed")
        }
        guard mpd.profiles == before.profiles else {
            throw Violation("ISO/IEC 23009-1, 5.3.1.2", "the profiles have changed")
        }
        guard let published = mpd.publishTime?.milliseconds else {
            throw Violation("ISO/IEC 23009-1, 5.3.1.2", "it has no publishTime")
        }
        if let known = before.publishTime?.milliseconds, published < known {
            throw Violation("ISO/IEC 23009-1, 5.3.1.2", "publishTime went back from \(known) to \(published) ms")
        }
        try checkOrder(after: previous)
        for period in mpd.periods {
            // What was only announced may come otherwise.
            guard let old = before.periods.first(where: { $0.id == period.id }), !isAnnounced(old, in: before) else {
                continue
            }
            try check(period, after: old, isFirst: period.id == mpd.periods.first?.id)
        }
        try checkNewSegments(after: previous, expectations)
    }

    /// Periods leave at the front and come at the end; one that was only announced may be taken back.
    private func checkOrder(after previous: MPDRevision) throws(Violation) {
        let ids = mpd.periods.map(\.id)
        let old = previous.mpd.periods
        guard let first = old.firstIndex(where: { ids.contains($0.id) }) else {
            // Nothing in common: later than all of it.
            guard let end = old.last?.start, let start = mpd.periods.first?.start,
                Self.microseconds(start) < Self.microseconds(end)
            else { return }
            throw Violation("ISO/IEC 23009-1, 5.4", "its periods lie before those it had")
        }
        var common = old[first...].map(\.id)
        if let last = old.last, !ids.contains(last.id), isAnnounced(last, in: previous.mpd) { common.removeLast() }
        // One that is there a little longer than the revision before said harms nobody.
        guard ids.drop(while: { $0 != common.first }).starts(with: common) else {
            throw Violation(
                "ISO/IEC 23009-1, 5.4",
                "periods \(common.joined(separator: ", ")) became \(ids.joined(separator: ", "))")
        }
    }

    /// Whether a Period had not begun when the MPD was published.
    private func isAnnounced(_ period: Period, in mpd: MPD) -> Bool {
        guard let start = period.start, let available = mpd.availabilityStartTime, let published = mpd.publishTime
        else {
            return false
        }
        return Self.microseconds(start) &+ Self.microseconds(available) > Self.microseconds(published)
    }

    private func check(_ period: Period, after old: Period, isFirst: Bool) throws(Violation) {
        guard period.start == old.start else {
            throw Violation("ISO/IEC 23009-1, 5.4", "Period \(period.id) has another start")
        }
        let (representations, known) = (Self.representations(of: period), Self.representations(of: old))
        guard representations.map(\.1.id) == known.map(\.1.id) else {
            throw Violation("ISO/IEC 23009-1, 5.4", "Period \(period.id) has other Representations")
        }
        for (now, then) in zip(representations, known) {
            let (set, representation, template) = now
            guard set.id == then.0.id, representation.codecs == then.1.codecs,
                set.contentProtections.map(\.defaultKeyID) == then.0.contentProtections.map(\.defaultKeyID),
                template.timescale == then.2.timescale,
                template.presentationTimeOffset == then.2.presentationTimeOffset, template.media == then.2.media,
                template.initialization == then.2.initialization
            else { throw Violation("ISO/IEC 23009-1, 5.4", "\(representation.id) of Period \(period.id) has changed") }
            try check(template, after: then.2, of: representation.id, isFirst: isFirst)
        }
    }

    /// A number is of one time for ever, and segments leave at the front of the first Period alone.
    private func check(
        _ template: SegmentTemplate, after old: SegmentTemplate, of name: String, isFirst: Bool
    ) throws(Violation) {
        switch (template.addressing, old.addressing) {
        case (.duration(let now), .duration(let then)):
            guard now == then, template.startNumber == old.startNumber else {
                throw Violation("ISO/IEC 23009-1, 5.3.9.5", "\(name): numbers are of other times")
            }
        case (.timeline(let now), .timeline(let then)):
            guard template.startNumber == old.startNumber || (isFirst && template.startNumber > old.startNumber),
                template.startNumber &+ UInt64(now.count(limit: Self.limit))
                    >= old.startNumber &+ UInt64(then.count(limit: Self.limit))
            else { throw Violation("ISO/IEC 23009-1, 5.4", "\(name): segments were taken back") }
            if let (segment, was) = now.difference(from: then, dropping: template.startNumber - old.startNumber) {
                throw Violation(
                    "ISO/IEC 23009-1, 5.3.9.4", "\(name): what began at \(was.start) begins at \(segment.start)")
            }
        default: throw Violation("ISO/IEC 23009-1, 5.4", "\(name): it is addressed in another way")
        }
    }

    private func checkNewSegments(
        after previous: MPDRevision, _ expectations: ManifestExpectations
    ) throws(Violation) {
        let newest = previous.newest ?? 0
        for period in mpd.periods {
            guard let last = Self.newestNumber(of: period), last > newest else { continue }
            let first = Self.representations(of: period).first?.2.startNumber ?? last
            for number in max(first, newest &+ 1)...max(last, newest &+ 1) where !expectations.isReadable(number) {
                throw Violation("ISO/IEC 23009-1, 5.3.9.5.3", "segment \(number) cannot be read")
            }
        }
    }

    /// Nil where the time says how many there are.
    private static func newestNumber(of period: Period) -> UInt64? {
        representations(of: period).compactMap { _, _, template in
            guard case .timeline(let timeline) = template.addressing else { return nil }
            let count = UInt64(timeline.count(limit: limit))
            return count > 0 ? template.startNumber &+ count - 1 : nil
        }.max()
    }

    private static func representations(of period: Period) -> [(AdaptationSet, Representation, SegmentTemplate)] {
        period.adaptationSets.flatMap { set in
            set.representations.compactMap { representation in
                (representation.segmentTemplate ?? set.segmentTemplate).map { (set, representation, $0) }
            }
        }
    }

    /// Numbers fit 32 bits.
    private static let limit = 1 << 32

    private static func microseconds(_ ticks: Ticks) -> Int64 { ticks.rescaled(to: 1_000_000).value }
}
