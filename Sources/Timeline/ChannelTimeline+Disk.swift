import Files
import Media
import Synchronization

/// What goes to the disk, and what becomes of the window where that refuses.
extension ChannelTimeline {
    /// Adds to the journal; when it returns nil the disk has it.
    func write(_ records: [Journal.Record], _ writer: inout Writer) -> StorageError? {
        writer.journalLines += records.count
        let (isBehind, progress) = (writer.isJournalBehind, writer.progress)
        let failure = makingRoom(&writer) {
            do throws(FileError) {
                // What it missed is in the window, if anywhere.
                if isBehind {
                    try journal.rewrite(Journal.records(of: snapshot, progress) + records)
                } else {
                    try journal.append(records)
                }
            } catch { return .file(error) }
            return nil
        }
        writer.isJournalBehind = failure != nil
        if let failure { noteFailure(failure) }
        return failure
    }

    /// Where the disk is full the oldest files make room; not where that was in vain, as somebody else has filled it.
    func makingRoom(_ writer: inout Writer, _ attempt: () -> StorageError?) -> StorageError? {
        var failure = attempt()
        guard let first = failure, first.isDiskFull else { return failure }
        noteFailure(first)
        writer.isCrowded = true
        guard writer.firstUnlisted >= writer.givesUpFrom else { return failure }
        for _ in 0..<4 {
            guard let error = failure, error.isDiskFull, giveRoom() else { break }
            failure = attempt()
        }
        if failure != nil { writer.givesUpFrom = writer.firstUnlisted &+ Self.segmentsUntilNextTry }
        return failure
    }

    /// Said once, until the disk takes everything again.
    func noteFailure(_ failure: StorageError) {
        let isNew = failing.withLock { isFailing in
            defer { isFailing = true }
            return !isFailing
        }
        if isNew { onEvent(.storageFailed(failure)) }
    }

    /// A segment is stored, or not.
    func noteSegment(isStored: Bool, _ writer: inout Writer) {
        if !isStored { writer.segmentsRefused += 1 }
        defer { writer.isCrowded = false }
        guard isStored, !writer.isCrowded else { return }
        let hasRecovered = failing.withLock { isFailing in
            defer { isFailing = false }
            return isFailing
        }
        guard hasRecovered else { return }
        // What could not be removed meanwhile.
        if let directory { StoredMedia.removeUnlisted(directory, snapshot) }
        onEvent(.storageRecovered(segments: writer.segmentsRefused))
        writer.segmentsRefused = 0
        writer.givesUpFrom = 0
    }

    /// A channel may run for months: the journal stays in proportion to the window.
    func compactJournal(_ writer: inout Writer) {
        let snapshot = self.snapshot
        guard writer.journalLines > max(256, 2 * snapshot.segments.count) else { return }
        writer.journalLines = 0
        do throws(FileError) { try journal.rewrite(Journal.records(of: snapshot, writer.progress)) } catch {
            noteFailure(.file(error))
        }
    }

    /// Gives up the oldest segment before its time; false where there are too few.
    func evictOldest(keeping fewest: Int = ChannelTimeline.fewestSegments) -> Bool {
        let evicted = isOver.withLock { isOver in
            guard !isOver else { return nil as UInt64? }
            let removed = current.withLock { snapshot in
                snapshot.segments.count > fewest ? snapshot.removeFirst() : nil
            }
            return removed.map { drop($0) }
        }
        if let evicted { onEvent(.evictedEarly(number: evicted)) }
        return evicted != nil
    }

    /// The oldest file goes. Where its bytes are in memory the segment stays in the window, else it goes too.
    func giveRoom() -> Bool {
        let snapshot = self.snapshot
        for segment in snapshot.segments.dropLast(Self.fewestSegments)
        where isOnDisk(segment, snapshot.trackSets[segment.generation]) {
            return forgetFiles(segment, snapshot) || evictOldest()
        }
        return false
    }

    /// Leaves a segment in memory only; false where it is not in memory.
    func forgetFiles(_ segment: WindowSegment, _ snapshot: Snapshot) -> Bool {
        isOver.withLock { isOver in
            guard !isOver else { return false }
            let set = snapshot.trackSets[segment.generation]
            let wasOnDisk = isOnDisk(segment, set)
            let isForgotten = (set?.tracks ?? []).allSatisfy { track in
                store.forgetFile(.init(segment: segment.number, track: track.track.name), segment.fileForm)
            }
            if wasOnDisk, !isOnDisk(segment, set) { account.add(-segment.storedByteCount) }
            return isForgotten
        }
    }

    /// Whether the disk has all of a segment; the budget counts only those.
    func isOnDisk(_ segment: WindowSegment, _ set: TrackSet?) -> Bool {
        (set?.tracks ?? []).allSatisfy { track in
            !store.isInMemoryOnly(.init(segment: segment.number, track: track.track.name))
        }
    }

    func drop(_ removed: (segment: WindowSegment, set: TrackSet?)) -> UInt64 {
        let wasOnDisk = isOnDisk(removed.segment, removed.set)
        for track in removed.set?.tracks ?? [] {
            let key = SegmentStore.Key(segment: removed.segment.number, track: track.track.name)
            store.remove(key, removed.segment.fileForm)
            _ = reported.withLock { $0.remove(key) }
        }
        if wasOnDisk { account.add(-removed.segment.storedByteCount) }
        return removed.segment.number
    }
}
