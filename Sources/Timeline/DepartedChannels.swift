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
    private let departed = Mutex<[String: StorageBudget.Account]>([:])

    /// - Parameter directory: with a folder for each channel.
    package init(directory: String, budget: StorageBudget, onEvent: @escaping @Sendable (Event) -> Void) {
        self.directory = directory
        self.budget = budget
        self.onEvent = onEvent
    }

    /// What is left of channels that come back is theirs again. To be called before their windows are opened.
    package func admit(_ names: Set<String>) {
        departed.withLock { departed in
            for name in departed.keys where names.contains(name) { departed.removeValue(forKey: name)?.close() }
        }
    }

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
        let files = StoredMedia.files(of: "\(directory)/\(channel)")
        let newest = files.compactMap { PlainFile.modified($0.path) }.max()
        guard let newest else { return }
        guard newest > now - Self.keptSeconds else { return remove(channel) }
        let isNew = departed.withLock { departed -> Bool in
            guard departed[channel] == nil else { return false }
            let account = budget.open(.none)
            account.add(Self.size(files))
            account.onEviction { [weak self] in
                self?.remove(channel)
                return self != nil
            }
            departed[channel] = account
            return true
        }
        if isNew { onEvent(.found(channel: channel, bytes: Self.size(files))) }
    }

    private func remove(_ channel: String) {
        let account = departed.withLock { $0.removeValue(forKey: channel) }
        let files = StoredMedia.files(of: "\(directory)/\(channel)")
        let bytes = Self.size(files)
        for file in files { PlainFile.remove(file.path) }
        account?.close()
        onEvent(.removed(channel: channel, bytes: bytes))
    }

    private static func size(_ files: [StoredMedia.File]) -> Int {
        files.reduce(0) { $0 + (PlainFile.size($1.path) ?? 0) }
    }
}
