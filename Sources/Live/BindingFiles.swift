import Files
import Keys
import Timeline

import struct Foundation.Data
import class Foundation.JSONDecoder

/// The files in a channel's folder that say which key protects which segment: those of its present key groups, and
/// those of earlier ones, for when the profile becomes again what it was.
///
/// A leaked key is given up in all of them: which contract, which provider and which lead a group has decides about its
/// file, but not, or not all of it, about its key IDs.
struct BindingFiles: Sendable {
    /// In bytes, of each.
    static let maximumSize = 64 << 20

    let directory: String

    func path(_ group: String) -> String { "\(directory)/bindings-\(group).json" }

    /// With what a group begins that has no file: the latest edition that any has. A file that cannot be used counts as
    /// one of a group whose own is lost.
    /// - Parameter now: milliseconds from the epoch.
    func beginning(now: Int64) throws(FileError) -> KeyGroup.Decisions {
        var beginning = KeyGroup.Decisions()
        for path in try paths() {
            let found = (try? Self.read(path)) ?? .afterLoss(now: now)
            let edition = found.binding.currentEdition
            guard edition > beginning.binding.currentEdition else { continue }
            // An edition that comes of a loss is not that of other daemons: nor may the addresses be.
            beginning = KeyGroup.Decisions(binding: .beginning(edition: edition), lost: found.lost)
        }
        return beginning
    }

    /// An emergency rotation, for what no group has open. A damaged file is left as it is: whoever opens it begins
    /// above it.
    /// - Throws: where one cannot be read or written, after all others were, or the disk is late: then they are written in
    ///   their turn.
    func startEdition(_ snapshot: Snapshot, besides open: Set<String>, _ disk: DiskQueue) throws(FileError) {
        let next = (snapshot.segments.last?.number ?? 0) + 1
        let start = snapshot.nominalStart(of: next)
        let outcome = disk.perform { () -> FileError? in
            let paths: [String]
            do throws(FileError) { paths = try self.paths() } catch { return error }
            var failure: FileError?
            for path in paths where !open.contains(path) {
                do throws(FileError) {
                    guard var decisions = try Self.read(path) else { continue }
                    _ = decisions.binding.startEdition(at: next, start: start)
                    failure = KeyGroup.save(decisions, at: path) ?? failure
                } catch { failure = error }
            }
            return failure
        }
        switch outcome {
        case .done(let failure): if let failure { throw failure }
        case .late: throw .late(directory)
        case .refused: throw .tooMuchWaits(directory)
        }
    }

    private func paths() throws(FileError) -> [String] {
        try PlainFile.names(in: directory).sorted()
            .filter { $0.hasPrefix("bindings-") && $0.hasSuffix(".json") }.map { "\(directory)/\($0)" }
    }

    /// Nil for one that is damaged.
    private static func read(_ path: String) throws(FileError) -> KeyGroup.Decisions? {
        let bytes = try PlainFile.read(path, atMost: maximumSize)
        return try? JSONDecoder().decode(KeyGroup.Decisions.self, from: Data(bytes))
    }
}
