package import Media
import Settings
import Timeline

/// The segments that a time shift asks for, of what there is.
package struct ShiftedRange: Sendable, Hashable {
    package var firstNumber: UInt64
    /// The newest that is listed.
    package var lastNumber: UInt64
    /// No segment will be added.
    package var isComplete: Bool
    /// Where the presentation begins, whatever left the storage since; nil: at the epoch, as live.
    package var origin: Ticks?
    /// How much later than live.
    package var delaySeconds: UInt32
    /// The viewer chose the beginning: there playing starts.
    package var beginsAtStart: Bool { origin != nil }
    /// The canonical query that names the same shift, for the playlists that a playlist names: two URLs that ask for the
    /// same segments become one.
    package var query: String
}

/// Why there is nothing to list.
package enum NothingThere: Error, Sendable, Equatable {
    /// The time asked for has not come.
    case notYet
    /// It is over, and nothing of it is stored any more.
    case gone
}

extension EndpointWindow {
    /// What a shift lists at this moment.
    /// - Parameters:
    ///   - storageSeconds: how far back segments may be asked for.
    ///   - now: milliseconds from the epoch.
    /// - Throws: `ManifestQueryError` for what can never be there, `NothingThere` for what is not there now.
    package func range(of shift: TimeShift, storageSeconds: UInt32, now: Int64) throws -> ShiftedRange {
        guard let oldest = segments.first?.number, let newest = segments.last?.number else { throw NothingThere.notYet }
        guard shift.delaySeconds < storageSeconds else {
            throw ManifestQueryError(
                "'timedelay' is not less than the \(storageSeconds) s that are stored (storageWindowSeconds)")
        }
        guard shift.windowSeconds ?? 0 <= storageSeconds else {
            throw ManifestQueryError(
                "'window' is more than the \(storageSeconds) s that are stored (storageWindowSeconds)")
        }
        var range = ShiftedRange(
            firstNumber: oldest, lastNumber: newest, isComplete: isEnded, origin: nil,
            delaySeconds: shift.delaySeconds, query: "")
        var query: [String] = []
        if let start = shift.start {
            let first = numbering.number(at: start.ticks)
            guard first <= newest else { throw NothingThere.notYet }
            range.firstNumber = first
            range.origin = nominalStart(of: first)
            query.append("start=\(nominalStart(of: first).text(.up))")
        }
        if let end = shift.end {
            // The segment that a start lies in is listed, however close the end.
            let after = max(numbering.firstNumber(from: end.ticks), shift.start == nil ? oldest : range.firstNumber + 1)
            guard after > oldest else { throw NothingThere.gone }
            let isOver = newest >= after - 1 || hasPassed(after, now)
            range.lastNumber = min(newest, after - 1)
            range.isComplete = range.isComplete || isOver
            query.append("end=\(nominalStart(of: after).text(.down))")
        }
        if shift.delaySeconds > 0 {
            let count = segmentCount(UInt32(clamping: shift.delaySeconds), .up)
            guard newest >= count, newest - count >= oldest else { throw NothingThere.notYet }
            // Later than the newest; where nothing new comes, as late by the time.
            let (time, overflow) = now.subtractingReportingOverflow(Int64(shift.delaySeconds) * 1000)
            let passed = overflow ? 0 : numbering.number(at: Ticks(time, timescale: 1000))
            range.lastNumber = min(max(newest - count, passed > 3 ? passed - 3 : 0), newest)
            range.isComplete = isEnded && range.lastNumber == newest
            query.append("timedelay=\(shift.delaySeconds)")
        }
        if shift.start == nil {
            let seconds = min(shift.windowSeconds ?? endpoint.windowSeconds, UInt32(TimeShift.longestRangeSeconds))
            var endpoint = endpoint
            endpoint.windowSeconds = seconds
            range.firstNumber = endpoint.firstListed(
                newest: range.lastNumber, segmentDuration: segmentDuration, longestSegment: longestSegment)
            if shift.windowSeconds != nil { query.append("window=\(seconds)") }
        } else {
            let most = segmentCount(UInt32(TimeShift.longestRangeSeconds), .down)
            if range.lastNumber >= most { range.firstNumber = max(range.firstNumber, range.lastNumber - most + 1) }
        }
        range.query = query.joined(separator: "&")
        let listed = segments(in: range)
        guard !listed.isEmpty else { throw range.lastNumber < oldest || range.isComplete ? NothingThere.gone : .notYet }
        return range
    }

    /// The window as a manifest of that range lists it.
    package func shifted(to range: ShiftedRange) -> EndpointWindow {
        var window = self
        window.segments = BoundSegments(segments(in: range))
        window.ledger = ManifestLedger(shortestKept: 1024)
        window.shift = range
        window.isEnded = range.isComplete
        // What comes after the newest segment is not what comes next here.
        if range.isComplete || range.lastNumber != segments.last?.number { window.next = nil }
        window.eventStart = nil
        // Low latency is for who watches live.
        window.partTarget = nil
        window.underWay = nil
        return window
    }

    private func segments(in range: ShiftedRange) -> BoundSegments.SubSequence {
        let first = place(of: range.firstNumber)
        let end = range.lastNumber < .max ? place(of: range.lastNumber + 1) : segments.endIndex
        return segments[first..<max(first, end)]
    }

    /// Whether a segment before `number` can come any more: it would have by now.
    private func hasPassed(_ number: UInt64, _ now: Int64) -> Bool {
        now > nominalStart(of: number).milliseconds &+ 3 &* segmentDuration.milliseconds &+ 10_000
    }

    private func segmentCount(_ seconds: UInt32, _ rounding: Ticks.Rounding) -> UInt64 {
        let duration = max(segmentDuration.value, 1)
        let (count, rest) = (Int128(seconds) * Int128(segmentDuration.timescale))
            .quotientAndRemainder(dividingBy: Int128(duration))
        return UInt64(clamping: rounding == .up && rest > 0 ? count + 1 : count)
    }
}

extension Ticks {
    /// Seconds from the epoch with as many decimals as it takes, to the millisecond.
    fileprivate func text(_ rounding: Rounding) -> String {
        let milliseconds = rescaled(to: 1000, rounding: rounding).value
        let rest = milliseconds % 1000
        guard rest > 0 else { return String(milliseconds / 1000) }
        return "\(milliseconds / 1000)." + String(String(rest + 1000).dropFirst())
    }
}
