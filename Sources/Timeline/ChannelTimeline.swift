package import Files
import ISOBMFF
package import Media
import Synchronization

/// The live window of one channel: the place where the publisher's half and the CDN's half meet.
///
/// Written by one publication at a time on its own thread, which waits for the disk as long as `DiskQueue` has patience;
/// read by anybody at any time through `snapshot`, which never waits for a writer's I/O.
package final class ChannelTimeline: Sendable {
    struct Writer {
        var publication: UInt64 = 0
        var assembly: SegmentAssembly?
        var trackSet: TrackSet?
        var startsDiscontinuity = false
        /// See `WindowSegment`.
        var fillsSince: Int64?
        var progress: WindowProgress
        var adBreaks = AdSchedule()
        var isRetired = false
        /// Sets of tracks since the last whole segment.
        var setsWithoutSegment = 0
        /// Lines added to the journal since it was made.
        var journalLines = 0
        /// The first number of which nothing was listed when the publication began or its last segment was listed.
        var firstUnlisted: UInt64 = 0
        /// Segments that the disk has not got whole, since it took the last that it has.
        var segmentsRefused = 0
        /// There was no room for it at first.
        var isCrowded = false
        /// To give segments up for room was in vain: not again before this number.
        var givesUpFrom: UInt64 = 0
    }

    private static let maximumSetsWithoutSegment = 32
    /// Of all sets of tracks that the window has.
    static let maximumHeaderBytes = 32 << 20
    static let maximumTimescale: UInt32 = 1 << 28
    /// However little room there is, so many segments are kept.
    static let fewestSegments = 3
    /// Segments until it is tried again to make room by giving up others.
    static let segmentsUntilNextTry: UInt64 = 30
    /// How long a publication with a new track waits for the disk to know of it, in milliseconds.
    private static let patienceForIndexes = 10_000

    let directory: String?
    package let limits: Limits
    /// What writes to the directory, and does so in order.
    package let disk: DiskQueue
    let store: SegmentStore
    let journal: Journal
    let account: StorageBudget.Account
    let onEvent: @Sendable (Event) -> Void
    let writer: Mutex<Writer>
    let current: Mutex<Snapshot>
    /// Whether the window is over. Held while another channel takes files from this one.
    let isOver = Mutex(false)
    /// Files that were reported already.
    let reported = Mutex<Set<SegmentStore.Key>>([])
    let failing = Mutex(false)

    /// Opens the window, with what an earlier run left in the directory.
    /// - Parameters:
    ///   - directory: of this channel; nil: memory only.
    ///   - seal: how media is sealed on the disk; nil: it is not. What lies there in the other form is read too.
    ///   - onEvent: on the thread of the publication or, for what is evicted or unreadable, of whoever found out; after
    ///     the snapshot has changed.
    package init(
        directory: String?, limits: Limits, budget: StorageBudget, seal: WindowSeal? = nil,
        disk: DiskQueue = DiskQueue(), onEvent: @escaping @Sendable (Event) -> Void
    ) throws(TimelineError) {
        if let directory {
            do throws(FileError) { try PlainFile.makeDirectory(directory) } catch { throw .file(error) }
        }
        self.directory = directory
        self.limits = limits
        self.onEvent = onEvent
        self.disk = disk
        account = budget.open()
        store = SegmentStore(
            directory: directory, seal: seal, memoryBytes: limits.memoryBytes, disk: disk, account: account)
        journal = Journal(path: directory.map { $0 + "/window.jsonl" }, disk: disk)
        let content = try journal.read()
        let recovery = WindowRecovery(
            content ?? Journal.Content(), directory: directory, duration: limits.segmentDuration,
            window: limits.segmentsInWindow, store: store)
        if let lines = content?.unreadableLines, lines > 0 { onEvent(.journalDamaged(lines: lines)) }
        for error in recovery.damaged { onEvent(.unreadable(error)) }
        let snapshot = recovery.snapshot
        if let directory { StoredMedia.removeUnlisted(directory, snapshot) }
        account.add(snapshot.segments.reduce(0) { $0 + $1.storedByteCount })
        do throws(FileError) { try journal.begin(Journal.records(of: snapshot, recovery.progress)) } catch {
            // The old journal is as good, unless numbers count something else now.
            guard error.isDiskFull || error.isReadOnly, content != nil, recovery.keepsNumbering else {
                throw .file(error)
            }
            onEvent(.storageFailed(.file(error)))
            failing.withLock { $0 = true }
        }
        var writer = Writer(progress: recovery.progress)
        writer.adBreaks = AdSchedule(snapshot.adBreaks, newest: recovery.progress.lastListed)
        self.writer = Mutex(writer)
        current = Mutex(snapshot)
        account.onEviction { [weak self] in self?.evictOldest() ?? false }
    }

    package var snapshot: Snapshot { current.withLock { $0 } }

    /// The clear media of a track's segment; nil when it is not in the window, or its file cannot be used. May block on
    /// the disk.
    package func media(segment number: UInt64, track: String) -> ClearMedia? {
        guard let segment = snapshot.segment(number) else { return nil }
        let key = SegmentStore.Key(segment: number, track: track)
        do throws(StorageError) { return try store.get(key, segment.fileForm) } catch {
            if reported.withLock({ $0.insert(key).inserted }) { onEvent(.unreadable(error)) }
            return nil
        }
    }

    /// Whether nothing of a segment would have to be read from the disk, as things are now.
    package func isInMemory(segment number: UInt64) -> Bool {
        let snapshot = snapshot
        guard let segment = snapshot.segment(number), let set = snapshot.trackSet(of: segment) else { return true }
        return set.tracks.allSatisfy { store.inMemory(SegmentStore.Key(segment: number, track: $0.track.name)) != nil }
    }

    /// Whether a segment is in the window with the bytes of all its tracks.
    package func holds(segment number: UInt64) -> Bool {
        let snapshot = snapshot
        guard let segment = snapshot.segment(number), let set = snapshot.trackSet(of: segment) else { return false }
        return zip(set.tracks, segment.tracks).allSatisfy { track, share in
            store.holds(
                SegmentStore.Key(segment: number, track: track.track.name), segment.fileForm, byteCount: share.byteCount
            )
        }
    }

    package var memoryBytes: Int { store.memoryBytes }

    /// Whether the disk refused what was to go there last.
    package var isStorageFailing: Bool { failing.withLock { $0 } }

    /// What was decided about segments from this number on could not be written down: that a restart does not decide
    /// otherwise about what was served, they and those that follow are in memory only until `keepOnDisk`.
    /// - Returns: whether that is so; else a file of theirs cannot be removed.
    package func keepToMemory(from number: UInt64) -> Bool {
        store.keepToMemory(true)
        let snapshot = self.snapshot
        return snapshot.segments.reversed().prefix { $0.number >= number }.allSatisfy { forgetFiles($0, snapshot) }
    }

    /// What was decided is written down: new segments go to the disk again.
    package func keepOnDisk() {
        // What a disk refused meanwhile was not asked for again.
        if store.keepToMemory(false) { store.saveAgain() }
    }

    // MARK: The publisher's side

    /// A new publication takes the window over; whatever another one had under way is closed.
    /// - Parameter held: from this segment on (in durations from the epoch) the new publication has everything. Where
    ///   that includes what is under way, and nobody was shown of it, the other one's part of it is dropped: its number
    ///   is given anew.
    /// - Returns: its token for the calls below, and the first segment it may use, in segment durations from the epoch.
    package func beginPublication(holding held: UInt64? = nil) -> (publication: UInt64, firstSegment: UInt64) {
        writer.withLock { writer in
            let numbering = snapshot.numbering
            let isShown = current.withLock { $0.underWay != nil }
            if let held, !isShown, writer.assembly != nil, held <= numbering.count(ofNumber: writer.firstUnlisted) {
                // Nobody has seen a byte of what is dropped, so its numbers were never used.
                writer.assembly = nil
                writer.progress.firstFreeNumber = writer.firstUnlisted
            } else {
                close(&writer)
            }
            writer.publication += 1
            let free = numbering.number(ofCount: writer.progress.firstCount(numbering.duration))
            writer.progress.firstFreeNumber = max(writer.progress.firstFreeNumber, free)
            writer.firstUnlisted = writer.progress.firstFreeNumber
            // 0 is never the current one.
            return (
                writer.isRetired ? 0 : writer.publication, numbering.count(ofNumber: writer.progress.firstFreeNumber)
            )
        }
    }

    /// The first segment of which nothing is listed, in durations from the epoch: the one under way.
    package var segmentUnderWay: UInt64 {
        let number = writer.withLock { $0.firstUnlisted }
        return snapshot.numbering.count(ofNumber: number)
    }

    /// The first segment that a publication which begins now may use, in durations from the epoch.
    package var firstFree: UInt64 {
        writer.withLock { writer in
            let numbering = snapshot.numbering
            return max(
                numbering.count(ofNumber: writer.progress.firstFreeNumber),
                writer.progress.firstCount(numbering.duration))
        }
    }

    /// From the epoch up to where nothing may begin any more; after a restart, what was used before.
    package var usedUntil: Ticks {
        let number = writer.withLock { $0.progress.firstFreeNumber }
        return snapshot.numbering.nominalStart(of: number)
    }

    /// The window is closed for good, for another one to be opened on its directory: what is under way is closed as at
    /// the end of a publication, no publication may write any more, and its bytes leave the budget.
    package func retire() {
        writer.withLock { writer in
            guard !writer.isRetired else { return }
            close(&writer)
            writer.isRetired = true
            writer.publication += 1
            isOver.withLock { $0 = true }
            account.close()
        }
        // Who opens it anew reads what is there then.
        disk.finish()
    }

    /// The tracks of what follows. A discontinuity comes before its first segment.
    /// - Parameter fillsSince: where that fills in for an input: since when it is lost, in milliseconds from the epoch.
    /// - Throws: what is wrong with a header, that the publication is not the current one, or that the disk refuses
    ///   to keep what must not come twice.
    package func setTracks(
        _ tracks: [(name: String, reorderDelay: UInt32, frameRate: FrameRate?, header: [UInt8])], publication: UInt64,
        fillsSince: Int64? = nil
    ) throws(ParseError) {
        try writer.withLock { writer throws(ParseError) in
            try Self.require(publication, &writer)
            close(&writer)
            guard writer.setsWithoutSegment < Self.maximumSetsWithoutSegment else {
                throw ParseError(
                    .tooLarge, at: 0,
                    "more than \(Self.maximumSetsWithoutSegment) sets of tracks without a whole segment")
            }
            writer.setsWithoutSegment += 1
            var progress = writer.progress
            var records: [Journal.Record] = []
            var stored: [StoredTrack] = []
            for track in tracks {
                stored.append(
                    try StoredTrack(
                        name: track.name, reorderDelay: track.reorderDelay, frameRate: track.frameRate,
                        index: try progress.index(of: track.name, &records), header: track.header))
            }
            // The time since the epoch has to have room in what the journal may say.
            if let track = stored.first(where: { $0.track.timescale > Self.maximumTimescale }) {
                throw ParseError(.invalid, at: 0, "a timescale of \(track.track.timescale) ticks a second")
            }
            // A set stays as long as one of its segments is listed: many changes cost the oldest of them their place.
            guard makeRoom(forHeaders: tracks.reduce(0) { $0 + $1.header.count }) else {
                throw ParseError(
                    .tooLarge, at: 0, "more than \(Self.maximumHeaderBytes) bytes of headers in the window")
            }
            var set = TrackSet(generation: progress.nextGeneration, tracks: stored)
            let patience = records.isEmpty ? 0 : Self.patienceForIndexes
            if let failure = write(records + [set.record], &writer, patience: patience) {
                // An index that a restart gave again would be an IV that comes twice.
                guard records.isEmpty else {
                    let (snapshot, progress) = (self.snapshot, writer.progress)
                    journal.takeBack { Journal.records(of: snapshot, progress) }
                    throw ParseError(
                        .invalid, at: 0, "the disk refuses the channel's journal, so nothing can begin: \(failure)")
                }
                // And a generation, a URL: this one is of a number that is never given again.
                progress.skipGenerations()
                set = TrackSet(generation: progress.nextGeneration, tracks: stored)
                // Where it refuses, all that it misses is written with the next line.
                if failure.isLate { _ = write([set.record], &writer) }
            }
            progress.nextGeneration += 1
            writer.progress = progress
            writer.trackSet = set
            writer.startsDiscontinuity = true
            writer.fillsSince = fillsSince
            let numbering = snapshot.numbering
            writer.assembly = SegmentAssembly(
                tracks: stored.map(\.track), segmentDuration: limits.segmentDuration,
                longestSegment: limits.longestSegment, maximumOpenBytes: limits.openBytes,
                firstNumber: numbering.count(ofNumber: progress.firstFreeNumber),
                notBefore: stored.map { track in
                    progress.ends[track.track.name]?.rescaled(to: track.track.timescale, rounding: .up).value ?? .min
                })
            if let failure = store.makeDirectories(tracks: tracks.map(\.name)) { noteFailure(failure) }
            current.withLock { snapshot in
                // A set that nothing was listed with is not needed any more.
                if let old = snapshot.currentGeneration, snapshot.segments.last?.generation != old {
                    snapshot.trackSets[old] = nil
                }
                snapshot.trackSets[set.generation] = set
                snapshot.currentGeneration = set.generation
            }
        }
    }

    /// Takes one chunk. When a segment becomes whole by it, the snapshot lists it before this returns.
    /// - Parameter segment: its segment, in segment durations from the epoch.
    package func append(
        track: Int, segment: UInt64, endsSegment: Bool, bytes: [UInt8], publication: UInt64
    ) throws(ParseError) {
        try writer.withLock { writer throws(ParseError) in
            try Self.require(publication, &writer)
            guard writer.assembly != nil else { throw ParseError(.invalid, at: 0, "a chunk before the tracks") }
            let whole = try writer.assembly?.append(
                track: track, segment: segment, endsSegment: endsSegment, bytes: bytes)
            let number = snapshot.numbering.number(ofCount: segment)
            writer.progress.firstFreeNumber = max(
                writer.progress.firstFreeNumber, number &+ (endsSegment && number < .max ? 1 : 0))
            for segment in whole ?? [] { list(segment, &writer, goesOn: true) }
            if limits.showsParts { showUnderWay(&writer) }
        }
    }

    /// Whether a chunk lies after everything that was listed of its track, with the tracks that were set.
    package func isFree(_ chunk: [UInt8], track: Int, publication: UInt64) -> Bool {
        writer.withLock { writer in
            guard publication == writer.publication, let set = writer.trackSet, track < set.tracks.count,
                let start = try? MovieFragmentTable(parsing: chunk.span).fragments.first?.baseMediaDecodeTime
            else { return true }
            let stored = set.tracks[track].track
            guard let end = writer.progress.ends[stored.name] else { return true }
            return start >= end.rescaled(to: stored.timescale, rounding: .up).value
        }
    }

    /// The publication is over: what is under way is closed as a short segment, or dropped.
    package func endPublication(_ publication: UInt64) {
        writer.withLock { writer in
            guard publication == writer.publication else { return }
            close(&writer)
        }
    }

    private static func require(_ publication: UInt64, _ writer: inout sending Writer) throws(ParseError) {
        guard publication == writer.publication else {
            throw ParseError(.invalid, at: 0, "another publication has taken the channel over")
        }
    }

    private func close(_ writer: inout Writer) {
        guard var assembly = writer.assembly else { return }
        for segment in assembly.finish() { list(segment, &writer, goesOn: false) }
        writer.progress.firstFreeNumber = max(
            writer.progress.firstFreeNumber, snapshot.numbering.number(ofCount: assembly.firstFreeNumber))
        writer.assembly = nil
    }

    // MARK: The window

    /// The next segment of the window, whole or not, as it is listed.
    private func entry(_ count: UInt64, _ tracks: [TrackSegment], _ set: TrackSet, _ writer: Writer) -> WindowSegment {
        let isFirstEver = current.withLock { $0.segments.isEmpty } && writer.progress.discontinuitySequence == 0
        let isDiscontinuity = writer.startsDiscontinuity && !isFirstEver
        return WindowSegment(
            number: snapshot.numbering.number(ofCount: count), generation: set.generation,
            isDiscontinuity: isDiscontinuity,
            discontinuitySequence: writer.progress.discontinuitySequence + (isDiscontinuity ? 1 : 0), tracks: tracks,
            form: store.form, fillsSince: writer.fillsSince)
    }

    /// - Parameter goesOn: parts of the next segment may follow.
    private func list(_ whole: SegmentAssembly.WholeSegment, _ writer: inout Writer, goesOn: Bool) {
        guard let set = writer.trackSet else { return }
        let segment = entry(whole.number, whole.tracks, set, writer)
        let number = segment.number
        writer.startsDiscontinuity = false
        writer.progress.discontinuitySequence = segment.discontinuitySequence
        writer.progress.firstFreeNumber = max(writer.progress.firstFreeNumber, number &+ (number < .max ? 1 : 0))
        var failures: [StorageError] = []
        for (track, media) in zip(set.tracks, whole.media) {
            let key = SegmentStore.Key(segment: number, track: track.track.name)
            let lost = store.keep(key, media)
            if let failure = makingRoom(&writer, { store.save(key) }) {
                noteFailure(failure)
                failures.append(failure)
            }
            // What is listed is there: on the disk, or else in memory.
            while let lost, let first = self.snapshot.segments.first, first.number <= lost, evictOldest(keeping: 0) {}
        }
        writer.progress.noteEnds(segment, set)
        writer.setsWithoutSegment = 0
        // The one flush of a segment: before anybody sees its number, unless the disk keeps the picture waiting. Its
        // files follow in the kernel's own time; what a power failure takes of them is found missing by the next start.
        let next = goesOn && limits.showsParts ? nextUnderWay(after: number) : nil
        let breaks = reach(segment, set, &writer)
        let failure = write([.segment(segment)] + (next.map { [.underWay($0)] } ?? []) + breaks, &writer)
        if let failure { failures.append(failure) }
        if failure?.isLate ?? true, let next { writer.progress.underWay = next }
        writer.progress.noteListed(number, window: limits.segmentsInWindow)
        writer.firstUnlisted = max(writer.firstUnlisted, number &+ (number < .max ? 1 : 0))
        for removed in addToWindow(segment, eventStart: writer.progress.eventStart) { _ = drop(removed) }
        showBreaks(&writer)
        account.settle()
        noteSegment(failures, &writer)
        compactJournal(&writer)
        onEvent(.segment(number: number))
    }

    // MARK: The segment under way

    private func showUnderWay(_ writer: inout Writer) {
        guard let set = writer.trackSet, let begun = writer.assembly?.begun else { return }
        let segment = entry(begun.number, begun.tracks, set, writer)
        guard current.withLock({ $0.underWay?.segment != segment || $0.underWay?.isEnded != begun.isEnded }),
            noteShown(segment.number, begun, set, &writer)
        else { return }
        var progress = writer.progress
        progress.noteListed(segment.number, window: limits.segmentsInWindow)
        let underWay = SegmentUnderWay(
            segment: segment, parts: begun.parts, isEnded: begun.isEnded, eventStart: progress.eventStart)
        let breaks = reach(segment, set, &writer)
        // Of little weight beside the picture: where the disk refuses, a restart does not know of it.
        if !breaks.isEmpty { _ = write(breaks, &writer) }
        showBreaks(&writer)
        // Who takes over now goes on with the next one.
        let number = segment.number
        writer.firstUnlisted = max(writer.firstUnlisted, number &+ (number < .max ? 1 : 0))
        current.withLock { $0.underWay = underWay }
        onEvent(.part(segment: number))
    }

    /// Sees that the disk knows of what is about to be shown; false where it refuses.
    private func noteShown(
        _ number: UInt64, _ begun: SegmentAssembly.Begun, _ set: TrackSet, _ writer: inout Writer
    ) -> Bool {
        let newest = zip(begun.newestSample, set.tracks).map { Ticks($0, timescale: $1.track.timescale) }.max()
        guard let newest else { return false }
        if let known = writer.progress.underWay, number <= known.number, newest < known.samplesBefore { return true }
        var next = nextUnderWay(from: number)
        if newest >= next.samplesBefore {
            // A copied segment that is longer than it should be: asked for once in a segment's duration.
            let far = newest.rescaled(to: limits.segmentDuration.timescale, rounding: .up)
            let (end, overflow) = far.value.addingReportingOverflow(max(limits.segmentDuration.value, 1))
            next = Journal.UnderWay(
                number: number, samplesBefore: Ticks(overflow ? .max : end, timescale: far.timescale))
        }
        guard write([.underWay(next)], &writer)?.isLate ?? true else { return false }
        writer.progress.underWay = next
        return true
    }

    private func nextUnderWay(after number: UInt64) -> Journal.UnderWay {
        nextUnderWay(from: number &+ (number < .max ? 1 : 0))
    }

    private func nextUnderWay(from number: UInt64) -> Journal.UnderWay {
        Journal.UnderWay(
            number: number, samplesBefore: snapshot.nominalStart(of: number &+ (number < .max ? 1 : 0)))
    }

    /// - Returns: what is too old for the window now.
    private func addToWindow(_ segment: WindowSegment, eventStart: UInt64?) -> [(
        segment: WindowSegment, set: TrackSet?
    )] {
        let (old, shown) = current.withLock { snapshot in
            snapshot.segments.append(segment)
            // What was shown of it is in it.
            let shown = snapshot.underWay
            snapshot.underWay = nil
            snapshot.eventStart = eventStart
            let oldest = segment.number.subtractingReportingOverflow(limits.segmentsInWindow)
            var old: [(segment: WindowSegment, set: TrackSet?)] = []
            while snapshot.segments.count > Self.fewestSegments, !oldest.overflow,
                let first = snapshot.segments.first, first.number < oldest.partialValue
            {
                if let removed = snapshot.removeFirst() { old.append(removed) }
            }
            return (old, shown)
        }
        // Its memory is not given back under the lock.
        withExtendedLifetime(shown) {}
        return old
    }
}
