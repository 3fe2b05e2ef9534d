package import HLS
import Media

/// What playlists with parts say by themselves and of each other. RFC 8216bis (draft 16), clauses 4.4 and 6.2.
package enum LowLatencyRules {
    /// Of one media playlist; nothing of those without parts.
    package static func issues(_ playlist: MediaPlaylist) -> [Issue] {
        let parts = playlist.segments.map(\.parts) + [playlist.segmentInProgress?.parts ?? []]
        guard let target = playlist.partInformation?.target else {
            return parts.allSatisfy(\.isEmpty) ? [] : [Issue(.partTarget, "EXT-X-PART without EXT-X-PART-INF")]
        }
        var issues = controlIssues(playlist, target)
        for (place, list) in parts.enumerated() {
            let number = playlist.mediaSequence &+ (playlist.skip?.segments ?? 0) &+ UInt64(place)
            issues += durationIssues(list, of: number, target, isWhole: place < playlist.segments.count)
        }
        for (place, segment) in playlist.segments.enumerated() where !segment.parts.isEmpty {
            let sum = segment.parts.reduce(Int128(0)) { $0 + Int128($1.duration.microseconds) }
            // Each is written to the microsecond.
            if (sum - Int128(segment.duration.duration.microseconds)).magnitude > 1000 {
                let number = playlist.mediaSequence &+ (playlist.skip?.segments ?? 0) &+ UInt64(place)
                issues.append(
                    Issue(
                        .partSum,
                        "\(sum / 1000) ms of parts in segment \(number) of \(segment.duration.duration.seconds) s"))
            }
        }
        if !playlist.isEnded, !playlist.preloadHints.contains(where: { $0.kind == .part }) {
            issues.append(Issue(.hint, "no part is hinted"))
        }
        for part in parts.joined() where !Reference.isRelative(part.uri) { issues.append(Issue(.relative, part.uri)) }
        return issues
    }

    private static func controlIssues(_ playlist: MediaPlaylist, _ target: Ticks) -> [Issue] {
        guard let control = playlist.serverControl else { return [Issue(.serverControl, "there is none")] }
        var issues: [Issue] = []
        func need(_ value: Ticks?, _ name: String, atLeast least: Int128, isRequired: Bool = false) {
            guard let value else {
                if isRequired { issues.append(Issue(.serverControl, "no \(name)")) }
                return
            }
            if value.microseconds < least {
                issues.append(Issue(.serverControl, "\(name) is \(value.seconds) s, less than \(least / 1000) ms"))
            }
        }
        let longest = Int128(playlist.targetDuration) * 1_000_000
        need(control.partHoldBack, "PART-HOLD-BACK", atLeast: Int128(target.microseconds) * 2, isRequired: true)
        need(control.holdBack, "HOLD-BACK", atLeast: longest * 3)
        need(control.canSkipUntil, "CAN-SKIP-UNTIL", atLeast: longest * 6)
        if !control.canBlockReload { issues.append(Issue(.serverControl, "no CAN-BLOCK-RELOAD=YES")) }
        return issues
    }

    private static func durationIssues(
        _ parts: [PartialSegment], of number: UInt64, _ target: Ticks, isWhole: Bool
    ) -> [Issue] {
        var issues: [Issue] = []
        for (place, part) in parts.enumerated() {
            let duration = part.duration.microseconds
            if duration > target.microseconds {
                issues.append(Issue(.partTarget, "part \(place) of \(number) lasts \(part.duration.seconds) s"))
            }
            // The newest may be the last of its segment: nobody has said so yet.
            let isLast = place == parts.count - 1
            let isFree = isLast || part.isIndependent || part.isGap || parts[place + 1].isGap
            if !isFree, Int128(duration) * 100 < Int128(target.microseconds) * 85 {
                issues.append(Issue(.partDuration, "part \(place) of \(number) lasts \(part.duration.seconds) s"))
            }
        }
        return issues
    }

    /// Of all media playlists of one presentation, fetched one after the other.
    package static func issues(together playlists: [(name: String, playlist: MediaPlaylist)]) -> [Issue] {
        let low = playlists.filter { $0.playlist.partInformation != nil }
        guard let first = low.first else { return [] }
        var issues: [Issue] = []
        for (name, playlist) in low.dropFirst() {
            if playlist.serverControl != first.playlist.serverControl {
                issues.append(Issue(.serverControl, "\(name) says another than \(first.name)"))
            }
            if playlist.partInformation != first.playlist.partInformation {
                issues.append(Issue(.partTarget, "\(name) says another than \(first.name)"))
            }
        }
        for (name, playlist) in low where !playlist.isEnded {
            let reported = playlist.renditionReports.map { Reference.name($0.uri) }
            for other in low where other.name != name && !reported.contains(other.name) {
                issues.append(Issue(.renditionReport, "\(name) has none of \(other.name)"))
            }
            for report in playlist.renditionReports {
                guard let last = report.lastSequence else {
                    issues.append(Issue(.renditionReport, "\(name) says no LAST-MSN of \(report.uri)"))
                    continue
                }
                let end = playlist.mediaSequence &+ UInt64(playlist.segments.count)
                // All of them are made in step, a segment apart at most.
                if last > end &+ 1 || last &+ 2 < end {
                    issues.append(Issue(.renditionReport, "\(name) says \(last) of \(report.uri), itself \(end &- 1)"))
                }
            }
        }
        return issues
    }

    /// Where a blocking reload must be at least.
    package static func contains(_ playlist: MediaPlaylist, segment: UInt64, part: UInt64?) -> Bool {
        let end = playlist.mediaSequence &+ (playlist.skip?.segments ?? 0) &+ UInt64(playlist.segments.count)
        if segment < end { return true }
        guard segment == end, let part else { return false }
        return UInt64(playlist.segmentInProgress?.parts.count ?? 0) > part
    }

    /// What a delta update that was completed from an earlier playlist says other than a whole one fetched beside it.
    package static func deltaIssues(_ completed: MediaPlaylist, whole: MediaPlaylist) -> [Issue] {
        for (place, segment) in completed.segments.enumerated() {
            let number = completed.mediaSequence &+ UInt64(place)
            guard number >= whole.mediaSequence, let index = Int(exactly: number - whole.mediaSequence),
                index < whole.segments.count
            else { continue }
            let other = whole.segments[index]
            if other.uri != segment.uri || other.duration != segment.duration || other.keys != segment.keys
                || other.map != segment.map
            {
                return [Issue(.deltaUpdate, "segment \(number) is \(segment.uri) with it, \(other.uri) without")]
            }
        }
        return []
    }
}
