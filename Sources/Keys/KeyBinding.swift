package import Media

/// Decides which period's key protects a segment, once and for ever.
///
/// A segment belongs to the key period of its nominal start, in the edition that was in force when it was bound. Where
/// that period's key is not there when the segment is made, the previous binding's key may go on for `graceSeconds`
/// past its own end; after that the segment waits for its own key, or, where the caller has something to show instead
/// of it, goes under the reserve key. Only such exceptions are kept, and where editions began: the rest follows from
/// the segment's place in time.
///
/// The caller persists the value whenever `bind` answers `.exception` or `.slate` and after `startEdition`, before the
/// segment is listed; and after a restart tells it by `recover(through:)` which segments already exist.
package struct KeyBinding: Sendable, Hashable, Codable {
    /// Segments `first...last` protected with the key of an earlier period, or with the reserve key.
    package struct Exception: Sendable, Hashable, Codable {
        package var first: UInt64
        package var last: UInt64
        package var period: KeyPeriod
    }

    /// From this segment on, keys are those of `edition`.
    package struct EditionStart: Sendable, Hashable, Codable {
        package var firstSegment: UInt64
        /// Its nominal start: the end of what came before.
        package var start: Ticks
        package var edition: UInt32
    }

    /// What `bind` decided.
    package enum Decision: Sendable, Hashable {
        /// The segment's own period, whose key is held.
        case own(KeyPeriod)
        /// An earlier period, within the grace. The binding must be persisted before the segment is listed.
        case exception(KeyPeriod)
        /// The segment's own period, whose key is not held yet: it cannot be served until it arrives.
        case waiting(KeyPeriod)
        /// The reserve, past the grace: what is shown is not the segment's own media. The segments from `first` on
        /// waited for keys until now, were never listed, and are bound so too. To be persisted as an exception is.
        case slate(KeyPeriod, first: UInt64)

        package var period: KeyPeriod {
            switch self {
            case .own(let period), .exception(let period), .waiting(let period), .slate(let period, _): period
            }
        }
    }

    /// In rising order, never overlapping.
    package private(set) var exceptions: [Exception] = []
    /// In rising order of both.
    package private(set) var editions: [EditionStart] = []
    /// The highest segment bound so far; everything up to it is decided.
    package private(set) var lastSegment: UInt64?
    /// The period that `lastSegment` is bound to.
    private var lastPeriod: KeyPeriod?
    /// Stretches, up to the last segment, that have waited for their keys since they were bound. Forgotten at a
    /// restart: what was listed before it is not known for sure.
    private var waiting: [Waiting] = []

    private struct Waiting: Sendable, Hashable {
        var first: UInt64
        var period: KeyPeriod
    }

    private enum CodingKeys: CodingKey { case exceptions, editions, lastSegment, lastPeriod }

    package init() {}

    /// All segments are bound anew in that edition, as where a persisted value was lost, or never was: nothing is known
    /// of what they were bound to.
    package static func beginning(edition: UInt32) -> KeyBinding {
        var binding = KeyBinding()
        binding.editions = [EditionStart(firstSegment: 0, start: Ticks(0, timescale: 1), edition: edition)]
        return binding
    }

    /// The edition of segments yet to be bound.
    package var currentEdition: UInt32 { editions.last?.edition ?? 0 }

    /// Whether `segment` is decided already.
    package func isBound(_ segment: UInt64) -> Bool { lastSegment.map { segment <= $0 } ?? false }

    /// The period whose key protects `segment`. For segments never bound this is where they would belong.
    package func period(of segment: UInt64, start: Ticks, contract: KeyContract) -> KeyPeriod {
        exception(for: segment)?.period ?? ownPeriod(of: segment, start, contract)
    }

    /// Binds a new segment; a segment already bound answers what it was bound to.
    ///
    /// - Parameters:
    ///   - start: the nominal start of the segment.
    ///   - hasSlate: whether there is something to be shown instead of a segment of that period.
    ///   - isHeld: whether the key of a period is there now.
    package mutating func bind(
        segment: UInt64, start: Ticks, contract: KeyContract, graceSeconds: UInt32,
        hasSlate: (KeyPeriod) -> Bool = { _ in false }, isHeld: (KeyPeriod) -> Bool
    ) -> Decision {
        let own = ownPeriod(of: segment, start, contract)
        if let lastSegment, segment <= lastSegment {
            if let bound = exception(for: segment) {
                return bound.period.isReserve ? .slate(bound.period, first: segment) : .exception(bound.period)
            }
            return isHeld(own) ? .own(own) : .waiting(own)
        }
        let previous = lastPeriod
        lastSegment = segment
        lastPeriod = own
        // What waited may have been listed as soon as its key was there.
        if let place = waiting.lastIndex(where: { isHeld($0.period) }) { waiting.removeFirst(place + 1) }
        if isHeld(own) {
            waiting = []
            return .own(own)
        }
        // A grace counts from the end of the key's own period, so that it cannot be chained over several boundaries.
        if let previous, previous != own, !previous.isReserve, isHeld(previous),
            start < end(of: previous, contract).adding(seconds: graceSeconds)
        {
            lastPeriod = previous
            waiting = []
            except(segment, segment, previous)
            return .exception(previous)
        }
        let reserve = KeyPeriod.reserve(edition: own.edition)
        // In this order: to be asked whether a key is held is to need it.
        guard hasSlate(own), isHeld(reserve) else {
            if waiting.last?.period != own { waiting.append(Waiting(first: segment, period: own)) }
            return .waiting(own)
        }
        let first = waiting.first?.first ?? segment
        waiting = []
        lastPeriod = reserve
        except(first, segment, reserve)
        return .slate(reserve, first: first)
    }

    private mutating func except(_ first: UInt64, _ last: UInt64, _ period: KeyPeriod) {
        if let before = exceptions.last, before.period == period, before.last &+ 1 == first {
            exceptions[exceptions.count - 1].last = last
        } else {
            exceptions.append(Exception(first: first, last: last, period: period))
        }
    }

    /// An emergency rotation: from `firstSegment` on, which starts at `start` and is not bound yet, other keys.
    ///
    /// - Returns: the new edition.
    package mutating func startEdition(at firstSegment: UInt64, start: Ticks) -> UInt32 {
        let edition = currentEdition &+ 1
        let first = max(firstSegment, lastSegment.map { $0 &+ 1 } ?? 0)
        editions.append(EditionStart(firstSegment: first, start: start, edition: edition))
        return edition
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
        // The edition that the oldest segment is in began before it and stays.
        if let current = editions.lastIndex(where: { $0.firstSegment <= segment }), current > 0 {
            editions.removeFirst(current)
        }
    }

    private func ownPeriod(of segment: UInt64, _ start: Ticks, _ contract: KeyContract) -> KeyPeriod {
        let edition = editions.last { $0.firstSegment <= segment }?.edition ?? 0
        return KeyPeriod(contract.index(at: start), edition: edition)
    }

    /// When a period is over by itself: at its rotation, or where a later edition began.
    private func end(of period: KeyPeriod, _ contract: KeyContract) -> Ticks {
        let rotation =
            contract.rotationIntervalSeconds > 0
            ? Ticks(contract.startSeconds(of: period.index + 1), timescale: 1) : Ticks(.max, timescale: 1)
        guard let next = editions.first(where: { $0.edition > period.edition }) else { return rotation }
        return min(rotation, next.start)
    }

    private func exception(for segment: UInt64) -> Exception? {
        exceptions.last { $0.first <= segment && segment <= $0.last }
    }
}

extension Ticks {
    fileprivate func adding(seconds: UInt32) -> Ticks {
        let (length, tooLong) = Int64(seconds).multipliedReportingOverflow(by: Int64(timescale))
        let (sum, overflow) = value.addingReportingOverflow(tooLong ? .max : length)
        return Ticks(overflow ? .max : sum, timescale: timescale)
    }
}
