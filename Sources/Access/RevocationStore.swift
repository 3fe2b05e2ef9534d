package import Files
import Synchronization

/// The revocations in their file, and in effect.
///
/// The file is the operator's too: what is added to it by hand is in effect when it is read anew. Calls block on the disk.
package final class RevocationStore: Sendable {
    package enum Failure: Error, Sendable, CustomStringConvertible {
        case full
        /// In effect, but gone with this process.
        case notWritten(FileError)
        case unreadable(FileError)
        case malformed(line: Int)

        package var description: String {
            switch self {
            case .full: "there are \(RevocationList.maximumCount) revocations already: no more fit"
            case .notWritten(let error): "in effect until a restart, but not written: \(error)"
            case .unreadable(let error): "the revocations cannot be read: \(error)"
            case .malformed(let line):
                "line \(line) of the revocations is none: session ID, token ID or subject ID, and seconds from the epoch"
            }
        }
    }

    private static let maximumBytes = 32 << 20
    /// From here on the file is written anew with each entry; the most that a list can have is less.
    private static let maximumGrowth = 24 << 20

    private let path: String
    private let desk: AccessDesk
    /// What the disk did not take. The lock is held over what is done with the file.
    private let unwritten = Mutex<[RevocationList.Entry]>([])

    package init(path: String, desk: AccessDesk) {
        self.path = path
        self.desk = desk
    }

    package var entries: [RevocationList.Entry] { desk.revocations.entries }

    /// Reads the file anew; without one there are no revocations. What it cannot read changes nothing.
    ///
    /// - Parameter now: seconds since the Unix epoch; what has expired is left out.
    package func reload(now: Int64) throws(Failure) {
        try unwritten.withLock { unwritten throws(Failure) in
            var list = try read(now: now)
            for entry in unwritten { _ = list.add(entry) }
            desk.change { $0 = list }
        }
    }

    /// In effect with the next request, then written.
    package func revoke(_ entry: RevocationList.Entry, now: Int64) throws(Failure) {
        try unwritten.withLock { unwritten throws(Failure) in
            let fits = desk.change { list in
                if list.count >= RevocationList.maximumCount { list.prune(now: now) }
                return list.add(entry)
            }
            guard fits else { throw .full }
            let isBehind = !unwritten.isEmpty
            unwritten.removeAll { $0.kind == entry.kind && $0.id == entry.id }
            unwritten.append(entry)
            // A disk that was full may have half a line, and a file that has grown old many that have expired.
            let isAppended = isBehind || byteCount() > Self.maximumGrowth ? false : try append(entry)
            if !isAppended {
                var list = try read(now: now)
                for entry in unwritten { _ = list.add(entry) }
                try write(list)
            }
            unwritten = []
        }
    }

    /// - Returns: false where it was not revoked.
    package func restore(_ kind: RevocationList.Kind, _ id: String, now: Int64) throws(Failure) -> Bool {
        try unwritten.withLock { unwritten throws(Failure) in
            var list = try read(now: now)
            unwritten.removeAll { $0.kind == kind && $0.id == id }
            let wasWritten = list.remove(kind, id)
            for entry in unwritten { _ = list.add(entry) }
            if wasWritten {
                try write(list)
                unwritten = []
            }
            return desk.change { $0.remove(kind, id) }
        }
    }

    private func read(now: Int64) throws(Failure) -> RevocationList {
        let bytes: [UInt8]?
        do throws(FileError) { bytes = try PlainFile.readIfThere(path, atMost: Self.maximumBytes) } catch {
            throw .unreadable(error)
        }
        do throws(RevocationList.BadLine) {
            return try RevocationList(parsing: String(decoding: bytes ?? [], as: UTF8.self), now: now)
        } catch {
            throw .malformed(line: error.number)
        }
    }

    private func byteCount() -> Int { PlainFile.size(path) ?? 0 }

    private func write(_ list: RevocationList) throws(Failure) {
        do throws(FileError) { try PlainFile.replace(Array(list.text.utf8), at: path) } catch {
            throw .notWritten(error)
        }
    }

    /// - Returns: false where the last line has no end. An editor may have left it so, but it may be half a line too: with
    ///   another one behind it the list could not be read any more.
    private func append(_ entry: RevocationList.Entry) throws(Failure) -> Bool {
        var line = RevocationList()
        _ = line.add(entry)
        let text = Array(line.text.utf8)
        do throws(FileError) {
            let old = try PlainFile.readIfThere(path, atMost: Self.maximumBytes)
            if let last = old?.last, last != UInt8(ascii: "\n") { return false }
            if old == nil {
                try PlainFile.replace(text, at: path)
            } else {
                try PlainFile.append(text, to: path, .flushed)
            }
            return true
        } catch {
            throw .notWritten(error)
        }
    }
}
