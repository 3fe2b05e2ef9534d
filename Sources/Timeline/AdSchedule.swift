package import SCTE35

/// The ad breaks of a channel: what sections say of them, and which segments they came to begin and end with. Pure.
///
/// A segment is looked at once, when it is first shown: what is said of it then stays, however late a section comes.
package struct AdSchedule: Sendable {
    /// By their beginning.
    package private(set) var breaks: [AdBreak] = []
    /// The newest segment that was shown.
    private var newest: UInt64?

    /// More are not kept; who sends so many is not heard.
    static let mostBreaks = 1024
    /// What is said of one event for times this close, in 90 kHz ticks, is said twice: by another encoder, or again.
    private static let same: Int64 = 90_000
    /// So much later than the splice a segment may seem to begin by rounding: 20 ms.
    private static let tolerance: Int64 = 1800

    package init(_ breaks: [AdBreak] = [], newest: UInt64? = nil) {
        self.breaks = breaks.sorted { $0.start < $1.start }
        self.newest = newest
    }

    /// Takes a section's word.
    ///
    /// - Parameter time: of the splice, in 90 kHz ticks since the epoch.
    /// - Returns: what is new or other than it was.
    package mutating func take(_ section: SpliceInfoSection, _ bytes: [UInt8], at time: Int64) -> [AdBreak] {
        section.signals.flatMap { take($0, bytes, at: time) }
    }

    private mutating func take(_ signal: AdSignal, _ bytes: [UInt8], at time: Int64) -> [AdBreak] {
        switch signal.kind {
        case .out: return begin(signal, .avail, bytes, at: time)
        case .command: return begin(signal, .command, bytes, at: time)
        case .in: return end(signal, bytes, at: time)
        case .cancel: return cancel(signal, bytes, at: time)
        }
    }

    private mutating func begin(
        _ signal: AdSignal, _ kind: AdBreak.Kind, _ bytes: [UInt8], at time: Int64
    ) -> [AdBreak] {
        var changed: [AdBreak] = []
        for index in breaks.indices where breaks[index].isOf(signal, kind) && !breaks[index].isCancelled {
            let old = breaks[index]
            // Again; or still going on: encoders repeat what they said within a break.
            if kind == .command
                ? (old.start - time).magnitude < Self.same && old.section == bytes
                : (old.start - time).magnitude < Self.same || (old.start <= time && time < old.endTime - Self.same)
            {
                return changed
            }
            // Moved, before it began.
            if kind == .avail, old.begin == nil, old.start > time - AdSchedule.farAhead {
                breaks[index].isCancelled = true
                changed.append(breaks[index])
            }
        }
        guard breaks.count < Self.mostBreaks else { return changed }
        let new = AdBreak(
            id: Self.id(signal, at: time, taken: Set(breaks.map(\.id))), kind: kind, family: signal.family,
            eventID: signal.eventID, start: time, plannedDuration: signal.duration.map { Int64(clamping: $0) },
            returnsByItself: signal.returnsByItself, section: bytes, identifierType: signal.identifierType,
            identifier: signal.identifier)
        breaks.insert(new, at: breaks.firstIndex { $0.start > time } ?? breaks.endIndex)
        return changed + [new]
    }

    /// A break that is said again for a later time had better lie ahead by no more than an hour to be the same.
    private static let farAhead: Int64 = 3600 * 90_000

    /// The break of that event; of splice_insert, whose ends often have another number, else the last that is open.
    private mutating func end(_ signal: AdSignal, _ bytes: [UInt8], at time: Int64) -> [AdBreak] {
        func isOpen(_ old: AdBreak) -> Bool {
            old.kind == .avail && old.family == signal.family && !old.isCancelled && old.returnSection == nil
                && old.end == nil && old.start < time
        }
        let exact = breaks.lastIndex { isOpen($0) && $0.eventID == signal.eventID }
        guard let index = exact ?? (signal.family == 0 ? breaks.lastIndex(where: isOpen) : nil) else { return [] }
        breaks[index].returnSection = bytes
        breaks[index].returnTime = time
        return [breaks[index]]
    }

    /// Before it began it will not be; after that it is over now.
    private mutating func cancel(_ signal: AdSignal, _ bytes: [UInt8], at time: Int64) -> [AdBreak] {
        var changed: [AdBreak] = []
        for index in breaks.indices where breaks[index].eventID == signal.eventID && !breaks[index].isCancelled {
            guard breaks[index].end == nil, signal.family == 0xFF || breaks[index].family == signal.family else {
                continue
            }
            if breaks[index].begin == nil {
                breaks[index].isCancelled = true
            } else if breaks[index].kind == .avail, breaks[index].returnTime == nil {
                breaks[index].returnTime = max(time, breaks[index].start)
                breaks[index].returnSection = bytes
            } else {
                continue
            }
            changed.append(breaks[index])
        }
        return changed
    }

    /// A segment is shown for the first time.
    ///
    /// - Parameter start: of its first picture, in 90 kHz ticks since the epoch.
    /// - Returns: what begins or ends with it.
    package mutating func reach(_ number: UInt64, start: Int64) -> [AdBreak] {
        guard newest.map({ number > $0 }) ?? true else { return [] }
        newest = number
        let place = AdBreak.Place(number: number, start: start)
        var changed: [AdBreak] = []
        for index in breaks.indices where !breaks[index].isCancelled && breaks[index].end == nil {
            var one = breaks[index]
            if one.begin == nil, one.start <= start + Self.tolerance { one.begin = place }
            // One that is shorter than a segment begins with one and ends with the next.
            if let begin = one.begin, begin.number < number || one.kind == .command,
                one.endTime <= start + Self.tolerance
            {
                one.end = place
            }
            guard one != breaks[index] else { continue }
            breaks[index] = one
            changed.append(one)
        }
        return changed
    }

    /// Leaves out what was over before a segment began, and what never came.
    ///
    /// The last that was over stays: the programme goes on from where it ended, however long ago that was.
    package mutating func forget(before number: UInt64, start: Int64) {
        let last = breaks.compactMap { $0.kind == .avail ? $0.end?.number : nil }.filter { $0 < number }.max()
        breaks.removeAll { old in
            if old.isCancelled { return old.start < start }
            guard let end = old.end?.number, end < number else { return false }
            return old.kind == .command || end != last
        }
    }

    /// By event, kind and milliseconds since the epoch.
    private static func id(_ signal: AdSignal, at time: Int64, taken: Set<String>) -> String {
        func hexadecimal(_ value: some BinaryInteger, _ digits: Int) -> String {
            let text = String(value, radix: 16, uppercase: true)
            return String(repeating: "0", count: max(digits - text.count, 0)) + text
        }
        let kind = signal.family == 0 ? "splice" : "segment-\(hexadecimal(signal.family, 2))"
        let name = "\(kind)-\(hexadecimal(signal.eventID, 8))-\(time / 90)"
        guard taken.contains(name) else { return name }
        return (2...mostBreaks + 2).lazy.map { "\(name)-\($0)" }.first { !taken.contains($0) } ?? name
    }
}

extension AdBreak {
    fileprivate func isOf(_ signal: AdSignal, _ kind: Kind) -> Bool {
        self.kind == kind && family == signal.family && eventID == signal.eventID
    }
}
