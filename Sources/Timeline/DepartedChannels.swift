import Dispatch
import Files
import Synchronization

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
        /// Those whose media is being removed, as long as nobody wants it back: each by itself, as there may be a million
        /// files, or a disk that stands still, and who needs the room is a channel on air.
        var leaving: [String: DispatchGroup] = [:]

        /// - Returns: to be left when it is over.
        mutating func beginRemoval(of channel: String) -> DispatchGroup {
            let removal = DispatchGroup()
            removal.enter()
            leaving[channel] = removal
            return removal
        }
    }

    private let state = Mutex(State())

    /// - Parameter directory: with a folder for each channel.
    package init(directory: String, budget: StorageBudget, onEvent: @escaping @Sendable (Event) -> Void) {
        self.directory = directory
        self.budget = budget
        self.onEvent = onEvent
    }

    /// What is left of channels that come back is theirs again. To be called before their windows are opened.
    package func admit(_ names: Set<String>) {
        let (accounts, leaving) = state.withLock { state in
            let accounts = state.accounts.filter { names.contains($0.key) }
            for name in accounts.keys { state.accounts[name] = nil }
            return (accounts, names.compactMap { state.leaving.removeValue(forKey: $0) })
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
            if !giveWay(channel) {
                let removal = state.withLock { $0.beginRemoval(of: channel) }
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
        let taken = state.withLock { state -> (StorageBudget.Account, DispatchGroup)? in
            // At one time: who comes back is in one of them, until its files are removed.
            state.accounts.removeValue(forKey: channel).map { ($0, state.beginRemoval(of: channel)) }
        }
        guard let (account, removal) = taken else { return false }
        account.close()
        removeSoon(channel, removal)
        return true
    }

    private func removeSoon(_ channel: String, _ removal: DispatchGroup) {
        // why: a thread that may stand still in the kernel
        DispatchQueue(label: "departed").async { [weak self] in
            self?.removeFiles(of: channel)
            removal.leave()
        }
    }

    private func removeFiles(of channel: String) {
        var bytes = 0
        for file in StoredMedia.files(of: "\(directory)/\(channel)") {
            guard state.withLock({ $0.leaving[channel] != nil }) else { return }
            bytes += PlainFile.size(file.path) ?? 0
            PlainFile.remove(file.path)
        }
        guard state.withLock({ $0.leaving[channel] != nil }) else { return }
        onEvent(.removed(channel: channel, bytes: bytes))
        state.withLock { _ = $0.leaving.removeValue(forKey: channel) }
    }

    private static func size(_ files: [StoredMedia.File]) -> Int {
        files.reduce(0) { $0 + (PlainFile.size($1.path) ?? 0) }
    }
}
