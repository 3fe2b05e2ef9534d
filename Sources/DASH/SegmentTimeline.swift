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
            var left = run.repeats
            if left < 0 {
                let next = index + 1 < runs.count ? runs[index + 1].start : start
                left = run.duration > 0 && next > start ? Int64(clamping: (next - start - 1) / run.duration) : 0
            }
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
