import Synchronization

/// The last legal revision of each manifest of a channel: what would break a rule against it is not published.
///
/// One for each opening of a channel: over a change of its profile nothing is compared.
package final class RevisionGuard: Sendable {
    package enum Verdict: Sendable, Equatable {
        case publish
        /// The one that is out stays: a newer one, or (with what is wrong) the last legal one.
        case stay(text: String, Violation?)
        /// It is illegal, and none is out that could stay.
        case refuse(Violation)
        /// It is published though it does not follow from what is out, as nothing else has come for so long.
        case adopt(Violation)
    }

    package struct Counters: Sendable {
        package var withheld: UInt64 = 0
        package var adopted: UInt64 = 0
    }

    fileprivate enum Revision: Sendable {
        case playlist(PlaylistRevision)
        case mpd(MPDRevision)
    }

    private struct Entry {
        var revision: Revision
        var text: String
        var version: UInt64
        /// The last of the revisions that were withheld since and follow from each other, and how many they are.
        var rival: (revision: Revision, count: Int)?
    }

    /// Of one manifest. Each has a lock of its own: who judges a small one does not wait for a large one.
    private final class Record: Sendable {
        struct State {
            var entry: Entry?
            /// The version that was withheld last: asked for again, as whole and as delta, it is no other.
            var withheld: (version: UInt64, violation: Violation)?
        }

        let state = Mutex(State())
    }

    /// So many revisions that follow from each other, but not from the one that is out, take its place: of two that
    /// contradict each other it was the first that was wrong, and players that nothing new comes to stop.
    static let patience = 5

    private let records = Mutex<[String: Record]>([:])
    private let counts = Mutex(Counters())

    package init() {}

    package var counters: Counters { counts.withLock { $0 } }

    private func record(of name: String) -> Record {
        records.withLock { records in
            if let record = records[name] { return record }
            let record = Record()
            records[name] = record
            return record
        }
    }

    /// Whether a next revision is judged without waiting: nobody is judging one, and the segments that are new in it, of which
    /// it is looked at whether they can be read, are in memory.
    /// - Parameters:
    ///   - last: the number of the last segment that it lists.
    ///   - isInMemory: asked of few.
    package func isReady(for name: String, upTo last: UInt64, isInMemory: (_ number: UInt64) -> Bool) -> Bool {
        guard let record = records.withLock({ $0[name] }) else { return true }
        guard let end = record.state.withLockIfAvailable({ $0.entry?.revision.end }) else { return false }
        guard let end, end <= last else { return true }
        return last - end < Self.fewSegments && (end...last).allSatisfy(isInMemory)
    }

    private static let fewSegments: UInt64 = 16

    /// Judges a new revision; a legal one is what the next is compared with.
    /// - Parameters:
    ///   - name: of the manifest: its path.
    ///   - version: rises with what it was made from.
    package func judge(
        _ text: String, of name: String, version: UInt64, _ expectations: ManifestExpectations
    ) -> Verdict {
        let verdict = record(of: name).state.withLock { state in
            Self.judge(text, version: version, expectations, &state)
        }
        if verdict.isNew {
            counts.withLock { counts in
                switch verdict.verdict {
                case .adopt: counts.adopted += 1
                case .refuse, .stay: counts.withheld += 1
                case .publish: break
                }
            }
        }
        return verdict.verdict
    }

    /// - Returns: whether it was looked at, or is known from before.
    private static func judge(
        _ text: String, version: UInt64, _ expectations: ManifestExpectations, _ state: inout Record.State
    ) -> (verdict: Verdict, isNew: Bool) {
        let last = state.entry
        if let last, version < last.version { return (.stay(text: last.text, nil), false) }
        if last?.version == version { return (.publish, false) }
        if let known = state.withheld, known.version == version {
            return (last.map { .stay(text: $0.text, known.violation) } ?? .refuse(known.violation), false)
        }
        var alone: Revision?
        do throws(Violation) {
            let revision = try Revision(text, after: last?.revision, expectations)
            alone = revision
            try revision.check(after: last?.revision, expectations)
            state.entry = Entry(revision: revision, text: text, version: version)
            return (.publish, true)
        } catch {
            guard var entry = last else {
                state.withheld = (version, error)
                return (.refuse(error), true)
            }
            // What is wrong by itself never takes the place of anything.
            let count = alone.map { Self.count($0, after: entry.rival, expectations) } ?? 0
            if let alone, count > Self.patience {
                state.entry = Entry(revision: alone, text: text, version: version)
                return (.adopt(error), true)
            }
            entry.rival = alone.map { ($0, count) }
            state.entry = entry
            state.withheld = (version, error)
            return (.stay(text: entry.text, error), true)
        }
    }

    private static func count(
        _ revision: Revision, after rival: (revision: Revision, count: Int)?, _ expectations: ManifestExpectations
    ) -> Int {
        guard let rival else { return 1 }
        do throws(Violation) { try revision.check(after: rival.revision, expectations) } catch { return 1 }
        return rival.count + 1
    }
}

extension RevisionGuard.Revision {
    /// The number behind its last segment; nil where its text does not say it.
    fileprivate var end: UInt64? {
        switch self {
        case .playlist(let revision): revision.end
        case .mpd(let revision): revision.newest.map { $0 &+ 1 }
        }
    }

    /// - Parameter last: by which it is read sooner.
    fileprivate init(_ text: String, after last: Self?, _ expectations: ManifestExpectations) throws(Violation) {
        if text.hasPrefix("#EXTM3U") {
            let known: PlaylistRevision? = if case .playlist(let revision)? = last { revision } else { nil }
            let revision = try PlaylistRevision(parsing: text, after: known)
            try revision.check(expectations)
            self = .playlist(revision)
        } else {
            let revision = try MPDRevision(parsing: text)
            try revision.check(expectations)
            self = .mpd(revision)
        }
    }

    fileprivate func check(after last: Self?, _ expectations: ManifestExpectations) throws(Violation) {
        switch (self, last) {
        case (.playlist(let revision), .playlist(let last)?): try revision.check(after: last, expectations)
        case (.mpd(let revision), .mpd(let last)?): try revision.check(after: last, expectations)
        default: break
        }
    }
}
