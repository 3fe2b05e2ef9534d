import Files
import Media
import Synchronization

/// What goes to the disk, and what becomes of the window where that refuses.
extension ChannelTimeline {
    /// Adds to the journal; when it returns nil the disk has it.
    /// - Parameter patience: waits at least so many milliseconds for a disk that is late.
    func write(_ records: [Journal.Record], _ writer: inout Writer, patience: Int = 0) -> StorageError? {
        writer.journalLines += records.count
        let progress = writer.progress
        let failure = makingRoom(&writer) {
            // What it missed is in the window, if anywhere.
            let snapshot = self.snapshot
            return journal.append(records, patience: patience) { Journal.records(of: snapshot, progress) }
        }
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

    /// A segment is stored, or not; or late, and then stored in its turn.
    func noteSegment(_ failures: [StorageError], _ writer: inout Writer) {
        if failures.contains(where: { !$0.isLate }) { writer.segmentsRefused += 1 }
        defer { writer.isCrowded = false }
        guard failures.isEmpty, !writer.isCrowded else { return }
        let hasRecovered = failing.withLock { isFailing in
            defer { isFailing = false }
            return isFailing
        }
        // What it may refuse once more, as a large file where there is room for small ones, is tried with every 30th segment.
        if hasRecovered || writer.firstUnlisted % Self.segmentsUntilNextTry == 0 { store.saveAgain() }
        guard hasRecovered else { return }
        // What could not be removed meanwhile; what was late is gone in its turn.
        if let directory, store.takeHasLeftFiles() || writer.segmentsRefused > 0 {
            let snapshot = snapshot
            disk.post { StoredMedia.removeUnlisted(directory, snapshot) }
        }
        onEvent(.storageRecovered(segments: writer.segmentsRefused))
        writer.segmentsRefused = 0
        writer.givesUpFrom = 0
    }

    /// A channel may run for months: the journal stays in proportion to the window.
    func compactJournal(_ writer: inout Writer) {
        let snapshot = self.snapshot
        guard writer.journalLines > max(256, 2 * snapshot.segments.count) else { return }
        writer.journalLines = 0
        let progress = writer.progress
        journal.rewrite({ Journal.records(of: snapshot, progress) }) { [weak self] in self?.noteFailure(.file($0)) }
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

    /// Gives up the oldest segments, and with them the sets of tracks that only they are of, until there is room for more;
    /// false where that would take all of them.
    func makeRoom(forHeaders bytes: Int) -> Bool {
        let (removed, hasRoom) = isOver.withLock { isOver in
            let taken = current.withLock { snapshot in
                var removed: [(segment: WindowSegment, set: TrackSet?)] = []
                var (sets, sum) = (snapshot.trackSets.count, snapshot.headerBytes)
                while sum + bytes > Self.maximumHeaderBytes, !isOver, snapshot.segments.count > Self.fewestSegments,
                    let first = snapshot.removeFirst()
                {
                    removed.append(first)
                    guard snapshot.trackSets.count != sets else { continue }
                    (sets, sum) = (snapshot.trackSets.count, snapshot.headerBytes)
                }
                return (removed, sum + bytes <= Self.maximumHeaderBytes)
            }
            for one in taken.0 { _ = drop(one) }
            return taken
        }
        if let last = removed.last { onEvent(.evictedEarly(number: last.segment.number)) }
        return hasRoom
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
            return (snapshot.trackSets[segment.generation]?.tracks ?? []).allSatisfy { track in
                store.forgetFile(.init(segment: segment.number, track: track.track.name), segment.fileForm)
            }
        }
    }

    /// Whether the disk has all of a segment.
    func isOnDisk(_ segment: WindowSegment, _ set: TrackSet?) -> Bool {
        (set?.tracks ?? []).allSatisfy { track in
            !store.isInMemoryOnly(.init(segment: segment.number, track: track.track.name))
        }
    }

    func drop(_ removed: (segment: WindowSegment, set: TrackSet?)) -> UInt64 {
        for (track, share) in zip(removed.set?.tracks ?? [], removed.segment.tracks) {
            let key = SegmentStore.Key(segment: removed.segment.number, track: track.track.name)
            store.remove(key, removed.segment.fileForm, byteCount: share.byteCount)
            _ = reported.withLock { $0.remove(key) }
        }
        return removed.segment.number
    }
}
