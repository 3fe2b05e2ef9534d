/// The segments of a representation one by one, runs of equal ones as one. ISO/IEC 23009-1:2022, clause 5.3.9.6.
package struct SegmentTimeline: Sendable, Hashable {
    /// Segments of equal duration without a hole between them.
    package struct Run: Sendable, Hashable {
        /// The first one's earliest presentation time, in the template's timescale.
        package var start: UInt64
        /// Of each one.
        package var duration: UInt64
        /// How many more than one; below 0: up to the next run.
        package var repeats: Int64

        package init(start: UInt64, duration: UInt64, repeats: Int64 = 0) {
            self.start = start
            self.duration = duration
            self.repeats = repeats
        }

        /// Where its last segment ends, and the next starts without saying so; nil where the run goes on without an
        /// end, or beyond 64 bits.
        package var end: UInt64? {
            guard let count = UInt64(exactly: repeats)?.addingReportingOverflow(1), !count.overflow else { return nil }
            let (length, overflows) = duration.multipliedReportingOverflow(by: count.partialValue)
            let (end, alsoOverflows) = start.addingReportingOverflow(length)
            return overflows || alsoOverflows ? nil : end
        }
    }

    package var runs: [Run]

    package init(runs: [Run] = []) { self.runs = runs }

    /// Adds a segment to the last run, or begins one where duration or start do not fit it.
    package mutating func append(start: UInt64, duration: UInt64) {
        if let last = runs.last, last.duration == duration, last.end == start {
            runs[runs.count - 1].repeats += 1
        } else {
            runs.append(Run(start: start, duration: duration))
        }
    }

    /// The first `limit` segments, one by one; a last run without an end counts as one segment.
    package func segments(limit: Int) -> [(start: UInt64, duration: UInt64)] {
        var segments: [(start: UInt64, duration: UInt64)] = []
        for (index, run) in runs.enumerated() {
            var start = run.start
            var left = repeats(of: run, at: index)
            while segments.count < limit {
                segments.append((start, run.duration))
                let (next, overflows) = start.addingReportingOverflow(run.duration)
                guard left > 0, !overflows else { break }
                start = next
                left -= 1
            }
        }
        return segments
    }

    /// How many segments `segments` gives.
    package func count(limit: Int) -> Int {
        var count = 0
        for index in runs.indices where count < limit {
            count = min(count + Int(min(lastRepeat(of: index), UInt64(limit))) + 1, limit)
        }
        return count
    }

    /// How many more than one there are of a run, which may go on up to the next.
    private func repeats(of run: Run, at index: Int) -> Int64 {
        guard run.repeats < 0 else { return run.repeats }
        let next = index + 1 < runs.count ? runs[index + 1].start : run.start
        return run.duration > 0 && next > run.start ? Int64(clamping: (next - run.start - 1) / run.duration) : 0
    }

    /// The first pair of segments, one of each, that are not the same, where both are listed; nil where there is none.
    ///
    /// - Parameter gone: so many of the other's first segments have nothing here beside them.
    package func difference(
        from other: SegmentTimeline, dropping gone: UInt64
    ) -> (here: (start: UInt64, duration: UInt64), there: (start: UInt64, duration: UInt64))? {
        var (here, there) = (Cursor(self), Cursor(other))
        there.skip(gone)
        while let one = here.segment, let two = there.segment {
            if one != two { return (one, two) }
            let step = min(here.left, there.left) + 1
            here.skip(step)
            there.skip(step)
        }
        return nil
    }

    /// A place in a timeline.
    private struct Cursor {
        private let timeline: SegmentTimeline
        private var index = 0
        /// Segments of the run before this place.
        private var passed: UInt64 = 0
        /// Segments of the run behind this one.
        private(set) var left: UInt64 = 0

        init(_ timeline: SegmentTimeline) {
            self.timeline = timeline
            enter()
        }

        var segment: (start: UInt64, duration: UInt64)? {
            guard index < timeline.runs.count else { return nil }
            let run = timeline.runs[index]
            return (run.start &+ passed &* run.duration, run.duration)
        }

        mutating func skip(_ count: UInt64) {
            var count = count
            while count > left {
                guard index < timeline.runs.count else { return }
                count -= left + 1
                index += 1
                enter()
            }
            passed += count
            left -= count
        }

        private mutating func enter() {
            (passed, left) = (0, 0)
            guard index < timeline.runs.count else { return }
            left = timeline.lastRepeat(of: index)
        }
    }

    /// Segments of a run but the first, of those that begin within 64 bits.
    private func lastRepeat(of index: Int) -> UInt64 {
        let run = runs[index]
        let fitting = run.duration > 0 ? (.max - run.start) / run.duration : .max
        return min(UInt64(repeats(of: run, at: index)), fitting)
    }

    /// An `S` element as it is written: where it begins only where that does not follow.
    struct Entry: Sendable, Hashable {
        let start: UInt64?
        let duration: UInt64
        let repeats: Int64

        func write(to writer: inout XMLWriter, namespace: String? = nil) {
            writer.element(
                "S",
                [
                    "xmlns": namespace, "t": start.map { String($0) }, "d": String(duration),
                    "r": repeats == 0 ? nil : String(repeats),
                ])
        }
    }

    var entries: [Entry] {
        var next: UInt64?
        return runs.map { run in
            defer { next = run.end }
            return Entry(
                start: run.start == next ? nil : run.start, duration: run.duration, repeats: run.repeats)
        }
    }

    func write(to writer: inout XMLWriter, namespace: String? = nil) {
        writer.element("SegmentTimeline", ["xmlns": namespace]) { writer in
            for entry in entries { entry.write(to: &writer) }
        }
    }
}
