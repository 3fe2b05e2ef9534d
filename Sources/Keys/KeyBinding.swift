package import Media

/// Decides which period's key protects a segment, once and for ever.
///
/// A segment belongs to the key period of its nominal start. Where that period's key is not there when the segment is
/// made, the previous binding's key may go on for `graceSeconds` past its own end; after that the segment waits for
/// its own key. Only such exceptions are kept: the rest follows from the segment's place in time.
///
/// The caller persists the value whenever `bind` answers `.exception`, before the segment is listed; and after a
/// restart tells it by `recover(through:)` which segments already exist.
package struct KeyBinding: Sendable, Hashable, Codable {
    /// Segments `first...last` protected with the key of an earlier period.
    package struct Exception: Sendable, Hashable, Codable {
        package var first: UInt64
        package var last: UInt64
        package var period: UInt64
    }

    /// What `bind` decided.
    package enum Decision: Sendable, Hashable {
        /// The segment's own period, whose key is held.
        case own(UInt64)
        /// An earlier period, within the grace. The binding must be persisted before the segment is listed.
        case exception(UInt64)
        /// The segment's own period, whose key is not held yet: it cannot be served until it arrives.
        case waiting(UInt64)

        package var period: UInt64 {
            switch self {
            case .own(let period), .exception(let period), .waiting(let period): period
            }
        }
    }

    /// In rising order, never overlapping.
    package private(set) var exceptions: [Exception] = []
    /// The highest segment bound so far; everything up to it is decided.
    package private(set) var lastSegment: UInt64?
    /// The period that `lastSegment` is bound to.
    private var lastPeriod: UInt64?

    package init() {}

    /// The period whose key protects `segment`. For segments never bound this is where they would belong.
    package func period(of segment: UInt64, start: Ticks, contract: KeyContract) -> UInt64 {
        exception(for: segment)?.period ?? contract.period(at: start)
    }

    /// Binds a new segment; a segment already bound answers what it was bound to.
    ///
    /// `start` is the nominal start of the segment; `isHeld` says whether the key of a period is there now.
    package mutating func bind(
        segment: UInt64, start: Ticks, contract: KeyContract, graceSeconds: UInt32, isHeld: (UInt64) -> Bool
    ) -> Decision {
        let own = contract.period(at: start)
        if let lastSegment, segment <= lastSegment {
            if let bound = exception(for: segment) { return .exception(bound.period) }
            return isHeld(own) ? .own(own) : .waiting(own)
        }
        let previous = lastPeriod
        lastSegment = segment
        lastPeriod = own
        if isHeld(own) { return .own(own) }
        // A grace counts from the end of the key's own period, so that it cannot be chained over several boundaries.
        guard let previous, previous < own, isHeld(previous),
            start < Ticks(contract.startSeconds(of: previous + 1), timescale: 1).adding(seconds: graceSeconds)
        else { return .waiting(own) }
        lastPeriod = previous
        if let last = exceptions.last, last.period == previous, last.last &+ 1 == segment {
            exceptions[exceptions.count - 1].last = segment
        } else {
            exceptions.append(Exception(first: segment, last: segment, period: previous))
        }
        return .exception(previous)
    }

    /// After a restart: segments up to `segment` exist already and keep what they are bound to.
    package mutating func recover(through segment: UInt64, start: Ticks, contract: KeyContract) {
        if let lastSegment, lastSegment >= segment { return }
        lastSegment = segment
        lastPeriod = period(of: segment, start: start, contract: contract)
    }

    /// Forgets the exceptions of segments before `segment`, which have left the storage window.
    package mutating func forget(before segment: UInt64) {
        exceptions.removeAll { $0.last < segment }
    }

    private func exception(for segment: UInt64) -> Exception? {
        exceptions.last { $0.first <= segment && segment <= $0.last }
    }
}

extension Ticks {
    fileprivate func adding(seconds: UInt32) -> Ticks {
        let (sum, overflow) = value.addingReportingOverflow(Int64(seconds))
        return Ticks(overflow ? .max : sum, timescale: timescale)
    }
}
