package import DASH
import Media
import SCTE35

/// What one MPD says by itself. ISO/IEC 23009-1:2022, clause 5.3.
package enum MPDRules {
    /// - Parameter now: milliseconds since the epoch.
    package static func issues(_ mpd: MPD, now: Int64) -> [Issue] {
        var issues: [Issue] = []
        if mpd.type == .dynamic {
            if mpd.availabilityStartTime == nil { issues.append(Issue(.availability, "there is none")) }
            if mpd.publishTime == nil { issues.append(Issue(.publishTime, "there is none")) }
            if mpd.minimumUpdatePeriod == nil, mpd.periods.last?.duration == nil {
                issues.append(Issue(.updatePeriod, "there is none, and the last period has no end"))
            }
            if mpd.utcTimings.isEmpty { issues.append(Issue(.timing, "no UTCTiming")) }
        }
        if mpd.periods.isEmpty { issues.append(Issue(.periods, "there is none")) }
        issues += periodIssues(mpd)
        for period in mpd.periods { issues += eventIssues(period) }
        for index in mpd.periods.indices {
            let representations = mpd.representations(ofPeriod: index)
            if representations.isEmpty {
                issues.append(Issue(.periods, "\(mpd.periods[index].id) has no representation with a SegmentTemplate"))
            }
            for representation in representations {
                issues += timelineIssues(representation)
                issues += protectionIssues(representation)
                let references = [representation.template.media, representation.template.initialization ?? ""]
                if let bad = references.first(where: { !Reference.isRelative($0) }) {
                    issues.append(Issue(.relative, bad))
                }
            }
        }
        issues += boundaryIssues(mpd, now: now)
        issues += EarlySegments.issues(mpd)
        return issues
    }

    private static func periodIssues(_ mpd: MPD) -> [Issue] {
        var issues: [Issue] = []
        var ids: Set<String> = []
        for period in mpd.periods where !ids.insert(period.id).inserted {
            issues.append(Issue(.periods, "the id \(period.id.debugDescription) is there twice"))
        }
        if mpd.type == .dynamic, ids.contains("") { issues.append(Issue(.periods, "a period without id")) }
        var previous: (start: Int64, end: Int64?)?
        for (period, start) in zip(mpd.periods, mpd.periodStarts) {
            guard let start else {
                issues.append(Issue(.periods, "\(period.id) has no start"))
                continue
            }
            if let previous, start <= previous.start {
                issues.append(Issue(.periods, "\(period.id) starts no later than the one before"))
            } else if let end = previous?.end, start < end {
                issues.append(
                    Issue(.periods, "\(period.id) starts \((end - start) / 1000) ms before the end of the other"))
            }
            previous = (start, period.duration.map { start &+ $0.microseconds })
        }
        return issues
    }

    private static func eventIssues(_ period: Period) -> [Issue] {
        var issues: [Issue] = []
        for stream in period.eventStreams {
            var ids: Set<UInt64> = []
            for event in stream.events {
                if !ids.insert(event.id).inserted {
                    issues.append(Issue(.eventStream, "\(period.id): two events have the id \(event.id)"))
                }
                guard stream.schemeIDURI == EventStream.spliceScheme else { continue }
                guard let section = event.spliceInfoSection else {
                    issues.append(Issue(.eventStream, "\(period.id): event \(event.id) has no section"))
                    continue
                }
                do throws(ParseError) { _ = try SpliceInfoSection(parsing: section) } catch {
                    issues.append(Issue(.eventStream, "\(period.id): event \(event.id): \(error)"))
                }
            }
        }
        return issues
    }

    private static func timelineIssues(_ representation: MPDRepresentation) -> [Issue] {
        guard case .timeline = representation.template.addressing else { return [] }
        let segments = representation.segments(periodEnd: nil, now: 0, depth: 0)
        let name = "\(representation.representation.id) of \(representation.period.id)"
        for (earlier, later) in zip(segments, segments.dropFirst()) {
            let (end, overflows) = earlier.time.addingReportingOverflow(earlier.duration)
            guard overflows || later.time != end else { continue }
            let difference = later.start - earlier.end
            return [
                Issue(
                    .timelineHole,
                    "\(name): segment \(later.number) starts \(difference / 1000) ms after the end of the one before")
            ]
        }
        return []
    }

    private static func protectionIssues(_ representation: MPDRepresentation) -> [Issue] {
        let protections = representation.protections
        guard !protections.isEmpty else { return [] }
        let name = "\(representation.representation.id) of \(representation.period.id)"
        var issues: [Issue] = []
        let common = protections.first { $0.schemeIDURI == ContentProtection.commonEncryptionScheme }
        if common == nil {
            issues.append(Issue(.defaultKeyID, "\(name): no mp4protection descriptor"))
        } else if common?.defaultKeyID == nil {
            issues.append(Issue(.defaultKeyID, "\(name): mp4protection without cenc:default_KID"))
        } else if let value = common?.value, ProtectionScheme(rawValue: value) == nil {
            issues.append(Issue(.defaultKeyID, "\(name): scheme \(value.prefix(20)) is neither cenc nor cbcs"))
        }
        let systems = protections.filter { $0.schemeIDURI.lowercased().hasPrefix("urn:uuid:") }
        if systems.isEmpty || systems.allSatisfy({ $0.contents.isEmpty }) {
            issues.append(Issue(.systems, "\(name): none of \(systems.count) systems has any"))
        }
        return issues
    }

    /// Where one period's media ends and the next one's begins.
    private static func boundaryIssues(_ mpd: MPD, now: Int64) -> [Issue] {
        guard mpd.periods.count > 1 else { return [] }
        let elapsed = (now - (mpd.availabilityStartTime?.milliseconds ?? 0)) * 1000
        var issues: [Issue] = []
        for index in mpd.periods.indices.dropFirst() {
            let before = mpd.representations(ofPeriod: index - 1)
            for representation in mpd.representations(ofPeriod: index) {
                guard let same = before.first(where: { $0.representation.id == representation.representation.id }),
                    case .timeline = representation.template.addressing,
                    let last = same.segments(
                        periodEnd: mpd.periodEnd(index - 1), now: elapsed, depth: mpd.depth
                    ).last,
                    let first = representation.segments(periodEnd: nil, now: elapsed, depth: mpd.depth).first
                else { continue }
                let tolerance = representation.frame + 1000
                let name = "\(representation.representation.id) of \(representation.period.id)"
                let gap = representation.periodStart - last.end
                if abs(gap) > tolerance {
                    let detail = "\(name) starts \(gap / 1000) ms after the end of \(same.period.id)"
                    issues.append(Issue(representation.isContinued ? .periodContinuity : .periodGap, detail))
                }
                if abs(first.start - representation.periodStart) > tolerance {
                    issues.append(
                        Issue(
                            .periods,
                            "\(name): the first segment lies \((first.start - representation.periodStart) / 1000) ms "
                                + "after the period's start"))
                }
            }
        }
        return issues
    }
}

extension ContentProtection {
    static let commonEncryptionScheme = "urn:mpeg:dash:mp4protection:2011"
}
