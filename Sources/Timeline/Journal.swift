package import Files
import Media

import struct Foundation.Data
import class Foundation.JSONDecoder
import class Foundation.JSONEncoder

/// The memory of a channel's window over restarts: one JSON line for each track set and each whole segment.
///
/// Holds neither keys nor media. Appended to while the channel runs, each time flushed to the disk before what it says
/// is shown to anybody; rewritten with what is still there at every start, and when it has grown to several times
/// that. A torn line, and any other that cannot be read, is passed over.
struct Journal: Sendable {
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
        /// Lines that cannot be read.
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

    /// Nil for a channel without a disk: nothing is written then.
    let path: String?

    /// When it returns the disk has the records.
    func append(_ records: [Record]) throws(FileError) {
        guard let path, !records.isEmpty else { return }
        // On a line of its own, even where a full disk has torn the one before.
        try PlainFile.append([UInt8(ascii: "\n")] + records.compactMap(line).flatMap(\.self), to: path, .flushed)
    }

    func rewrite(_ records: [Record]) throws(FileError) {
        guard let path else { return }
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
            guard error.isDiskFull else { throw .file(error) }
        }
        return content
    }

    private static func parse(_ bytes: [UInt8]) -> Content {
        let decoder = JSONDecoder()
        var content = Content()
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            if let record = try? decoder.decode(Record.self, from: Data(line)) {
                content.records.append(record)
            } else {
                content.unreadableLines += 1
                // A line that is torn has its beginning.
                if !line.starts(with: #"{"segment":"#.utf8) { content.lostIdentities += 1 }
            }
        }
        return content
    }

    private func line(_ record: Record) -> [UInt8]? {
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
