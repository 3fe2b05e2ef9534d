/// What a channel's files are played as: every decision, and no effects. Times are milliseconds of a clock that only runs
/// forward.
struct FilePlan: Sendable {
    struct Settings: Sendable {
        /// Over and over; else each once.
        var loops: Bool
        /// A file that has not changed for so long is whole.
        var settledMilliseconds: Int64
    }

    /// What makes a file the same one still.
    struct Identity: Sendable, Hashable {
        var inode: UInt64
        var size: Int64
        /// Nanoseconds.
        var changedAt: Int64
    }

    /// What there is in the folder.
    struct Entry: Sendable, Equatable {
        var name: String
        var identity: Identity
        /// Since it was last changed, by its own time, in milliseconds.
        var age: Int64
    }

    struct Choice: Sendable, Equatable {
        /// By which it is spoken of with a worker.
        var id: UInt64
        var name: String
        var startMilliseconds: UInt64
        /// It is not what was played before.
        var isNew: Bool
    }

    /// What a file came to, for the log.
    enum Outcome: Sendable, Equatable {
        case played(String)
        /// Its name and why.
        case refused(String, String)
        /// It goes on where it was.
        case interrupted(String, atMilliseconds: UInt64)
    }

    private struct File {
        var identity: Identity
        /// Since when it is as it is.
        var since: Int64
        var isWhole: Bool
        var isPlayed = false
        var isRefused = false
    }

    private struct Current {
        var id: UInt64
        var name: String
        var identity: Identity
        /// When it was given, and where in it.
        var givenAt: Int64
        var start: UInt64
        /// Media time of the publication where it begins.
        var beginsAt: UInt64
    }

    private let settings: Settings
    private var files: [String: File] = [:]
    private var hasLooked = false
    private var lastID: UInt64 = 0
    private var current: Current?
    /// Played last: what follows it in a loop comes next.
    private var lastName: String?
    /// Where the next one goes on that was interrupted.
    private var resumption: (name: String, identity: Identity, start: UInt64)?
    /// Workers in a row that ended within `shortRun` of the same beginning.
    private var shortRuns = 0

    /// A worker that ends sooner after a file's beginning may have died of it.
    private static let shortRun: Int64 = 10_000
    private static let mostShortRuns = 2

    init(_ settings: Settings) { self.settings = settings }

    /// What is played now.
    var playing: String? { current?.name }

    /// The folder was looked at.
    /// - Parameter arrived: names that were given to whole files since the last time: renamed in.
    mutating func looked(_ entries: [Entry], arrived: Set<String>, now: Int64) {
        var files: [String: File] = [:]
        for entry in entries {
            var file = self.files[entry.name]
            if file?.identity != entry.identity {
                // At the start its own time is believed; later it is watched, as copies bring old times along.
                let age = hasLooked ? 0 : max(entry.age, 0)
                file = File(identity: entry.identity, since: now - age, isWhole: false)
            }
            if var file {
                file.isWhole =
                    file.isWhole || arrived.contains(entry.name) || now - file.since >= settings.settledMilliseconds
                files[entry.name] = file
            }
        }
        self.files = files
        hasLooked = true
    }

    /// When a file may be whole that is not yet.
    var deadline: Int64? { files.values.filter { !$0.isWhole }.map { $0.since + settings.settledMilliseconds }.min() }

    /// Whether `next` would give something.
    var hasNext: Bool { candidate != nil }

    private var candidate: String? {
        if let resumption, let file = files[resumption.name], file.identity == resumption.identity, !file.isRefused {
            return resumption.name
        }
        let ready = files.filter { $0.value.isWhole && !$0.value.isRefused && (settings.loops || !$0.value.isPlayed) }
            .keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard settings.loops, let lastName else { return ready.first }
        return ready.first { lastName.utf8.lexicographicallyPrecedes($0.utf8) } ?? ready.first
    }

    /// - Parameter beginsAt: media time of the publication where it will begin, in milliseconds.
    mutating func next(beginsAt: UInt64, now: Int64) -> Choice? {
        guard let name = candidate, let file = files[name] else { return nil }
        let isResumed = resumption?.name == name && resumption?.identity == file.identity
        let start = isResumed ? resumption?.start ?? 0 : 0
        let isNew = resumption == nil && (lastName != name || !settings.loops)
        resumption = nil
        lastID += 1
        lastName = name
        current = Current(
            id: lastID, name: name, identity: file.identity, givenAt: now, start: start, beginsAt: beginsAt)
        return Choice(id: lastID, name: name, startMilliseconds: start, isNew: isNew)
    }

    /// A worker says how a file ended.
    /// - Parameter reason: why it was not played, or not to its end; nil where it was.
    /// - Returns: nil where it was not given that file.
    mutating func ended(_ id: UInt64, because reason: String?) -> Outcome? {
        guard let current, current.id == id else { return nil }
        self.current = nil
        shortRuns = 0
        // One that has changed meanwhile is another.
        let isSame = files[current.name]?.identity == current.identity
        if let reason {
            if isSame { files[current.name]?.isRefused = true }
            return .refused(current.name, reason)
        }
        if isSame { files[current.name]?.isPlayed = true }
        return .played(current.name)
    }

    /// The worker has gone in the middle of something.
    /// - Parameters:
    ///   - media: what it had made, in milliseconds since the publication's beginning.
    ///   - isOurDoing: it was told to go: the file is not to blame.
    mutating func interrupted(media: UInt64, now: Int64, isOurDoing: Bool = false) -> Outcome? {
        guard let current else { return nil }
        self.current = nil
        shortRuns = isOurDoing ? shortRuns : now - current.givenAt < Self.shortRun ? shortRuns + 1 : 0
        if shortRuns >= Self.mostShortRuns {
            shortRuns = 0
            if files[current.name]?.identity == current.identity { files[current.name]?.isRefused = true }
            return .refused(current.name, "workers end while they play it")
        }
        let start = current.start &+ (media > current.beginsAt ? media - current.beginsAt : 0)
        resumption = (current.name, current.identity, start)
        return .interrupted(current.name, atMilliseconds: start)
    }

}
