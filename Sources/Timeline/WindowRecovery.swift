import Files
import Media

/// A channel's window as an earlier run has left it: what the journal says, as far as the files are there.
struct WindowRecovery {
    private(set) var progress = WindowProgress()
    private(set) var snapshot: Snapshot
    /// Sealed segments that were dropped because a file of theirs does not open.
    private(set) var damaged: [StorageError] = []

    /// Whether numbers count what they counted before.
    private(set) var keepsNumbering: Bool

    /// By their id.
    private var adBreaks: [String: AdBreak] = [:]

    /// What may not have reached the disk when the power failed: the kernel writes within half a minute.
    private static let verifiedSeconds: Int64 = 60

    /// Removes the files of what is not listed any more.
    /// - Parameters:
    ///   - directory: of the channel, where there is one.
    ///   - window: in segments.
    init(_ content: Journal.Content, directory: String?, duration: Ticks, window: UInt64, store: SegmentStore) {
        snapshot = Snapshot(segmentDuration: duration)
        let before = Self.numbering(content.records)
        let isSame = before?.duration.isSameTime(as: duration) ?? true
        keepsNumbering = isSame
        for record in content.records {
            switch record {
            case .segmentDuration: break
            case .track(let index, let name): progress.indexes[name] = index
            case .trackSet(let generation, let tracks): take(generation, tracks)
            case .floor(let floor): take(floor)
            case .underWay(let underWay):
                progress.skip(underWay, tracks: snapshot.trackSets.values.flatMap { $0.tracks.map(\.track.name) })
            case .adBreak(let one): adBreaks[one.id] = one
            case .segment(let segment):
                take(segment, isSame: isSame, store)
                progress.noteListed(segment.number, window: window)
            }
        }
        // Files come before their line, which may be lost.
        let newest = directory.flatMap { StoredMedia.files(of: $0).map(\.key.segment).max() }
        progress.skipLost(identities: content.lostIdentities, newestFile: newest)
        // Media without a journal: nobody knows what was given away.
        if content.records.isEmpty, newest != nil { progress.skipGenerations() }
        if !isSame { progress.lastListed = nil }
        snapshot.eventStart = progress.eventStart
        snapshot.currentGeneration = snapshot.trackSets.keys.max()
        snapshot.numbering =
            isSame
            ? SegmentNumbering(duration: duration, offset: before?.offset ?? 0)
            // Numbers of another duration are of other times: that window is over. Its numbers, tracks and generations
            // go on, so that no URL and no IV comes twice.
            : .following(progress.firstFreeNumber, duration: duration, firstCount: progress.firstCount(duration))
        verifyNewest(store)
        snapshot.forgetUnusedTrackSets()
        // Numbers of another duration are of other segments.
        guard isSame else { return }
        var schedule = AdSchedule(adBreaks.values.sorted { $0.id < $1.id })
        if let first = snapshot.segments.first {
            let start = snapshot.nominalStart(of: first.number).rescaled(to: 90_000).value
            schedule.forget(before: first.number, start: start)
        }
        snapshot.adBreaks = schedule.breaks
    }

    private static func numbering(_ records: [Journal.Record]) -> SegmentNumbering? {
        for case .segmentDuration(let value, let timescale, let offset) in records where timescale > 0 && value > 0 {
            return SegmentNumbering(duration: Ticks(value, timescale: timescale), offset: offset ?? 0)
        }
        return nil
    }

    private mutating func take(_ generation: UInt64, _ tracks: [Journal.TrackRecord]) {
        progress.nextGeneration = max(progress.nextGeneration, generation.advancedOrMax)
        for track in tracks where progress.indexes[track.name] == nil { progress.indexes[track.name] = track.index }
        if let set = try? TrackSet(generation: generation, records: tracks) { snapshot.trackSets[generation] = set }
    }

    private mutating func take(_ floor: Journal.Floor) {
        progress.firstFreeNumber = max(progress.firstFreeNumber, floor.firstFreeNumber)
        progress.nextGeneration = max(progress.nextGeneration, floor.nextGeneration)
        progress.discontinuitySequence = max(progress.discontinuitySequence, floor.discontinuitySequence)
        progress.ends.merge(floor.ends) { max($0, $1) }
        let isOld = floor.lastListed == nil && floor.firstFreeNumber > 0
        progress.lastListed = isOld ? floor.firstFreeNumber - 1 : floor.lastListed
        progress.eventStart = isOld ? 0 : floor.eventStart
    }

    private mutating func take(_ segment: WindowSegment, isSame: Bool, _ store: SegmentStore) {
        progress.firstFreeNumber = max(progress.firstFreeNumber, segment.number.advancedOrMax)
        progress.nextGeneration = max(progress.nextGeneration, segment.generation.advancedOrMax)
        progress.discontinuitySequence = max(progress.discontinuitySequence, segment.discontinuitySequence)
        guard let set = snapshot.trackSets[segment.generation] else { return }
        progress.noteEnds(segment, set)
        let isWhole =
            set.tracks.count == segment.tracks.count
            && zip(set.tracks, segment.tracks).allSatisfy { track, stored in
                store.holdsFile(
                    SegmentStore.Key(segment: segment.number, track: track.track.name), segment.fileForm,
                    byteCount: stored.byteCount)
            }
        guard isSame, isWhole, segment.number > snapshot.segments.last?.number ?? 0 else { return }
        snapshot.segments.append(segment)
    }

    /// A file that was cut short has the wrong size; one whose size is right and whose content never came does not
    /// open. Clear files cannot be told like that.
    private mutating func verifyNewest(_ store: SegmentStore) {
        guard let last = snapshot.segments.last else { return }
        let end = snapshot.nominalStart(of: last.number)
        let count = snapshot.segments.reversed().prefix { segment in
            segment.fileForm == .sealed
                && end.rescaled(to: 1).value - snapshot.nominalStart(of: segment.number).rescaled(to: 1).value
                    < Self.verifiedSeconds
        }.count
        var kept = Array(snapshot.segments.dropLast(count))
        for segment in snapshot.segments.suffix(count) {
            do throws(StorageError) {
                for track in snapshot.trackSets[segment.generation]?.tracks ?? [] {
                    _ = try store.read(
                        SegmentStore.Key(segment: segment.number, track: track.track.name), segment.fileForm)
                }
                kept.append(segment)
            } catch { damaged.append(error) }
        }
        snapshot.segments = WindowSegments(kept)
    }
}

extension UInt64 {
    /// The next one; the greatest stays itself.
    fileprivate var advancedOrMax: UInt64 { self < .max ? self + 1 : self }
}

/// The media files of a channel's folder, whether or not anything lists them.
enum StoredMedia {
    struct File: Sendable, Equatable {
        let path: String
        let key: SegmentStore.Key
        let form: WindowSegment.FileForm
    }

    /// Every file that is named as a segment is, in the folders of tracks; nothing else is ever removed.
    static func files(of directory: String) -> [File] {
        var files: [File] = []
        for track in (try? PlainFile.names(in: directory)) ?? [] {
            for name in (try? PlainFile.names(in: "\(directory)/\(track)")) ?? [] {
                for form in [WindowSegment.FileForm.clear, .sealed] {
                    let ending = "." + SegmentStore.fileExtension(form)
                    guard name.hasSuffix(ending), let number = UInt64(name.dropLast(ending.count)),
                        number < 1 << 62
                    else { continue }
                    files.append(
                        File(
                            path: "\(directory)/\(track)/\(name)", key: .init(segment: number, track: track),
                            form: form))
                }
            }
        }
        return files
    }

    /// Removes what the window does not list: what a crash, another duration or a damaged journal has left.
    static func removeUnlisted(_ directory: String, _ snapshot: Snapshot) {
        var listed: [SegmentStore.Key: WindowSegment.FileForm] = [:]
        for segment in snapshot.segments {
            for track in snapshot.trackSets[segment.generation]?.tracks ?? [] {
                listed[.init(segment: segment.number, track: track.track.name)] = segment.fileForm
            }
        }
        for file in files(of: directory) where listed[file.key] != file.form { PlainFile.remove(file.path) }
    }
}
