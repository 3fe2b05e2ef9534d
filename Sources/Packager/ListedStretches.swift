import Media
import Settings
import Timeline

/// What tells whether segments that were listed are listed still, and the same: the runs that they are in, each from its
/// first listed number to its last. A window only grows at its end and shrinks at its beginning.
struct ListedStretches: Sendable, Equatable {
    private struct Stretch: Sendable, Equatable {
        let run: SegmentRun
        let first: UInt64
        let last: UInt64
        let count: Int
    }

    private let endpoint: EndpointProfile
    private let revision: String
    private let targetDuration: Int64
    private let stretches: [Stretch]

    init(_ window: EndpointWindow) {
        endpoint = window.endpoint
        revision = window.revision
        targetDuration = window.targetDuration
        let segments = window.segments
        stretches = segments.stretches(in: window.listed.indices).map { stretch in
            Stretch(
                run: stretch.run, first: segments[stretch.places.lowerBound].number,
                last: segments[stretch.places.upperBound - 1].number, count: stretch.places.count)
        }
    }

    /// The last number that is listed.
    var last: UInt64? { stretches.last?.last }

    /// Whether all of this that `later` reaches back to is listed there, with nothing new before its end.
    func goesOn(in later: ListedStretches) -> Bool {
        guard endpoint == later.endpoint, revision == later.revision, targetDuration == later.targetDuration,
            let begin = later.stretches.first?.first, let end = last, later.last.map({ $0 >= end }) ?? false
        else { return false }
        let kept = stretches.drop { $0.last < begin }
        guard kept.count <= later.stretches.count else { return false }
        return zip(kept.indices, later.stretches).allSatisfy { place, new in
            let old = stretches[place]
            let (isFirst, isLast) = (place == kept.startIndex, place == stretches.count - 1)
            guard new.run == old.run else { return false }
            guard isFirst ? new.first >= old.first : new.first == old.first else { return false }
            guard isLast ? new.last >= old.last : new.last == old.last else { return false }
            return isFirst || isLast || new.count == old.count
        }
    }
}
