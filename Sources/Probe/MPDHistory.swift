package import DASH
import Media

/// What the MPDs of one presentation have said, to compare the next one with.
package struct MPDHistory: Sendable {
    private var availabilityStart: Ticks?
    private var publishTime: Ticks?
    private var text: [UInt8] = []
    private var periodStarts: [String: Int64] = [:]
    private var segments: [String: UInt64] = [:]
    /// When each listed segment ends, in microseconds since the availability start time.
    private var ends: [String: Int64] = [:]

    package init() {}

    /// Compares an MPD with all before it, and remembers it.
    ///
    /// - Parameter elapsed: microseconds since the availability start time.
    package mutating func take(_ mpd: MPD, text: [UInt8], elapsed: Int64) -> [Issue] {
        var issues: [Issue] = []
        if let availabilityStart, mpd.availabilityStartTime != availabilityStart {
            issues.append(Issue(.availability, "it has changed"))
        }
        if let publishTime, let next = mpd.publishTime {
            if next < publishTime {
                issues.append(Issue(.publishTime, "\(next.seconds) s after \(publishTime.seconds) s"))
            } else if next == publishTime, text != self.text {
                issues.append(Issue(.publishTime, "the MPD has changed, publishTime has not"))
            }
        }
        for (period, start) in zip(mpd.periods, mpd.periodStarts) {
            guard let start else { continue }
            if let known = periodStarts[period.id], known != start {
                issues.append(Issue(.periods, "the start of \(period.id) has changed by \((start - known) / 1000) ms"))
            }
            periodStarts[period.id] = start
        }
        var listed: [String: UInt64] = [:]
        var ends: [String: Int64] = [:]
        for index in mpd.periods.indices {
            for representation in mpd.representations(ofPeriod: index) {
                guard case .timeline = representation.template.addressing else { continue }
                for segment in representation.segments(periodEnd: nil, now: 0, depth: 0) {
                    guard let url = representation.url(of: segment) else { continue }
                    if let other = segments[url] ?? listed[url], other != segment.time {
                        issues.append(Issue(.timelineIdentity, "\(url) was at \(other), is at \(segment.time)"))
                    }
                    listed[url] = segment.time
                    ends[url] = segment.end
                }
            }
        }
        // What has left the window cannot come back but by a fault that period starts and publishTime show too.
        segments = listed
        if mpd.type == .dynamic, !listed.isEmpty, let depth = mpd.timeShiftBufferDepth?.microseconds {
            let early = self.ends.filter { ends[$0.key] == nil && $0.value > elapsed &- depth }
            if let (url, end) = early.max(by: { $0.value < $1.value }) {
                let detail = "\(url) has left \((end &- (elapsed &- depth)) / 1000) ms early"
                issues.append(Issue(.timeShift, detail))
            }
        }
        self.ends = ends
        availabilityStart = availabilityStart ?? mpd.availabilityStartTime
        publishTime = max(publishTime ?? Ticks(0, timescale: 1), mpd.publishTime ?? Ticks(0, timescale: 1))
        self.text = text
        return issues
    }
}
