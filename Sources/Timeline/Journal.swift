import Files
import Media

import struct Foundation.Data
import class Foundation.JSONDecoder
import class Foundation.JSONEncoder

/// The memory of a channel's window over restarts: one JSON line for each track set and each whole segment.
///
/// Appended to while the channel runs; rewritten with what is still there at every start, and when it has grown to
/// several times that. A torn line, and any other that cannot be read, is passed over.
struct Journal: Sendable {
    enum Record: Codable, Sendable {
        case track(index: UInt8, name: String)
        case trackSet(generation: UInt64, tracks: [TrackRecord])
        case segment(WindowSegment)
        /// What may never go back or come twice, whatever is left of the window.
        case floor(Floor)
        /// What segment numbers count; from an earlier version there is none.
        case segmentDuration(value: Int64, timescale: UInt32)
    }

    struct Floor: Codable, Sendable {
        let firstFreeNumber: UInt64
        let nextGeneration: UInt64
        let discontinuitySequence: UInt64
        /// Where the listed media of each track ends.
        let ends: [String: Ticks]
    }

    struct TrackRecord: Codable, Sendable {
        let name: String
        let index: UInt8
        let reorderDelay: UInt32
        let frameRate: FrameRate?
        let header: Data
    }

    /// Nil for a channel without a disk: nothing is written then.
    let path: String?

    func append(_ record: Record) throws(FileError) {
        guard let path, let line = line(record) else { return }
        // On a line of its own, even where a full disk has torn the one before.
        try PlainFile.append([UInt8(ascii: "\n")] + line, to: path)
    }

    func rewrite(_ records: [Record]) throws(FileError) {
        guard let path else { return }
        try PlainFile.replace(records.compactMap(line).flatMap(\.self), at: path)
    }

    /// - Throws: where there is a journal that cannot be read: to begin anew would give numbers a second time.
    func read() throws(FileError) -> [Record] {
        guard let path, PlainFile.size(path) != nil else { return [] }
        let bytes = try PlainFile.read(path, atMost: 1 << 30)
        let decoder = JSONDecoder()
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap {
            try? decoder.decode(Record.self, from: Data($0))
        }
    }

    private func line(_ record: Record) -> [UInt8]? {
        guard let json = try? JSONEncoder().encode(record) else { return nil }
        return [UInt8](json) + [UInt8(ascii: "\n")]
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
