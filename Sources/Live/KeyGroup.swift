import Files
import Keys
import Media
import Packager
import Slate
import Synchronization
import Timeline

import struct Foundation.Data
import class Foundation.JSONDecoder
import class Foundation.JSONEncoder

/// The endpoints of a channel that share their keys, or the ones in the clear: which key protects which segment,
/// and the runs of segments that have one key and one track set.
///
/// What cannot be derived again after a restart (bindings to an earlier key, where runs began) is written to a
/// file before anything is listed by it. The file holds no key.
final class KeyGroup: Sendable {
    /// Keys and the grace for their lateness; nil for endpoints in the clear.
    struct Protection: Sendable {
        let contract: KeyContract
        let schedule: KeySchedule
        let graceSeconds: UInt32
        /// How much of an event's beginning is left in the clear.
        var clearLeadSeconds: UInt32 = 0
        /// Where what stands for segments is kept.
        var slates: SlateShelf?
        /// Whether something is to stand for segments past the grace.
        var showsSlate = false
    }

    /// What was decided, and survives a restart.
    struct Decisions: Codable, Sendable {
        var binding = KeyBinding()
        var runs: [SegmentRun] = []
        /// When an earlier file was lost, in minutes from the epoch; nil: never.
        var lost: UInt32?
    }

    private struct State {
        var decisions = Decisions()
        var lastNumber: UInt64?
        /// Counts what is decided; the disk has that of `written`.
        var revision: UInt64 = 0
        /// Since the decision on this segment.
        var unsavedFrom: UInt64?
        /// A restart that does not find what is not written down decides the same.
        var isDerivable = true
        /// The disk has it, or will have it in its turn.
        var isLate = false
        var step = KeyStep.own
        /// What new segments brought since the last look at all of them.
        var steps: [(from: KeyStep, to: KeyStep, segment: UInt64)] = []
    }

    /// What a look at the snapshot gives.
    struct Bound: Sendable {
        var segments: BoundSegments
        /// A segment has no key yet, past the grace: manifests answer 503.
        var isWithheld: Bool
        /// The changes that new segments brought, in order.
        var steps: [(from: KeyStep, to: KeyStep, segment: UInt64)] = []
        /// What the newest segment is bound to.
        var step = KeyStep.own
    }

    /// The keys after those of the newest segment.
    struct Upcoming: Sendable {
        var keys: PeriodKeys
        var firstNumber: UInt64
        /// A lead in the clear is there for players to ask for the key meanwhile, from the first manifest on.
        var isDue: Bool
    }

    let protection: Protection?
    let path: String?
    private let disk: DiskQueue
    /// Decisions wait for the disk.
    private let isSaving = Atomic<Bool>(false)
    /// Which revision of the decisions the disk has.
    private let written = Atomic<UInt64>(0)
    private let state: Mutex<State>
    /// The runs of segments up to `through`, as an earlier opening has listed them; nil where there was none.
    private let restored: (runs: [SegmentRun], through: UInt64)?
    /// Part of every URL where what was decided was lost: the same URLs could have other bytes now. Else empty.
    let lossMark: String
    /// Where the damaged file is kept, when it was found at this start.
    let damagedPath: String?

    /// - Parameters:
    ///   - path: of the file for what must survive; nil: nothing survives.
    ///   - beginning: what holds where there is no such file.
    ///   - disk: what writes it.
    ///   - now: milliseconds from the epoch.
    /// - Throws: where the file cannot be read or replaced. One whose content is damaged is kept aside, and all is
    ///   decided anew, for other URLs and other keys: an emergency rotation that was in the file must not be undone.
    init(
        protection: Protection?, path: String?, disk: DiskQueue = DiskQueue(), snapshot: Snapshot, now: Int64 = 0,
        beginning: () throws(FileError) -> Decisions = { Decisions() }
    ) throws(FileError) {
        self.protection = protection
        self.path = path
        self.disk = disk
        var state = State()
        var damaged: String?
        if let path, let bytes = try PlainFile.readIfThere(path, atMost: BindingFiles.maximumSize) {
            if let decisions = try? JSONDecoder().decode(Decisions.self, from: Data(bytes)) {
                state.decisions = decisions
            } else {
                damaged = try PlainFile.copyAside(bytes, of: path)
                state.decisions = .afterLoss(now: now)
                if let failure = Self.save(state.decisions, at: path) { throw failure }
            }
        } else {
            state.decisions = try beginning()
        }
        damagedPath = damaged
        lossMark = state.decisions.lost.map { " lost \($0)" } ?? ""
        if let contract = protection?.contract, let last = snapshot.segments.last {
            state.decisions.binding.recover(through: last.number, start: Self.start(last, snapshot), contract: contract)
        }
        let runs = state.decisions.runs
        restored = runs.isEmpty ? nil : state.decisions.binding.lastSegment.map { (runs, $0) }
        self.state = Mutex(state)
        protection?.schedule.startEdition(state.decisions.binding.currentEdition)
    }

    /// Binds what is new in the snapshot and gives every segment with its key, oldest first.
    /// - Parameter manifestNumbers: what manifests may list; in there nothing without a key is passed over.
    /// - Parameter unwritten: the decisions on segments from a number on cannot be written down; answers whether a restart
    ///   will find nothing of those segments.
    /// - Throws: when the decisions cannot be written down, and are not to be forgotten with their segments either.
    func bind(
        _ snapshot: Snapshot, firstListed: UInt64, unwritten: (_ from: UInt64) -> Bool = { _ in false }
    ) throws(FileError) -> Bound {
        try state.withLock { state throws(FileError) in
            let before = state.decisions.binding
            let new = state.lastNumber.map { snapshot.segments.place(of: $0 &+ 1) } ?? 0
            for segment in snapshot.segments[new...] {
                bindNew(segment, eventStart: snapshot.eventStart, snapshot, &state)
            }
            if let oldest = snapshot.segments.first?.number { forget(before: oldest, &state) }
            if state.decisions.binding.exceptions != before.exceptions { state.revision += 1 }
            try save(&state, unwritten)
            var bound = collect(snapshot, firstListed: firstListed, state)
            bound.steps = state.steps
            state.steps = []
            bound.step = state.step
            return bound
        }
    }

    /// Binds the segment under way with its first part, as it is bound for ever; all before it are bound already.
    /// - Returns: nil where it has no key yet, or a slate stands for it: its parts are not shown.
    /// - Throws: when the decisions cannot be written down.
    func bindUnderWay(
        _ snapshot: Snapshot, unwritten: (_ from: UInt64) -> Bool = { _ in false }
    ) throws(FileError) -> BoundUnderWay? {
        guard let underWay = snapshot.underWay else { return nil }
        return try state.withLock { state throws(FileError) in
            bindNew(underWay.segment, eventStart: underWay.eventStart, snapshot, &state)
            try save(&state, unwritten)
            guard let run = state.decisions.runs.last(where: { $0.firstNumber <= underWay.segment.number }),
                run.slate == nil
            else { return nil }
            let keys = keys(of: run.keyPeriod)
            guard protection == nil || keys != nil else { return nil }
            return BoundUnderWay(
                bound: BoundSegment(segment: underWay.segment, keys: keys, run: run), parts: underWay.parts,
                isEnded: underWay.isEnded)
        }
    }

    /// Decides on a segment that is newer than all that were decided on.
    private func bindNew(_ segment: WindowSegment, eventStart: UInt64?, _ snapshot: Snapshot, _ state: inout State) {
        guard segment.number > state.lastNumber ?? 0 else { return }
        let isBound = state.decisions.binding.isBound(segment.number)
        let exceptions = state.decisions.binding.exceptions
        let decision = decide(segment, eventStart: eventStart, snapshot, &state)
        let before = state.decisions.runs.last { $0.firstNumber <= segment.number }
        var first = segment.number
        if case .slate(let period, let earlier) = decision, earlier < segment.number {
            turn(from: earlier, to: segment.number, into: period, snapshot, &state)
            first = earlier
        }
        let isRun = extendRuns(segment, decision.period, isBound: isBound, snapshot, &state)
        let hasException = first < segment.number || state.decisions.binding.exceptions != exceptions
        if isRun || hasException {
            state.revision += 1
            // The period's own key goes by the number alone; where a lead begins and ends is only in the runs.
            let isOfLead = [decision.period, before?.keyPeriod].contains(.clearLead)
            let follows = !hasException && decision.step == .own && !isOfLead
            // What follows and is late, a restart need not find.
            if !follows, state.isLate, state.isDerivable { state.unsavedFrom = nil }
            state.unsavedFrom = min(state.unsavedFrom ?? first, first)
            if !follows { state.isDerivable = false }
        }
        state.lastNumber = segment.number
        // What was decided before a restart is no news.
        if decision.step != state.step, !isBound { state.steps.append((state.step, decision.step, segment.number)) }
        state.step = decision.step
    }

    private func save(_ state: inout State, _ unwritten: (_ from: UInt64) -> Bool) throws(FileError) {
        // What was late may be there by now.
        let failure =
            written.load(ordering: .acquiring) == state.revision
            ? nil : save(state.decisions, revision: state.revision)
        state.isLate = failure?.isLate ?? false
        guard let failure else {
            state.unsavedFrom = nil
            state.isDerivable = true
            return
        }
        if state.isLate, state.isDerivable { return }
        // What was only forgotten may be there again after a restart.
        if let first = state.unsavedFrom, !unwritten(first) { throw failure }
    }

    /// Whether all that was decided is written down, as far as it has to be.
    var isWritten: Bool { state.withLock { $0.unsavedFrom == nil || $0.isLate && $0.isDerivable } }

    /// Nil until the keys are held.
    func upcoming(_ snapshot: Snapshot) -> Upcoming? {
        guard let protection else { return nil }
        let contract = protection.contract
        let upcoming = state.withLock { state -> (period: KeyPeriod, firstNumber: UInt64, isDue: Bool)? in
            // One under way may be bound already: it is yet to be listed.
            guard state.lastNumber != nil, let last = snapshot.segments.last?.number,
                let run = state.decisions.runs.last(where: { $0.firstNumber <= last })
            else { return nil }
            let binding = state.decisions.binding
            let isLead = run.keyPeriod == .clearLead
            let first = isLead ? max(clearLeadEnd(snapshot, snapshot.eventStart), last + 1) : last + 1
            let next = binding.period(of: first, start: snapshot.nominalStart(of: first), contract: contract)
            // Or an emergency rotation, or a key that was kept past its time.
            if next != run.keyPeriod { return (next, first, isLead) }
            guard contract.rotationIntervalSeconds > 0 else { return nil }
            let start = Ticks(contract.startSeconds(of: next.index + 1), timescale: 1)
            let period = KeyPeriod(next.index + 1, edition: binding.currentEdition)
            return (period, snapshot.numbering.firstNumber(from: start), false)
        }
        guard let upcoming, let keys = protection.schedule.keys(for: upcoming.period) else { return nil }
        return Upcoming(keys: keys, firstNumber: upcoming.firstNumber, isDue: upcoming.isDue)
    }

    /// An emergency rotation: from the next segment on that is bound, other keys. Written down before it takes effect.
    /// - Returns: the new edition; nil for a group in the clear.
    /// - Throws: where it cannot be written down; then nothing has changed.
    func startEdition(_ snapshot: Snapshot) throws(FileError) -> UInt32? {
        guard let protection else { return nil }
        let edition = try state.withLock { state throws(FileError) in
            var decisions = state.decisions
            let last = max(state.lastNumber ?? 0, snapshot.segments.last?.number ?? 0)
            let edition = decisions.binding.startEdition(
                at: last + 1, start: snapshot.nominalStart(of: last + 1))
            if let failure = save(decisions, revision: nil) {
                // It may come to the disk after all, or be there without its folder flushed: what holds is written over
                // it with the next look.
                state.revision += 1
                state.unsavedFrom = min(state.unsavedFrom ?? last + 1, last + 1)
                state.isDerivable = false
                throw failure
            }
            state.decisions = decisions
            state.revision += 1
            written.store(state.revision, ordering: .releasing)
            return edition
        }
        protection.schedule.startEdition(edition)
        return edition
    }

    private func decide(
        _ segment: WindowSegment, eventStart: UInt64?, _ snapshot: Snapshot, _ state: inout State
    ) -> KeyBinding.Decision {
        guard let protection else { return .own(0) }
        if isInClearLead(segment.number, snapshot, eventStart) { return .own(.clearLead) }
        let schedule = protection.schedule
        let hasSlate = protection.showsSlate && protection.slates?.current != nil
        return state.decisions.binding.bind(
            segment: segment.number, start: Self.start(segment, snapshot), contract: protection.contract,
            graceSeconds: protection.graceSeconds,
            // A provider that is slow, as at a start, has not failed.
            hasSlate: { hasSlate && schedule.hasFailed($0) }, isHeld: { schedule.keys(for: $0) != nil })
    }

    /// What was listed before this opening stays what it was, whatever event is on air now.
    private func isInClearLead(_ number: UInt64, _ snapshot: Snapshot, _ eventStart: UInt64?) -> Bool {
        if let isClear = wasInClearLead(number) { return isClear }
        guard let first = eventStart, number >= first, number < clearLeadEnd(snapshot, first) else { return false }
        // A shorter window can make an event begin with a segment that was in the middle of one.
        return wasInClearLead(first) ?? true
    }

    /// Nil for a segment that no earlier opening has listed.
    private func wasInClearLead(_ number: UInt64) -> Bool? {
        guard let restored, number <= restored.through else { return nil }
        return restored.runs.last { $0.firstNumber <= number }?.keyPeriod == .clearLead
    }

    /// The first segment after the clear lead of the event that is on air; 0 without one.
    private func clearLeadEnd(_ snapshot: Snapshot, _ eventStart: UInt64?) -> UInt64 {
        guard let seconds = protection?.clearLeadSeconds, seconds > 0, let first = eventStart else { return 0 }
        let start = snapshot.nominalStart(of: first)
        let length = Ticks(Int64(seconds), timescale: 1).rescaled(to: start.timescale)
        return snapshot.numbering.firstNumber(from: Ticks(start.value &+ length.value, timescale: start.timescale))
    }

    private func keys(of period: KeyPeriod) -> PeriodKeys? {
        guard let protection else { return nil }
        // Whatever a file on the disk says: where the profile wants no lead, nothing leaves in the clear.
        if period == .clearLead { return protection.clearLeadSeconds > 0 ? .clearLead : nil }
        return protection.schedule.keys(for: period)
    }

    /// Segments that waited and were never listed become slate too.
    private func turn(
        from first: UInt64, to end: UInt64, into period: KeyPeriod, _ snapshot: Snapshot, _ state: inout State
    ) {
        state.decisions.runs.removeAll { $0.firstNumber >= first }
        state.lastNumber = snapshot.segments.last { $0.number < first }?.number
        for segment in snapshot.segments where segment.number >= first && segment.number < end {
            if extendRuns(segment, period, isBound: false, snapshot, &state) { state.revision += 1 }
            state.lastNumber = segment.number
        }
    }

    /// The slates that segments of the window are made of.
    var slates: Set<String> { state.withLock { Set($0.decisions.runs.compactMap(\.slate)) } }

    private func extendRuns(
        _ segment: WindowSegment, _ period: KeyPeriod, isBound: Bool, _ snapshot: Snapshot, _ state: inout State
    ) -> Bool {
        let current = state.decisions.runs.last { $0.firstNumber <= segment.number }
        // What is made of a slate stays so. Under the reserve key there is never anything else.
        let slate =
            period.isReserve ? (isBound ? current?.slate : protection?.slates?.current?.id) ?? SlateShelf.lost : nil
        if let run = current,
            run.generation == segment.generation, run.keyPeriod == period, run.slate == slate,
            segment.number == run.firstNumber || state.lastNumber == segment.number - 1 || state.lastNumber == nil
        {
            return false
        }
        guard let set = snapshot.trackSets[segment.generation], let track = set.tracks.first?.track,
            let share = segment.tracks.first
        else { return false }
        // After a crash that lost a file it can be one before others.
        let place = state.decisions.runs.lastIndex { $0.firstNumber < segment.number }.map { $0 + 1 } ?? 0
        let before = place > 0 ? state.decisions.runs[place - 1] : nil
        let continues =
            before?.generation == segment.generation && before?.slate == slate && state.lastNumber == segment.number - 1
        let isSwitch = before.map { $0.slate != slate } ?? false && !segment.isDiscontinuity
        state.decisions.runs.insert(
            SegmentRun(
                firstNumber: segment.number, generation: segment.generation, keyPeriod: period,
                start: Ticks(share.decodeTime, timescale: track.timescale), slate: slate,
                slateSwitches: (before?.slateSwitches ?? 0) + (isSwitch ? 1 : 0), continuing: continues ? before : nil),
            at: place)
        return true
    }

    private func collect(_ snapshot: Snapshot, firstListed: UInt64, _ state: State) -> Bound {
        var bound = Bound(segments: BoundSegments(of: snapshot.segments), isWithheld: false)
        let runs = state.decisions.runs
        var first = runs.first.map { snapshot.segments.place(of: $0.firstNumber) } ?? 0
        // What a day's window costs is its runs, not its segments.
        for (index, run) in runs.enumerated() {
            let isLast = index == runs.count - 1
            let end = isLast ? snapshot.segments.count : snapshot.segments.place(of: runs[index + 1].firstNumber)
            let places = first..<max(first, end)
            first = places.upperBound
            guard let newest = places.last else { continue }
            let slate = run.slate.flatMap { protection?.slates?.slate($0) }
            // A slate that is lost leaves a hole: nothing else may ever stand there.
            guard run.slate == nil || slate != nil else { continue }
            let keys = keys(of: run.keyPeriod)
            if protection == nil || keys != nil {
                bound.segments.add(places, run, keys: keys, slate: slate)
            } else if snapshot.segments[newest].number >= firstListed {
                bound.isWithheld = true
                break
            }
        }
        return bound
    }

    private func forget(before oldest: UInt64, _ state: inout State) {
        state.decisions.binding.forget(before: oldest)
        // The run that the oldest segment is in began before it and stays.
        if let current = state.decisions.runs.lastIndex(where: { $0.firstNumber <= oldest }), current > 0 {
            state.decisions.runs.removeFirst(current)
        }
    }

    /// Has decisions written down, one after the other.
    /// - Parameter revision: which they are; nil for those that do not hold yet.
    /// - Returns: why they are not.
    private func save(_ decisions: Decisions, revision: UInt64?) -> FileError? {
        guard let path else { return nil }
        // The next look saves what holds then.
        guard !isSaving.exchange(true, ordering: .relaxed) else { return .late(path) }
        let outcome = disk.perform { [self] () -> FileError? in
            defer { isSaving.store(false, ordering: .relaxed) }
            let failure = Self.save(decisions, at: path)
            if failure == nil, let revision { written.store(revision, ordering: .releasing) }
            return failure
        }
        switch outcome {
        case .done(let failure): return failure
        case .late: return .late(path)
        case .refused:
            isSaving.store(false, ordering: .relaxed)
            return .tooMuchWaits(path)
        }
    }

    static func save(_ decisions: Decisions, at path: String) -> FileError? {
        guard let json = try? JSONEncoder().encode(decisions) else { return nil }
        do throws(FileError) { try PlainFile.replace([UInt8](json), at: path) } catch { return error }
        return nil
    }

    /// Nominal, so that all renditions and all nodes agree.
    private static func start(_ segment: WindowSegment, _ snapshot: Snapshot) -> Ticks {
        snapshot.nominalStart(of: segment.number)
    }
}

extension KeyGroup.Decisions {
    /// For when a file was lost: in an edition above every one that was counted up before.
    /// - Parameter now: milliseconds from the epoch.
    static func afterLoss(now: Int64) -> Self {
        let minutes = UInt32(clamping: now / 60_000)
        return Self(binding: .beginning(edition: minutes), lost: minutes)
    }
}

extension KeyBinding.Decision {
    fileprivate var step: KeyStep {
        switch self {
        case .own: .own
        case .exception: .grace
        case .waiting: .waiting
        case .slate: .slate
        }
    }
}
