import HLS
import Media
import SCTE35
import Settings
import Timeline

/// What media playlists say of splices: at the first segment behind each, the same in every rendition.
extension PlaylistPackager {
    /// The lines that stand before a segment.
    /// - Parameter previous: nil: it is the first that is listed.
    static func markers(at segment: BoundSegment, _ previous: BoundSegment?, _ window: EndpointWindow) -> [String] {
        let markers = window.endpoint.adMarkers
        guard !markers.isEmpty, !window.adBreaks.isEmpty else { return [] }
        var lines: [String] = []
        if markers.contains(.daterange) { lines += ranges(at: segment.number, isFirst: previous == nil, window) }
        if markers.contains(.cueOutIn) || markers.contains(.enhanced) {
            lines += cues(at: segment, window, isEnhanced: markers.contains(.enhanced))
        }
        return lines
    }

    /// The lines behind the last segment: what is known to come.
    static func laterMarkers(_ window: EndpointWindow) -> [String] {
        guard window.endpoint.adMarkers.contains(.daterange), window.shift == nil else { return [] }
        let last = window.underWay?.bound.number ?? window.segments.last?.number ?? 0
        return window.adBreaks.filter { !$0.isCancelled }.flatMap { one in
            var lines: [String] = []
            if one.begin.map({ $0.number > last }) ?? true { lines.append(opening(one).line) }
            if one.end.map({ $0.number > last }) ?? true, let closing = closing(one) { lines.append(closing.line) }
            return lines
        }
    }

    // MARK: EXT-X-DATERANGE. RFC 8216, clause 4.3.2.7.1

    /// What began before the first listed segment and goes on is said there.
    private static func ranges(at number: UInt64, isFirst: Bool, _ window: EndpointWindow) -> [String] {
        var lines: [String] = []
        for one in window.adBreaks {
            guard let begin = one.begin, begin.number <= number else { continue }
            let isOver = one.end.map { $0.number < number } ?? false
            if begin.number == number || (isFirst && !isOver) { lines.append(opening(one).line) }
            if one.end?.number == number, let closing = closing(one) { lines.append(closing.line) }
        }
        return lines
    }

    private static func opening(_ one: AdBreak) -> DateRange {
        DateRange(
            id: one.id, startDate: Ticks(one.start, timescale: 90_000),
            plannedDuration: one.plannedDuration.map { Ticks($0, timescale: 90_000) },
            spliceOut: one.kind == .avail ? one.section : nil, spliceCommand: one.kind == .command ? one.section : nil)
    }

    /// Another tag for the same range, once somebody has said that it is over.
    private static func closing(_ one: AdBreak) -> DateRange? {
        guard one.kind == .avail, let section = one.returnSection, let time = one.returnTime else { return nil }
        return DateRange(
            id: one.id, startDate: Ticks(one.start, timescale: 90_000),
            duration: Ticks(max(time - one.start, 0), timescale: 90_000), spliceIn: section)
    }

    // MARK: EXT-X-CUE-OUT and EXT-X-CUE-IN

    /// Of breaks within breaks the outermost counts.
    private static func cues(at segment: BoundSegment, _ window: EndpointWindow, isEnhanced: Bool) -> [String] {
        let number = segment.number
        let around = window.adBreaks.filter { $0.contains(number) }
        // The first that began, of those that are left.
        let outermost = around.min { ($0.begin?.number ?? 0, $0.start) < ($1.begin?.number ?? 0, $1.start) }
        let goesOn = outermost?.begin.map { $0.number < number } ?? false
        var lines: [String] = []
        let ends = window.adBreaks.contains { $0.kind == .avail && $0.end?.number == number && $0.begin != nil }
        if ends, !goesOn { lines.append(CueIn().line) }
        guard let outermost, let begin = outermost.begin else { return lines }
        let duration = outermost.plannedDuration.map { Ticks($0, timescale: 90_000) }
        let section = isEnhanced ? SpliceText.base64(outermost.section) : nil
        guard goesOn else {
            if let section { lines.append(SpliceSection(base64: section).line) }
            if isEnhanced, outermost.identifierType == 8 {
                lines.append(Asset(airing: outermost.identifier).line)
            }
            return lines + [CueOut(duration: duration).line]
        }
        let elapsed = Ticks(max(start(of: segment, window) - begin.start, 0), timescale: 90_000)
        return lines + [CueOutContinued(elapsed: elapsed, duration: duration, section: section).line]
    }

    /// Of the first track, whatever is listed: the same for all.
    private static func start(of segment: BoundSegment, _ window: EndpointWindow) -> Int64 {
        guard let set = window.trackSets[segment.segment.generation], let stored = set.tracks.first,
            let share = segment.segment.tracks.first
        else { return window.nominalStart(of: segment.number).rescaled(to: 90_000).value }
        return Ticks(share.decodeTime, timescale: stored.track.timescale).rescaled(to: 90_000).value
    }
}
