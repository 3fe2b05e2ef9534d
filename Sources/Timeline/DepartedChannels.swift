import Dispatch
import Files
import Synchronization

import class Foundation.OperationQueue

/// What channels that have no profile any more have left in the storage folder.
///
/// Their media is counted in the budget, where it has no share and goes first; and it is removed for good
/// `keptSeconds` after it was last written to, in case the profile went by mistake. What keeps numbers and IVs from
/// coming twice stays: it is small, and the channel may come back.
package final class DepartedChannels: Sendable {
    package enum Event: Sendable, Equatable {
        /// The budget counts what is left of a channel without a profile.
        case found(channel: String, bytes: Int)
        /// Its media is gone: it was too old, or the space was needed.
        case removed(channel: String, bytes: Int)
    }

    /// A day.
    package static let keptSeconds: Int64 = 86400

    private let directory: String
    private let budget: StorageBudget
    private let onEvent: @Sendable (Event) -> Void
    private struct State {
        var accounts: [String: StorageBudget.Account] = [:]
        /// Those whose media is being removed, as long as nobody wants it back.
        var leaving: [String: Removal] = [:]

        /// - Returns: nil where one is under way.
        mutating func beginRemoval(of channel: String) -> Removal? {
            guard leaving[channel] == nil else { return nil }
            let removal = Removal()
            leaving[channel] = removal
            return removal
        }
    }

    /// Of one channel's media.
    private final class Removal: Sendable {
        /// It looks at files.
        let hasBegun = Atomic(false)
        private let group = DispatchGroup()

        init() { group.enter() }
        func end() { group.leave() }
        func wait() { group.wait() }
    }

    private let state = Mutex(State())
    /// There may be a million files, or a disk that stands still: who needs the room is a channel on air, which does not
    /// wait, and who comes back waits for its own only.
    private let removals = OperationQueue()

    /// - Parameter directory: with a folder for each channel.
    package init(directory: String, budget: StorageBudget, onEvent: @escaping @Sendable (Event) -> Void) {
        self.directory = directory
        self.budget = budget
        self.onEvent = onEvent
        removals.maxConcurrentOperationCount = 4
    }

    /// What is left of channels that come back is theirs again. To be called before their windows are opened.
    package func admit(_ names: Set<String>) {
        let (accounts, leaving) = state.withLock { state in
            let accounts = state.accounts.filter { names.contains($0.key) }
            for name in accounts.keys { state.accounts[name] = nil }
            let leaving = names.compactMap { state.leaving.removeValue(forKey: $0) }
            // One that has not begun never will.
            return (accounts, leaving.filter { $0.hasBegun.load(ordering: .relaxed) })
        }
        for account in accounts.values { account.close() }
        // What is being removed stops at its next file: what is left then is what the window finds.
        for removal in leaving { removal.wait() }
    }

    /// Returns when what was to be removed is.
    package func finish() { for removal in state.withLock({ Array($0.leaving.values) }) { removal.wait() } }

    /// Looks at the folder anew. To be called after the windows of channels whose profiles are gone have been closed.
    /// - Parameters:
    ///   - present: the channels that have a profile.
    ///   - now: seconds from the epoch.
    package func update(present: Set<String>, now: Int64) {
        admit(present)
        for name in (try? PlainFile.names(in: directory)) ?? [] where !present.contains(name) {
            // Only what has a journal of ours is a channel's folder.
            guard PlainFile.size("\(directory)/\(name)/window.jsonl") != nil else { continue }
            look(at: name, now: now)
        }
        budget.settle()
    }

    private func look(at channel: String, now: Int64) {
        guard !state.withLock({ $0.leaving[channel] != nil }) else { return }
        let files = StoredMedia.files(of: "\(directory)/\(channel)")
        let newest = files.compactMap { PlainFile.modified($0.path) }.max()
        guard let newest else { return }
        guard newest > now - Self.keptSeconds else {
            if !giveWay(channel), let removal = state.withLock({ $0.beginRemoval(of: channel) }) {
                removeSoon(channel, removal)
            }
            return
        }
        let isNew = state.withLock { state -> Bool in
            guard state.accounts[channel] == nil else { return false }
            let account = budget.open(.none)
            account.add(Self.size(files))
            account.onEviction { [weak self] in
                self?.giveWay(channel) ?? false
            }
            state.accounts[channel] = account
            return true
        }
        if isNew { onEvent(.found(channel: channel, bytes: Self.size(files))) }
    }

    /// - Returns: false where somebody else has come for it, or it has come back: who found it in the budget a moment ago is
    ///   not to remove what is on air now.
    private func giveWay(_ channel: String) -> Bool {
        let (account, removal) = state.withLock { state -> (StorageBudget.Account?, Removal?) in
            // At one time: who comes back is in one of them, until its files are removed.
            guard let account = state.accounts.removeValue(forKey: channel) else { return (nil, nil) }
            return (account, state.beginRemoval(of: channel))
        }
        account?.close()
        if let removal { removeSoon(channel, removal) }
        return account != nil
    }

    private func removeSoon(_ channel: String, _ removal: Removal) {
        removals.addOperation { [weak self] in
            self?.removeFiles(of: channel, removal)
            removal.end()
        }
    }

    private func removeFiles(of channel: String, _ removal: Removal) {
        let isWanted = state.withLock { state in
            guard state.leaving[channel] === removal else { return false }
            removal.hasBegun.store(true, ordering: .relaxed)
            return true
        }
        guard isWanted else { return }
        var bytes = 0
        for file in StoredMedia.files(of: "\(directory)/\(channel)") {
            guard state.withLock({ $0.leaving[channel] === removal }) else { return }
            bytes += PlainFile.size(file.path) ?? 0
            PlainFile.remove(file.path)
        }
        guard state.withLock({ $0.leaving[channel] === removal }) else { return }
        onEvent(.removed(channel: channel, bytes: bytes))
        state.withLock { state in if state.leaving[channel] === removal { state.leaving[channel] = nil } }
    }

    private static func size(_ files: [StoredMedia.File]) -> Int {
        files.reduce(0) { $0 + (PlainFile.size($1.path) ?? 0) }
    }
}
