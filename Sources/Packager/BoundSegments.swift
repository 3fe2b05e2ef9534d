package import Keys
package import Slate
package import Timeline

/// The segments of a window that can be served, by rising number, each with its key: spans of the window under one key,
/// so that it costs what the keys cost and not what the segments do.
package struct BoundSegments: RandomAccessCollection, Sendable {
    private struct Span {
        /// In the window.
        let first: Int
        /// In here: where the one before it ends.
        let start: Int
        var count: Int
        let run: SegmentRun
        let keys: PeriodKeys?
        let slate: Slate?
    }

    private let window: WindowSegments
    private var spans: [Span] = []

    /// None of the window's segments, until they are added.
    package init(of window: WindowSegments) { self.window = window }

    /// - Parameter segments: by rising number.
    package init(_ segments: some Sequence<BoundSegment>) {
        let all = Array(segments)
        window = WindowSegments(all.lazy.map(\.segment))
        for (place, bound) in all.enumerated() {
            add(place..<place + 1, bound.run, keys: bound.keys, slate: bound.slate)
        }
    }

    /// Adds a stretch of the window, all of it after what was added before.
    /// - Parameters:
    ///   - keys: nil for an endpoint in the clear.
    ///   - slate: nil: their own media.
    package mutating func add(_ places: Range<Int>, _ run: SegmentRun, keys: PeriodKeys?, slate: Slate?) {
        guard !places.isEmpty else { return }
        if let last = spans.last, last.run == run, last.slate?.id == slate?.id,
            last.first + last.count == places.lowerBound
        {
            spans[spans.count - 1].count += places.count
        } else {
            spans.append(
                Span(
                    first: places.lowerBound, start: endIndex, count: places.count, run: run, keys: keys, slate: slate))
        }
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { spans.last.map { $0.start + $0.count } ?? 0 }

    package subscript(place: Int) -> BoundSegment {
        let span = spans[span(of: place)]
        return BoundSegment(
            segment: window[span.first + place - span.start], keys: span.keys, run: span.run, slate: span.slate)
    }

    /// A segment's number, without all that it is bound to.
    func number(at place: Int) -> UInt64 {
        let index = span(of: place)
        return window[spans[index].first + place - spans[index].start].number
    }

    /// The last span that does not begin behind a place; 0 where there is none.
    private func span(of place: Int) -> Int {
        var low = 0
        var high = spans.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if spans[middle].start <= place { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// A stretch of them with nothing but segments in between, and all of one run.
    struct Stretch {
        let run: SegmentRun
        let keys: PeriodKeys?
        let places: Range<Int>
    }

    /// What lies in `places` of each run, in order: costs what the runs cost and not what the segments do.
    func stretches(in places: Range<Int>) -> some Sequence<Stretch> {
        spans[span(of: places.lowerBound)...].lazy.prefix { $0.start < places.upperBound }.map { span in
            Stretch(
                run: span.run, keys: span.keys, places: (span.start..<span.start + span.count).clamped(to: places))
        }
    }

    /// The segments in `places` by themselves, in order.
    func forEachSegment(in places: Range<Int>, _ body: (WindowSegment) -> Void) {
        guard !places.isEmpty else { return }
        for span in spans[span(of: places.lowerBound)...] {
            let own = (span.start..<span.start + span.count).clamped(to: places)
            guard !own.isEmpty else { return }
            for place in own { body(window[span.first + place - span.start]) }
        }
    }

    /// Of each run the last segment, the newest first: what asks for runs need not walk through days.
    package var lastOfRuns: some Sequence<BoundSegment> {
        spans.reversed().lazy.map { self[$0.start + $0.count - 1] }
    }
}
