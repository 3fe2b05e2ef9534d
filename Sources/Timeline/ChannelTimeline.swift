package import Files
package import Media
import Synchronization

/// The live window of one channel: the place where the publisher's half and the CDN's half meet.
///
/// Written by one publication at a time on its own thread (blocking file I/O happens there); read by
/// anybody at any time through `snapshot`, which never waits for a writer's I/O.
package final class ChannelTimeline: Sendable {
    package struct Limits: Sendable {
        package var segmentDuration: Ticks
        /// How far back the window reaches.
        package var windowSeconds: UInt32
        package var memoryBytes: Int

        package init(segmentDuration: Ticks, windowSeconds: UInt32, memoryBytes: Int = 128 << 20) {
            self.segmentDuration = segmentDuration
            self.windowSeconds = windowSeconds
            self.memoryBytes = memoryBytes
        }

        var segmentsInWindow: UInt64 {
            let window = Ticks(Int64(windowSeconds), timescale: 1).rescaled(to: segmentDuration.timescale)
            return UInt64(clamping: window.value / max(segmentDuration.value, 1))
        }
    }

    /// What happened that an operator should know of.
    package enum Event: Sendable, Equatable {
        case segment(number: UInt64)
        /// The disk refused; the segment is in memory only.
        case storageFailed(FileError)
        /// The storage cap pushed a segment out before its time.
        case evictedEarly(number: UInt64)
    }

    private struct Writer {
        var publication: UInt64 = 0
        var assembly: SegmentAssembly?
        var trackSet: TrackSet?
        var startsDiscontinuity = false
        var indexes: [String: UInt8] = [:]
        var nextGeneration: UInt64 = 1
        var discontinuitySequence: UInt64 = 0
        /// No segment number below this may be used again, whether its segment was finished or not.
        var firstFreeNumber: UInt64 = 0
        var isRetired = false
        /// Where the listed media of each track ends, by name.
        var ends: [String: Ticks] = [:]
        /// Sets of tracks since the last whole segment.
        var setsWithoutSegment = 0
        /// Lines added to the journal since it was made.
        var journalLines = 0

        mutating func noteEnds(_ segment: WindowSegment, _ set: TrackSet) {
            for (track, share) in zip(set.tracks, segment.tracks) {
                let (end, overflow) = share.decodeTime.addingReportingOverflow(share.duration)
                ends[track.track.name] = Ticks(overflow ? .max : end, timescale: track.track.timescale)
            }
        }
    }

    private static let maximumSetsWithoutSegment = 32

    private let limits: Limits
    private let store: SegmentStore
    private let journal: Journal
    private let budget: StorageBudget
    private let onEvent: @Sendable (Event) -> Void
    private let writer: Mutex<Writer>
    private let current: Mutex<Snapshot>

    /// Opens the window, with what an earlier run left in the directory.
    /// - Parameter directory: of this channel; nil: memory only.
    /// - Parameter onEvent: called on the publication's thread after the snapshot has changed.
    package init(
        directory: String?, limits: Limits, budget: StorageBudget, onEvent: @escaping @Sendable (Event) -> Void
    ) throws(FileError) {
        if let directory { try PlainFile.makeDirectory(directory) }
        self.limits = limits
        self.budget = budget
        self.onEvent = onEvent
        store = SegmentStore(directory: directory, memoryBytes: limits.memoryBytes)
        journal = Journal(path: directory.map { $0 + "/window.jsonl" })
        var snapshot = Snapshot(segmentDuration: limits.segmentDuration)
        var writer = Writer()
        Self.recover(from: try journal.read(), store: store, into: &snapshot, &writer)
        _ = budget.add(snapshot.segments.reduce(0) { $0 + $1.byteCount })
        try journal.rewrite(Self.records(of: snapshot, writer))
        self.writer = Mutex(writer)
        current = Mutex(snapshot)
    }

    package var snapshot: Snapshot { current.withLock { $0 } }

    /// The clear bytes of a track's segment; nil when it is not in the store. May block on the disk.
    package func bytes(segment: UInt64, track: String) -> [UInt8]? {
        store.get(SegmentStore.Key(segment: segment, track: track))
    }

    package var memoryBytes: Int { store.memoryBytes }

    // MARK: The publisher's side

    /// A new publication takes the window over; whatever another one had under way is closed.
    /// - Returns: its token for the calls below, and the first segment number it may use.
    package func beginPublication() -> (publication: UInt64, firstSegment: UInt64) {
        writer.withLock { writer in
            close(&writer)
            writer.publication += 1
            writer.firstFreeNumber = max(writer.firstFreeNumber, firstNumberAfterMedia(writer))
            // 0 is never the current one.
            return (writer.isRetired ? 0 : writer.publication, writer.firstFreeNumber)
        }
    }

    /// The window is closed for good, for another one to be opened on its directory: what is under way is closed as at
    /// the end of a publication, no publication may write any more, and its bytes leave the budget.
    package func retire() {
        writer.withLock { writer in
            guard !writer.isRetired else { return }
            close(&writer)
            writer.isRetired = true
            writer.publication += 1
            _ = budget.add(-snapshot.segments.reduce(0) { $0 + $1.byteCount })
        }
    }

    /// The first segment that starts after all listed media. A copied segment can reach over the next numbers.
    private func firstNumberAfterMedia(_ writer: Writer) -> UInt64 {
        let duration = limits.segmentDuration
        // The last audio frame of a segment ends a little behind it, on the grid where the next one's first begins.
        let tolerance = Int64(duration.timescale) * 3 / 20
        return writer.ends.values.map { end in
            let media = max(end.rescaled(to: duration.timescale).value, tolerance) - tolerance
            return media == 0 ? 0 : UInt64((media - 1) / max(duration.value, 1)) + 1
        }.max() ?? 0
    }

    /// The tracks of what follows. A discontinuity comes before its first segment.
    /// - Throws: what is wrong with a header, or that the publication is not the current one.
    package func setTracks(
        _ tracks: [(name: String, reorderDelay: UInt32, frameRate: FrameRate?, header: [UInt8])], publication: UInt64
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
            var stored: [StoredTrack] = []
            for track in tracks {
                let index = try self.index(of: track.name, &writer)
                stored.append(
                    try StoredTrack(
                        name: track.name, reorderDelay: track.reorderDelay, frameRate: track.frameRate, index: index,
                        header: track.header))
            }
            let set = TrackSet(generation: writer.nextGeneration, tracks: stored)
            writer.nextGeneration += 1
            writer.trackSet = set
            writer.startsDiscontinuity = true
            writer.assembly = SegmentAssembly(
                tracks: stored.map(\.track), segmentDuration: limits.segmentDuration,
                firstNumber: writer.firstFreeNumber,
                notBefore: stored.map { track in
                    writer.ends[track.track.name]?.rescaled(to: track.track.timescale, rounding: .up).value ?? .min
                })
            do throws(FileError) { try store.makeDirectories(tracks: tracks.map(\.name)) } catch {
                onEvent(.storageFailed(error))
            }
            write(set.record, &writer)
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
    package func append(
        track: Int, segment: UInt64, endsSegment: Bool, bytes: [UInt8], publication: UInt64
    ) throws(ParseError) {
        try writer.withLock { writer throws(ParseError) in
            try Self.require(publication, &writer)
            guard writer.assembly != nil else { throw ParseError(.invalid, at: 0, "a chunk before the tracks") }
            let whole = try writer.assembly?.append(
                track: track, segment: segment, endsSegment: endsSegment, bytes: bytes)
            writer.firstFreeNumber = max(writer.firstFreeNumber, segment &+ (endsSegment ? 1 : 0))
            for segment in whole ?? [] { list(segment, &writer) }
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
        for segment in assembly.finish() { list(segment, &writer) }
        writer.firstFreeNumber = max(writer.firstFreeNumber, assembly.firstFreeNumber)
        writer.assembly = nil
    }

    private func index(of name: String, _ writer: inout Writer) throws(ParseError) -> UInt8 {
        if let index = writer.indexes[name] { return index }
        guard let free = (0...UInt8.max).first(where: { !writer.indexes.values.contains($0) }) else {
            throw ParseError(.tooLarge, at: 0, "this channel has had 256 different track names")
        }
        writer.indexes[name] = free
        write(.track(index: free, name: name), &writer)
        return free
    }

    private func write(_ record: Journal.Record, _ writer: inout Writer) {
        writer.journalLines += 1
        do { try journal.append(record) } catch { onEvent(.storageFailed(error)) }
    }

    /// A channel may run for months: the journal stays in proportion to the window.
    private func compactJournal(_ writer: inout Writer) {
        let snapshot = self.snapshot
        guard writer.journalLines > max(256, 2 * snapshot.segments.count) else { return }
        writer.journalLines = 0
        do { try journal.rewrite(Self.records(of: snapshot, writer)) } catch { onEvent(.storageFailed(error)) }
    }

    private func list(_ whole: SegmentAssembly.WholeSegment, _ writer: inout Writer) {
        guard let set = writer.trackSet else { return }
        let isFirstEver = current.withLock { $0.segments.isEmpty } && writer.discontinuitySequence == 0
        let isDiscontinuity = writer.startsDiscontinuity && !isFirstEver
        writer.startsDiscontinuity = false
        if isDiscontinuity { writer.discontinuitySequence += 1 }
        writer.firstFreeNumber = max(writer.firstFreeNumber, whole.number + 1)
        let segment = WindowSegment(
            number: whole.number, generation: set.generation, isDiscontinuity: isDiscontinuity,
            discontinuitySequence: writer.discontinuitySequence, tracks: whole.tracks)
        for (track, bytes) in zip(set.tracks, whole.bytes) {
            let key = SegmentStore.Key(segment: whole.number, track: track.track.name)
            if let failure = store.put(key, bytes) { onEvent(.storageFailed(failure)) }
        }
        writer.noteEnds(segment, set)
        writer.setsWithoutSegment = 0
        write(.segment(segment), &writer)
        var isWithinCap = budget.add(segment.byteCount)
        let (old, early) = current.withLock { snapshot in
            snapshot.segments.append(segment)
            let oldest = segment.number.subtractingReportingOverflow(
                limits.segmentsInWindow)
            var old: [(WindowSegment, TrackSet?)] = []
            var early: [UInt64] = []
            while snapshot.segments.count > 3, let first = snapshot.segments.first {
                let isOld = !oldest.overflow && first.number < oldest.partialValue
                guard isOld || !isWithinCap else { break }
                if !isOld { early.append(first.number) }
                old.append((first, snapshot.trackSets[first.generation]))
                snapshot.segments.removeFirst()
                isWithinCap = budget.add(-first.byteCount)
            }
            let oldestGeneration = snapshot.segments.first?.generation ?? 0
            snapshot.trackSets = snapshot.trackSets.filter { $0.key >= oldestGeneration }
            return (old, early)
        }
        for (segment, set) in old {
            for track in set?.tracks ?? [] {
                store.remove(SegmentStore.Key(segment: segment.number, track: track.track.name))
            }
        }
        compactJournal(&writer)
        for number in early { onEvent(.evictedEarly(number: number)) }
        onEvent(.segment(number: whole.number))
    }

    // MARK: Over restarts

    private static func recover(
        from records: [Journal.Record], store: SegmentStore, into snapshot: inout Snapshot, _ writer: inout Writer
    ) {
        var isSameDuration = true
        for record in records {
            switch record {
            case .segmentDuration(let value, let timescale):
                // Numbers of another duration are of other times: that window is over. Its tracks and generations go
                // on, so that no URL and no IV comes twice.
                let duration = snapshot.segmentDuration
                isSameDuration = timescale > 0 && Ticks(value, timescale: timescale).isSameTime(as: duration)
            case .track(let index, let name):
                writer.indexes[name] = index
            case .trackSet(let generation, let tracks):
                writer.nextGeneration = max(writer.nextGeneration, generation + 1)
                if let set = try? TrackSet(generation: generation, records: tracks) {
                    snapshot.trackSets[generation] = set
                }
            case .floor(let floor):
                if isSameDuration { writer.firstFreeNumber = max(writer.firstFreeNumber, floor.firstFreeNumber) }
                writer.nextGeneration = max(writer.nextGeneration, floor.nextGeneration)
                writer.discontinuitySequence = max(writer.discontinuitySequence, floor.discontinuitySequence)
                writer.ends.merge(floor.ends) { max($0, $1) }
            case .segment(let segment) where !isSameDuration:
                if let set = snapshot.trackSets[segment.generation] { writer.noteEnds(segment, set) }
                writer.discontinuitySequence = max(writer.discontinuitySequence, segment.discontinuitySequence)
                for track in snapshot.trackSets[segment.generation]?.tracks ?? [] {
                    store.remove(SegmentStore.Key(segment: segment.number, track: track.track.name))
                }
            case .segment(let segment):
                if let set = snapshot.trackSets[segment.generation] { writer.noteEnds(segment, set) }
                writer.firstFreeNumber = max(writer.firstFreeNumber, segment.number + 1)
                writer.discontinuitySequence = max(writer.discontinuitySequence, segment.discontinuitySequence)
                guard let set = snapshot.trackSets[segment.generation], set.tracks.count == segment.tracks.count,
                    segment.number > snapshot.segments.last?.number ?? 0,
                    zip(set.tracks, segment.tracks).allSatisfy({ track, stored in
                        store.holdsFile(
                            SegmentStore.Key(segment: segment.number, track: track.track.name),
                            byteCount: stored.byteCount)
                    })
                else { continue }
                snapshot.segments.append(segment)
            }
        }
        let oldestGeneration = snapshot.segments.first?.generation ?? 0
        snapshot.trackSets = snapshot.trackSets.filter { $0.key >= oldestGeneration }
        snapshot.currentGeneration = snapshot.trackSets.keys.max()
    }

    private static func records(of snapshot: Snapshot, _ writer: Writer) -> [Journal.Record] {
        let duration = Journal.Record.segmentDuration(
            value: snapshot.segmentDuration.value, timescale: snapshot.segmentDuration.timescale)
        let floor = Journal.Record.floor(
            Journal.Floor(
                firstFreeNumber: writer.firstFreeNumber, nextGeneration: writer.nextGeneration,
                discontinuitySequence: writer.discontinuitySequence, ends: writer.ends))
        let tracks = [duration, floor] + writer.indexes.map { Journal.Record.track(index: $0.value, name: $0.key) }
        let sets = snapshot.trackSets.values.sorted { $0.generation < $1.generation }.map(\.record)
        return tracks + sets + snapshot.segments.map { .segment($0) }
    }
}

extension WindowSegment {
    package var byteCount: Int { tracks.reduce(0) { $0 + $1.byteCount } }
}
