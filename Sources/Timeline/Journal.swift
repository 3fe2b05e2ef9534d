package import Files
import Media
import Synchronization

import struct Foundation.Data
import class Foundation.JSONDecoder
import class Foundation.JSONEncoder

/// The memory of a channel's window over restarts: one JSON line for each track set and each whole segment.
///
/// Holds neither keys nor media. Appended to while the channel runs, each time flushed to the disk before what it says
/// is shown to anybody, as far as the disk is there in time; rewritten with what is still there at every start, when it
/// has grown to several times that, and when it misses something. A torn line, and any other that cannot be read, is
/// passed over.
final class Journal: Sendable {
    enum Record: Codable, Sendable {
        case track(index: UInt8, name: String)
        case trackSet(generation: UInt64, tracks: [TrackRecord])
        case segment(WindowSegment)
        /// Takes the place of what was said of the same id.
        case adBreak(AdBreak)
        /// Of this segment parts may have been shown, with samples before that time.
        case underWay(UnderWay)
        /// What may never go back or come twice, whatever is left of the window.
        case floor(Floor)
        /// What segment numbers count, and what is added; from an earlier version there is none, or no offset.
        case segmentDuration(value: Int64, timescale: UInt32, offset: UInt64?)
    }

    struct Floor: Codable, Sendable {
        let firstFreeNumber: UInt64
        let nextGeneration: UInt64
        let discontinuitySequence: UInt64
        /// Where the listed media of each track ends.
        let ends: [String: Ticks]
        /// Nil from an earlier version.
        let lastListed: UInt64?
        let eventStart: UInt64?
    }

    struct UnderWay: Codable, Sendable {
        let number: UInt64
        let samplesBefore: Ticks
    }

    struct TrackRecord: Codable, Sendable {
        let name: String
        let index: UInt8
        let reorderDelay: UInt32
        let frameRate: FrameRate?
        let header: Data
    }

    /// What is in the file.
    struct Content: Sendable {
        var records: [Record] = []
        /// Lines that cannot be read, or say what cannot be.
        var unreadableLines = 0
        /// Of those, the ones that may have given a track its index, or a set of tracks its generation.
        var lostIdentities = 0

        /// Whether the lines that every rewriting puts first are there: without them numbers, track indexes or
        /// times could come twice.
        var hasHead: Bool {
            records.contains { if case .floor = $0 { true } else { false } }
                && records.contains { if case .segmentDuration = $0 { true } else { false } }
        }
    }

    private struct State {
        /// Why something is not in it that was to be; then nothing is added until it is rewritten whole.
        var missing: FileError?
        /// What it is to become: the newest, of all that wait for it.
        var whole: (@Sendable () -> [Record])?
    }

    /// Nil for a channel without a disk: nothing is written then.
    private let path: String?
    private let disk: DiskQueue
    private let state = Mutex(State())

    init(path: String?, disk: DiskQueue) {
        self.path = path
        self.disk = disk
    }

    /// Adds to it; when this returns nil the disk has the records.
    /// - Parameters:
    ///   - patience: waits at least so many milliseconds for a disk that is late.
    ///   - window: what the journal says of all that was before them.
    func append(
        _ records: [Record], patience: Int = 0, window: @escaping @Sendable () -> [Record]
    ) -> StorageError? {
        guard let path, !records.isEmpty else { return nil }
        let isBehind = state.withLock { state in
            guard state.missing != nil else { return false }
            state.whole = { window() + records }
            return true
        }
        let outcome = disk.perform(atLeast: patience) { [self] in isBehind ? rewriteNow(path) : appendNow(records, path)
        }
        switch outcome {
        case .done(let failure): return failure.map { .file($0) }
        case .late: return .file(.late(path))
        case .refused:
            state.withLock { $0.missing = .tooMuchWaits(path) }
            return .file(.tooMuchWaits(path))
        }
    }

    /// Begins it anew, in its turn.
    func rewrite(_ window: @escaping @Sendable () -> [Record], onFailure: @escaping @Sendable (FileError) -> Void) {
        guard let path else { return }
        disk.post {
            do throws(FileError) { try Self.replace(window(), path) } catch { onFailure(error) }
        }
    }

    /// Something that was not written in time is not to hold: if the disk gets it, it is written over before anything else.
    func takeBack(to window: @escaping @Sendable () -> [Record]) {
        guard let path else { return }
        state.withLock { state in
            state.missing = state.missing ?? .late(path)
            state.whole = window
        }
        disk.post { [self] in _ = rewriteNow(path) }
    }

    /// Begins it anew at a start.
    func begin(_ records: [Record]) throws(FileError) {
        guard let path else { return }
        do throws(FileError) { try Self.replace(records, path) } catch {
            state.withLock { $0.missing = error }
            throw error
        }
    }

    private func appendNow(_ records: [Record], _ path: String) -> FileError? {
        // One that waited before this may have failed: nothing comes after a gap.
        if let missing = state.withLock({ $0.missing }) { return missing }
        do throws(FileError) {
            // On a line of its own, even where a full disk has torn the one before.
            try PlainFile.append(
                [UInt8(ascii: "\n")] + records.compactMap(Self.line).flatMap(\.self), to: path, .flushed)
            return nil
        } catch {
            state.withLock { $0.missing = error }
            return error
        }
    }

    private func rewriteNow(_ path: String) -> FileError? {
        let (whole, missing) = state.withLock { state in
            defer { state.whole = nil }
            return (state.whole, state.missing)
        }
        // A later one has been written in its place, or could not be.
        guard let whole else { return missing }
        do throws(FileError) {
            try Self.replace(whole(), path)
            state.withLock { if $0.whole == nil { $0.missing = nil } }
            return nil
        } catch {
            state.withLock { $0.missing = error }
            return error
        }
    }

    private static func replace(_ records: [Record], _ path: String) throws(FileError) {
        try PlainFile.replace(records.compactMap(line).flatMap(\.self), at: path)
    }

    /// Nil where there is no journal.
    /// - Throws: where there is a journal that cannot be read, or whose head is damaged: to begin anew would give
    ///   numbers a second time. A damaged one that can be used is copied to a name with `.damaged-` first.
    func read() throws(TimelineError) -> Content? {
        guard let path else { return nil }
        let bytes: [UInt8]?
        do throws(FileError) { bytes = try PlainFile.readIfThere(path, atMost: 1 << 30) } catch { throw .file(error) }
        guard let bytes else { return nil }
        let content = Self.parse(bytes)
        guard content.unreadableLines > 0 else { return content }
        guard content.hasHead else { throw .damagedJournal(path: path, lines: content.unreadableLines) }
        do throws(FileError) { _ = try PlainFile.copyAside(bytes, of: path) } catch {
            guard error.isDiskFull || error.isReadOnly else { throw .file(error) }
        }
        return content
    }

    private static func parse(_ bytes: [UInt8]) -> Content {
        let decoder = JSONDecoder()
        var content = Content()
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            if let record = try? decoder.decode(Record.self, from: Data(line)), record.isInRange {
                content.records.append(record)
            } else {
                content.unreadableLines += 1
                // A line that is torn has its beginning.
                if !line.starts(with: #"{"segment":"#.utf8) { content.lostIdentities += 1 }
            }
        }
        return content
    }

    private static func line(_ record: Record) -> [UInt8]? {
        guard let json = try? JSONEncoder().encode(record) else { return nil }
        return [UInt8](json) + [UInt8(ascii: "\n")]
    }
}

/// Why a window cannot be opened or gone on with.
package enum TimelineError: Error, Sendable, Equatable, CustomStringConvertible {
    case file(FileError)
    /// What keeps numbers and IVs from coming twice cannot be read.
    case damagedJournal(path: String, lines: Int)

    package var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .damagedJournal(let path, let lines):
            "\(path) is damaged (\(lines) lines cannot be read, of those at its beginning too): bring a copy of it back, "
                + "or take the channel's folder away and give the channel another name"
        }
    }
}

extension TrackSet {
    var record: Journal.Record {
        .trackSet(
            generation: generation,
            tracks: tracks.map {
                Journal.TrackRecord(
                    name: $0.track.name, index: $0.index, reorderDelay: $0.track.reorderDelay,
                    frameRate: $0.track.frameRate, header: Data($0.header))
            })
    }

    init(generation: UInt64, records: [Journal.TrackRecord]) throws(ParseError) {
        var tracks: [StoredTrack] = []
        for record in records {
            tracks.append(
                try StoredTrack(
                    name: record.name, reorderDelay: record.reorderDelay, frameRate: record.frameRate,
                    index: record.index, header: [UInt8](record.header)))
        }
        self.init(generation: generation, tracks: tracks)
    }
}
