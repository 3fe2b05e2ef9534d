package import Media

/// What a channel shows while nothing comes from its encoder: every decision, and no effects.
///
/// Times are milliseconds of media time, which counts from the epoch. The input is lost when nobody publishes any more,
/// or when nothing has become whole for a segment and `patience`. From then on, for the hold, chunk after chunk is filled
/// in, each when it is over; after it the channel stops, or ends. Who comes back goes on where a segment begins.
package struct InputHold: Sendable {
    package struct Settings: Sendable {
        /// Of a segment.
        package var duration: Ticks
        package var partMilliseconds: Int64
        package var holdMilliseconds: Int64
        /// Whether anything is to be filled in.
        package var fills: Bool
        /// Whether manifests say, after the hold, that nothing more comes.
        package var ends: Bool

        package init(
            duration: Ticks, partMilliseconds: Int64, holdMilliseconds: Int64, fills: Bool, ends: Bool
        ) {
            self.duration = duration
            self.partMilliseconds = partMilliseconds
            self.holdMilliseconds = holdMilliseconds
            self.fills = fills
            self.ends = ends
        }
    }

    package enum Action: Sendable, Equatable {
        /// The picture is needed soon: `prepared` says when it is there.
        case prepare
        /// The channel's media is the filler's from here on: who publishes waits.
        case begin(since: Int64)
        /// One chunk of every track. `segment` counts durations from the epoch.
        case fill(segment: UInt64, part: Int)
        /// The filler has nothing more to say.
        case stop
        /// Manifests say that nothing more comes.
        case end
    }

    package enum State: String, Sendable {
        /// Nothing came since the channel was opened, or the hold is over.
        case none
        case live, lost, filling, ended
    }

    private struct Loss: Sendable {
        var since: Int64
        /// What is filled in next.
        var segment: UInt64
        var part = 0
        var hasBegun = false
    }

    private enum Phase: Sendable {
        case nothing
        /// The last time that a segment of an encoder became whole.
        case live(at: Int64)
        case lost(Loss)
        case over(isEnded: Bool)
    }

    private let settings: Settings
    private let partCount: Int
    private var phase = Phase.nothing
    private var isPrepared = false
    /// No picture can be made: the time passes without.
    private var isBarren = false

    /// A worker ends an encoder that says nothing after 10 s; so much later than expected may a segment be.
    static let patience: Int64 = 10_000
    /// What lies further back when the filling begins is left out.
    static let catchUpMilliseconds: Int64 = 20_000

    package init(_ settings: Settings) {
        self.settings = settings
        let length = max(settings.duration.milliseconds, 1)
        let part = min(max(settings.partMilliseconds, 1), length)
        partCount = Int(max((length + part - 1) / part, 1))
    }

    package var state: State {
        switch phase {
        case .nothing: .none
        case .live: .live
        case .lost(let loss): loss.hasBegun ? .filling : .lost
        case .over(let isEnded): isEnded ? .ended : .none
        }
    }

    /// Since when the input is lost.
    package var lostSince: Int64? { if case .lost(let loss) = phase { loss.since } else { nil } }

    /// Whether an encoder that comes has to wait for `giveWay`.
    package var fillsNow: Bool {
        guard case .lost = phase else { return false }
        return settings.fills && !isBarren
    }

    /// When `elapsed` has something to do.
    package var deadline: Int64? {
        switch phase {
        case .nothing, .over: nil
        case .live(let at):
            settings.fills ? at &+ settings.duration.milliseconds &+ Self.patience : nil
        case .lost(let loss):
            fillsNow && isPrepared && (loss.part > 0 || start(of: loss.segment) < end(of: loss))
                ? partEnd(loss) : end(of: loss)
        }
    }

    /// After a start, with a window that ends so.
    /// - Parameters:
    ///   - since: the end of the last segment that an encoder made.
    ///   - firstFree: the first segment that nothing was listed of.
    package mutating func restored(since: Int64, firstFree: UInt64, now: Int64) -> [Action] {
        phase = .live(at: since)
        return lose(since: since, firstFree: firstFree, now: now)
    }

    /// A segment of an encoder became whole.
    package mutating func listed(now: Int64) {
        // Who has the channel during a loss has waited for it, and was let in by `giveWay`: this is the rest of what the
        // filler closed.
        if fillsNow, case .lost(let loss) = phase, loss.hasBegun { return }
        phase = .live(at: now)
    }

    /// Nobody publishes any more.
    package mutating func left(firstFree: UInt64, now: Int64) -> [Action] {
        guard case .live = phase else { return [] }
        return lose(since: now, firstFree: firstFree, now: now)
    }

    /// The picture can be had from now on.
    /// - Parameter isBarren: it never can.
    package mutating func prepared(isBarren: Bool = false, now: Int64) -> [Action] {
        isPrepared = !isBarren
        self.isBarren = isBarren
        return advance(now)
    }

    /// Time has passed.
    package mutating func elapsed(firstFree: UInt64, now: Int64) -> [Action] {
        if case .live(let at) = phase, let deadline, now >= deadline {
            return lose(since: at, firstFree: firstFree, now: now)
        }
        return advance(now)
    }

    /// An encoder has everything from the beginning of a segment on: what comes before is filled in at once.
    package mutating func giveWay(to first: UInt64, now: Int64) -> [Action] {
        guard case .lost(var loss) = phase else { return [] }
        var actions: [Action] = []
        if fillsNow, isPrepared, first <= segment(at: now) &+ 2 {
            catchUp(&loss, now)
            while loss.segment < first {
                actions += fill(&loss)
                catchUp(&loss, now)
            }
        }
        phase = .live(at: now)
        return actions + (loss.hasBegun ? [.stop] : [])
    }

    private mutating func lose(since: Int64, firstFree: UInt64, now: Int64) -> [Action] {
        let loss = Loss(since: since, segment: firstFree)
        phase = .lost(loss)
        (isPrepared, isBarren) = (false, false)
        guard settings.fills, now < end(of: loss) else { return advance(now) }
        return [.prepare]
    }

    private mutating func advance(_ now: Int64) -> [Action] {
        guard case .lost(var loss) = phase else { return [] }
        var actions: [Action] = []
        if fillsNow, isPrepared {
            catchUp(&loss, now)
            while loss.part > 0 || start(of: loss.segment) < end(of: loss), partEnd(loss) <= now {
                actions += fill(&loss)
                // After a long sleep of the machine in mid-segment too.
                catchUp(&loss, now)
            }
        }
        phase = .lost(loss)
        let isWhole = !fillsNow || !isPrepared || loss.part == 0 && start(of: loss.segment) >= end(of: loss)
        guard isWhole, now >= end(of: loss) else { return actions }
        phase = .over(isEnded: settings.ends)
        return actions + (loss.hasBegun ? [.stop] : []) + (settings.ends ? [.end] : [])
    }

    private func fill(_ loss: inout Loss) -> [Action] {
        let begin: [Action] = loss.hasBegun ? [] : [.begin(since: loss.since)]
        loss.hasBegun = true
        defer {
            loss.part += 1
            if loss.part == partCount { (loss.segment, loss.part) = (loss.segment &+ 1, 0) }
        }
        return begin + [.fill(segment: loss.segment, part: loss.part)]
    }

    private func catchUp(_ loss: inout Loss, _ now: Int64) {
        let oldest = segment(at: max(now - Self.catchUpMilliseconds, 0))
        if loss.part == 0, loss.segment < oldest { loss.segment = oldest }
    }

    private func end(of loss: Loss) -> Int64 { loss.since &+ settings.holdMilliseconds }

    private func partEnd(_ loss: Loss) -> Int64 { partStart(loss.segment, loss.part + 1).milliseconds }

    /// Where a segment begins, and where it ends.
    package func span(of segment: UInt64) -> (start: Ticks, end: Ticks) { (time(segment), time(segment &+ 1)) }

    /// Whether everything is due that a segment has.
    package func isLast(_ part: Int) -> Bool { part == partCount - 1 }

    private func partStart(_ segment: UInt64, _ part: Int) -> Ticks {
        switch part {
        case 0: time(segment)
        case partCount: time(segment &+ 1)
        default: Ticks(start(of: segment) &+ Int64(part) &* settings.partMilliseconds, timescale: 1000)
        }
    }

    /// Milliseconds from the epoch. Saturates.
    private func start(of segment: UInt64) -> Int64 { time(segment).milliseconds }

    private func time(_ segment: UInt64) -> Ticks {
        let (ticks, overflow) = Int64(clamping: segment).multipliedReportingOverflow(by: settings.duration.value)
        return Ticks(overflow ? .max : ticks, timescale: settings.duration.timescale)
    }

    private func segment(at time: Int64) -> UInt64 {
        let divisor = Int128(max(settings.duration.value, 1)) * 1000
        return UInt64(clamping: Int128(max(time, 0)) * Int128(settings.duration.timescale) / divisor)
    }
}
