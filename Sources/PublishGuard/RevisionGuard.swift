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

    private struct State {
        var entries: [String: Entry] = [:]
        /// Of each manifest, the version that was withheld last: asked for again, as whole and as delta, it is no other.
        var withheld: [String: (version: UInt64, violation: Violation)] = [:]
        var counters = Counters()
    }

    /// So many revisions that follow from each other, but not from the one that is out, take its place: of two that
    /// contradict each other it was the first that was wrong, and players that nothing new comes to stop.
    static let patience = 5

    private let state = Mutex(State())

    package init() {}

    package var counters: Counters { state.withLock { $0.counters } }

    /// Judges a new revision; a legal one is what the next is compared with.
    /// - Parameters:
    ///   - name: of the manifest: its path.
    ///   - version: rises with what it was made from.
    package func judge(
        _ text: String, of name: String, version: UInt64, _ expectations: ManifestExpectations
    ) -> Verdict {
        state.withLock { state in
            let last = state.entries[name]
            if let last, version < last.version { return .stay(text: last.text, nil) }
            if last?.version == version { return .publish }
            if let known = state.withheld[name], known.version == version {
                return last.map { .stay(text: $0.text, known.violation) } ?? .refuse(known.violation)
            }
            var alone: Revision?
            do throws(Violation) {
                let revision = try Revision(text, after: last?.revision, expectations)
                alone = revision
                try revision.check(after: last?.revision, expectations)
                state.entries[name] = Entry(revision: revision, text: text, version: version)
                return .publish
            } catch {
                guard var entry = last else {
                    state.counters.withheld += 1
                    state.withheld[name] = (version, error)
                    return .refuse(error)
                }
                // What is wrong by itself never takes the place of anything.
                let count = alone.map { Self.count($0, after: entry.rival, expectations) } ?? 0
                if let alone, count > Self.patience {
                    state.counters.adopted += 1
                    state.entries[name] = Entry(revision: alone, text: text, version: version)
                    return .adopt(error)
                }
                entry.rival = alone.map { ($0, count) }
                state.entries[name] = entry
                state.counters.withheld += 1
                state.withheld[name] = (version, error)
                return .stay(text: entry.text, error)
            }
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
