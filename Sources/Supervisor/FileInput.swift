import ChunkStream
import Dispatch
import Glibc
import Live
import Logging
import Settings
import Synchronization

/// What feeds a channel that plays files: has a worker play them for as long as there are any, and waits for more.
final class FileInput: Sendable {
    /// What operators see of it.
    struct Status: Sendable {
        var playing: String?
        var played: UInt64 = 0
        var refused: UInt64 = 0
        var counts: (played: UInt64, refused: UInt64) { (played, refused) }
    }

    private struct State {
        var plan: FilePlan
        var status = Status()
        var isStopped = false
        /// A worker was told that there is nothing more: its end is one in order.
        var isExhausted = false
        /// Who waits for a change.
        var waiter: CheckedContinuation<Void, Never>?
        /// Who waits does so for the time, whatever changes meanwhile.
        var isPatient = false
        /// Something changed since the last wait.
        var hasChanged = false
        /// What played the same for the channel as it was before.
        var previous: FileInput?
        /// Nothing is played any more, and nothing changes.
        var hasEnded = false
        /// Who waits for that.
        var heir: CheckedContinuation<Void, Never>?

        mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
            defer { waiter = nil }
            return waiter
        }
    }

    let channel: LiveChannel
    let role: EncoderRole
    let profile: FileInputProfile
    /// As the profile names it.
    let path: String
    private let folder: WatchedFolder
    private let state: Mutex<State>
    private let logger: Logger

    /// While there is nothing to play: file systems of other machines do not say what changes.
    private static let lookInterval: Int64 = 10_000
    /// Between two workers that ended by themselves.
    private static let retryMilliseconds: Int64 = 500
    private static let longestRetryMilliseconds: Int64 = 30_000

    /// - Parameter previous: what played the same until now, and has been told to stop: this goes on where that was.
    init(_ input: FileInputProfile, of channel: LiveChannel, after previous: FileInput? = nil, logger: Logger) {
        self.channel = channel
        profile = input
        role = channel.profile.ingest.inputRole
        path = input.source.path
        var logger = logger
        logger[metadataKey: "channel"] = "\(channel.profile.channel)"
        self.logger = logger
        state = Mutex(
            State(
                plan: FilePlan(
                    .init(loops: input.loop, settledMilliseconds: Int64(input.settledSeconds) * 1000)),
                previous: previous))
        let change = Change()
        if input.isFolder {
            folder = WatchedFolder(path) { change.tell() }
        } else {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            let parent = parts.dropLast().joined(separator: "/")
            let name = parts.last.map(String.init) ?? ""
            folder = WatchedFolder(
                path.hasPrefix("/") && parent.isEmpty ? "/" : parent.isEmpty ? "." : parent, only: name
            ) {
                change.tell()
            }
        }
        change.connect(to: self)
    }

    var status: Status {
        state.withLock { state in
            var status = state.status
            status.playing = state.plan.playing
            return status
        }
    }

    /// Plays until `stop`, or until the channel leaves.
    /// - Parameter publish: has a worker publish, to its end.
    func run(_ publish: (FileInput) async -> Void) async {
        defer { end() }
        await takeOver()
        var retry = Self.retryMilliseconds
        while !isOver {
            // A folder on another machine may not answer for a long time: not on the pool of all that waits.
            _ = await BlockingThread.run("folder") { self.look() }
            guard state.withLock({ $0.plan.hasNext }) else {
                await change()
                continue
            }
            state.withLock { $0.isExhausted = false }
            let began = steadyMilliseconds()
            await publish(self)
            guard !isOver, !state.withLock({ $0.isExhausted }) else { continue }
            // One that goes at once would go again.
            retry =
                steadyMilliseconds() - began > Self.lookInterval
                ? Self.retryMilliseconds : min(retry * 2, Self.longestRetryMilliseconds)
            await change(within: retry, isPatient: true)
        }
    }

    /// What was played goes on where it is, when nobody plays it any more.
    private func takeOver() async {
        guard let previous = state.withLock({ $0.previous }) else { return }
        await withCheckedContinuation { continuation in
            let isNow = previous.state.withLock { state in
                if !state.hasEnded { state.heir = continuation }
                return state.hasEnded
            }
            if isNow { continuation.resume() }
        }
        let (plan, status) = previous.state.withLock { ($0.plan, $0.status) }
        state.withLock { state in (state.plan, state.status, state.previous) = (plan, status, nil) }
    }

    private func end() {
        folder.stop()
        let heir = state.withLock { state in
            state.hasEnded = true
            defer { state.heir = nil }
            return state.heir
        }
        heir?.resume()
    }

    func stop() {
        let waiter = state.withLock { state in
            state.isStopped = true
            return state.takeWaiter()
        }
        waiter?.resume()
    }

    private var isOver: Bool { state.withLock { $0.isStopped } || channel.isLeaving }

    private func look() {
        let (entries, arrived) = folder.look()
        let now = steadyMilliseconds()
        state.withLock { $0.plan.looked(entries, arrived: arrived, now: now) }
    }

    // MARK: Waiting

    /// Waits for a change of the folder, or for a file of it to be whole.
    /// - Parameter isPatient: for the time alone, or `stop`.
    private func change(within milliseconds: Int64 = lookInterval, isPatient: Bool = false) async {
        let now = steadyMilliseconds()
        let due = isPatient ? nil : state.withLock { $0.plan.deadline }
        let wait = min(due.map { max($0 - now, 10) } ?? milliseconds, milliseconds)
        let timer = DispatchWorkItem { [weak self] in self?.changed(isTime: true) }
        await withCheckedContinuation { continuation in
            let isNow = state.withLock { state in
                if state.isStopped || state.hasChanged && !isPatient { return true }
                state.isPatient = isPatient
                state.waiter = continuation
                return false
            }
            guard !isNow else { return continuation.resume() }
            // Only now: who waits for nothing but the time would wait for ever where it had come before.
            let deadline = DispatchTime.now() + .milliseconds(Int(clamping: wait))
            DispatchQueue.global().asyncAfter(deadline: deadline, execute: timer)  // why: the time itself is waited for
        }
        timer.cancel()
        state.withLock { $0.hasChanged = false }
    }

    fileprivate func changed(isTime: Bool = false) {
        let waiter = state.withLock { state in
            state.hasChanged = true
            return state.isPatient && !isTime ? nil : state.takeWaiter()
        }
        waiter?.resume()
    }

    // MARK: On the publication's thread

    /// A worker asks for the next file.
    func give(after end: FileEnd, to feed: FileFeed) {
        if end.file > 0 {
            note(state.withLock { $0.plan.ended(end.file, because: end.reason.isEmpty ? nil : end.reason) })
        }
        while !isOver {
            look()
            let now = steadyMilliseconds()
            guard let choice = state.withLock({ $0.plan.next(beginsAt: end.at, now: now) }) else { break }
            do throws(SocketError) {
                let descriptor = try folder.open(choice.name)
                if choice.isNew { logger.info("playing", metadata: ["file": "\(choice.name.onOneLine)"]) }
                return feed.give(
                    descriptor, FileOffer(file: choice.id, startMilliseconds: choice.startMilliseconds))
            } catch {
                note(state.withLock { $0.plan.ended(choice.id, because: "\(error)") })
            }
        }
        state.withLock { $0.isExhausted = true }
        feed.give(nil, FileOffer())
    }

    /// A worker is gone.
    /// - Parameter media: what it had made of its publication, in milliseconds.
    func left(media: UInt64) {
        let now = steadyMilliseconds()
        let isOurDoing = isOver
        note(state.withLock { $0.plan.interrupted(media: media, now: now, isOurDoing: isOurDoing) })
    }

    private func note(_ outcome: FilePlan.Outcome?) {
        switch outcome {
        case nil: break
        case .played: state.withLock { $0.status.played += 1 }
        case .refused(let name, let reason):
            state.withLock { $0.status.refused += 1 }
            logger.warning("a file is not played: \(reason.onOneLine)", metadata: ["file": "\(name.onOneLine)"])
        case .interrupted(let name, let milliseconds):
            logger.notice(
                "a file was interrupted", metadata: ["file": "\(name.onOneLine)", "atMilliseconds": "\(milliseconds)"])
        }
    }

    /// Lets the folder call back without keeping the input alive.
    private final class Change: Sendable {
        private struct Target { weak var input: FileInput? }
        private let target = Mutex(Target())

        func connect(to input: FileInput) { target.withLock { $0.input = input } }
        func tell() { target.withLock { $0.input }?.changed() }
    }
}
