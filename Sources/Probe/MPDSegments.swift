import DASH
import Media

/// One representation of one period, and the segments that the MPD says it has.
struct MPDRepresentation {
    var period: Period
    /// Microseconds of presentation time.
    var periodStart: Int64
    var adaptationSet: AdaptationSet
    var representation: Representation
    var template: SegmentTemplate

    var protections: [ContentProtection] { adaptationSet.contentProtections + representation.contentProtections }
    var codecs: String? { representation.codecs ?? adaptationSet.codecs }

    /// The period goes on where the one before ended, with the same tracks. ISO/IEC 23009-1:2022, clause 5.3.2.4.
    var isContinued: Bool {
        adaptationSet.supplementalProperties.contains { $0.schemeIDURI == "urn:mpeg:dash:period-continuity:2015" }
    }

    /// Microseconds of one picture or AAC frame; that of 25 pictures a second where the MPD does not say.
    var frame: Int64 {
        if let rate = representation.frameRate ?? adaptationSet.maxFrameRate {
            return Int64(rate.denominator) * 1_000_000 / Int64(rate.numerator)
        }
        if let rate = representation.audioSamplingRate, rate > 0 { return 1_024_000_000 / Int64(rate) }
        return 40_000
    }

    struct Segment {
        var number: UInt64
        /// Media time in ticks.
        var time: UInt64
        var duration: UInt64
        /// Microseconds of presentation time.
        var start: Int64
        var end: Int64
    }

    /// The listed segments, oldest first, at most 20,000.
    ///
    /// - Parameters:
    ///   - periodEnd: microseconds; nil for the last period of a live presentation.
    ///   - now: microseconds since the availability start time.
    ///   - depth: microseconds of the window.
    func segments(periodEnd: Int64?, now: Int64, depth: Int64) -> [Segment] {
        switch template.addressing {
        case .timeline(let timeline):
            return timeline.segments(limit: 20_000).enumerated().map { index, entry in
                segment(number: template.startNumber &+ UInt64(index), time: entry.start, duration: entry.duration)
            }
        case .duration(let duration):
            let length = Ticks(Int64(clamping: duration), timescale: template.timescale).microseconds
            guard length > 0 else { return [] }
            let end = min(now, periodEnd ?? now) - periodStart
            let last = end / length - 1
            guard last >= 0 else { return [] }
            let first = max(0, (now - depth - periodStart) / length, last - 20_000)
            guard first <= last else { return [] }
            return (first...last).compactMap { index in
                let (offset, overflows) = duration.multipliedReportingOverflow(by: UInt64(index))
                guard !overflows else { return nil }
                return segment(
                    number: template.startNumber &+ UInt64(index),
                    time: template.presentationTimeOffset &+ offset, duration: duration)
            }
        }
    }

    private func segment(number: UInt64, time: UInt64, duration: UInt64) -> Segment {
        func microseconds(_ ticks: UInt64) -> Int64 {
            Ticks(Int64(clamping: ticks), timescale: template.timescale).microseconds
        }
        let start = periodStart + (microseconds(time) - microseconds(template.presentationTimeOffset))
        return Segment(
            number: number, time: time, duration: duration, start: start, end: start + microseconds(duration))
    }

    func url(of segment: Segment) -> String? {
        SegmentTemplate.expand(
            template.media, representationID: representation.id, bandwidth: representation.bandwidth,
            number: segment.number, time: segment.time)
    }

    var initializationURL: String? {
        template.initialization.flatMap {
            SegmentTemplate.expand($0, representationID: representation.id, bandwidth: representation.bandwidth)
        }
    }
}

extension MPD {
    /// Each period's start in microseconds: its own, or the end of the one before; nil where neither is said.
    var periodStarts: [Int64?] {
        var next: Int64? = 0
        return periods.map { period in
            let start = period.start?.microseconds ?? next
            next = start.flatMap { start in period.duration.map { start + $0.microseconds } }
            return start
        }
    }

    /// Where a period ends in microseconds, as far as it is said.
    func periodEnd(_ index: Int) -> Int64? {
        let starts = periodStarts
        if let start = starts[index], let duration = periods[index].duration { return start + duration.microseconds }
        return index + 1 < starts.count ? starts[index + 1] : nil
    }

    /// The representations of one period that have a template and a start.
    func representations(ofPeriod index: Int) -> [MPDRepresentation] {
        guard let start = periodStarts[index] else { return [] }
        // Images have no header, and nothing is decoded of them.
        return periods[index].adaptationSets.filter { $0.contentType != .image }.flatMap { set in
            set.representations.compactMap { representation in
                (representation.segmentTemplate ?? set.segmentTemplate).map {
                    MPDRepresentation(
                        period: periods[index], periodStart: start, adaptationSet: set, representation: representation,
                        template: $0)
                }
            }
        }
    }

    /// Nothing will be added: static, or a last period that says how long it is and no update to come.
    var isFinal: Bool { type == .static || minimumUpdatePeriod == nil }

    /// Microseconds of the window; a century where the MPD does not say.
    var depth: Int64 { timeShiftBufferDepth?.microseconds ?? 3_000_000_000_000_000 }
}
