import HLS
import Media

/// What low latency adds: parts, and what is said of the one that comes next. RFC 8216bis (draft 16), clauses 4.4.3.7,
/// 4.4.4.9, 4.4.5.3 and 6.2.2.
extension PlaylistRevision {
    /// Of the longest that a part may be, how much each must be but the last of its segment.
    private static let leastShare: Int64 = 85
    /// What fills in for a lost input is cut at times, and may be a frame longer.
    private static let frame = Ticks(50, timescale: 1000)

    func checkParts() throws(Violation) {
        let open = playlist.segmentInProgress
        guard let target = playlist.partInformation?.target else {
            guard open == nil, playlist.segments.allSatisfy({ $0.parts.isEmpty }) else {
                throw Violation("RFC 8216bis, 4.4.3.7", "there are parts, and nothing says how long they are at most")
            }
            return
        }
        for (index, segment) in playlist.segments.enumerated() {
            try check(segment.parts, of: number(at: index), target)
        }
        if let open { try check(open.parts, of: end, target) }
        try checkHint()
    }

    private func check(_ parts: [PartialSegment], of number: UInt64, _ target: Ticks) throws(Violation) {
        for (index, part) in parts.enumerated() {
            let milliseconds = part.duration.milliseconds
            guard part.duration.value > 0, Self.microseconds(part.duration) <= Self.microseconds(target, Self.frame)
            else {
                throw Violation(
                    "RFC 8216bis, 4.4.4.9",
                    "part \(index) of segment \(number) lasts \(milliseconds) ms of \(target.milliseconds) at most")
            }
            guard
                index == parts.count - 1 || part.isGap
                    || Self.microseconds(part.duration) * 100 >= Self.microseconds(target) * Self.leastShare
            else {
                throw Violation(
                    "RFC 8216bis, 4.4.4.9",
                    "part \(index) of segment \(number) lasts \(milliseconds) ms of \(target.milliseconds)")
            }
        }
        guard Set(parts.map(\.uri)).count == parts.count else {
            throw Violation("RFC 8216bis, 4.4.4.9", "a part of segment \(number) is there twice")
        }
    }

    /// The part that is hinted is the next one of the segment under way, or the first of the segment after it.
    private func checkHint() throws(Violation) {
        guard let hint = playlist.preloadHints.first(where: { $0.kind == .part }) else { return }
        let parts = playlist.segmentInProgress?.parts ?? []
        let allowed = parts.isEmpty ? ["\(end).0"] : ["\(end).\(parts.count)", "\(end &+ 1).0"]
        let name = hint.uri.split(separator: "/").last ?? ""
        guard !playlist.isEnded, allowed.contains(where: { name.hasPrefix($0 + ".") }) else {
            throw Violation(
                "RFC 8216bis, 4.4.5.3",
                "\(hint.uri) is hinted, and what comes next is \(allowed.joined(separator: " or "))"
            )
        }
    }

    /// What was listed of a segment stays as it is until nobody needs it any more: three target durations from the end.
    func checkParts(after previous: PlaylistRevision) throws(Violation) {
        let before = previous.playlist
        if let target = before.partInformation?.target, playlist.mediaSequence < previous.end {
            guard playlist.partInformation?.target == target else {
                throw Violation("RFC 8216bis, 4.4.3.7", "the longest that a part may be has changed")
            }
        }
        try checkUnderWay(after: previous)
        // Where exactly that is nobody checks to the second. Before a gap nobody needs them either.
        let reach = Int64(clamping: playlist.targetDuration) * 3_000_000 - 1_000_000
        var after = playlist.segmentInProgress?.parts.reduce(0) { $0 &+ Self.microseconds($1.duration) } ?? 0
        var areNeeded = true
        for (index, segment) in playlist.segments.enumerated().reversed() {
            let number = number(at: index)
            areNeeded = areNeeded && after < reach && !segment.isGap
            after = after &+ Self.microseconds(segment.duration.duration)
            guard number < previous.end, number >= before.mediaSequence else { continue }
            let known = before.segments[Int(number - before.mediaSequence)].parts
            guard known.isEmpty || segment.parts == known || segment.parts.isEmpty && !areNeeded else {
                throw Self.changed(number)
            }
        }
    }

    /// The segment that was under way still is, or is whole, with the parts that it had.
    private func checkUnderWay(after previous: PlaylistRevision) throws(Violation) {
        let number = previous.end
        guard let old = previous.playlist.segmentInProgress, !old.parts.isEmpty, number >= playlist.mediaSequence
        else { return }
        let discontinuity =
            (previous.discontinuities.last ?? previous.playlist.discontinuitySequence) &+ (old.isDiscontinuity ? 1 : 0)
        guard number < end else {
            guard let open = playlist.segmentInProgress else {
                throw Violation("RFC 8216bis, 6.2.2", "the parts of segment \(number) were taken back")
            }
            let isSame = open.parts.starts(with: old.parts) && open.keys == old.keys && open.map == old.map
            guard isSame, open.isDiscontinuity == old.isDiscontinuity else { throw Self.changed(number) }
            return
        }
        let place = Int(number - playlist.mediaSequence)
        let segment = playlist.segments[place]
        let after = playlist.segments[(place + 1)...].reduce(0) { $0 + Self.microseconds($1.duration.duration) }
        let isFar = after >= Int64(clamping: playlist.targetDuration) * 3_000_000 - 1_000_000
        let hasParts =
            segment.parts.starts(with: old.parts)
            || segment.parts.isEmpty && (isFar || playlist.segments[(place + 1)...].contains(where: \.isGap))
        guard hasParts, !segment.isGap, segment.keys == old.keys, segment.map == old.map,
            discontinuities[place] == discontinuity
        else { throw Self.changed(number) }
    }

    private static func changed(_ number: UInt64) -> Violation {
        Violation("RFC 8216bis, 6.2.2", "the parts of segment \(number) are not what they were")
    }

    private static func microseconds(_ first: Ticks, _ second: Ticks) -> Int64 {
        microseconds(first) &+ microseconds(second)
    }
}
