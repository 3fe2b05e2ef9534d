import Settings
import Synchronization

/// The channels on air, by name.
package final class ChannelDirectory: Sendable {
    private let channels = Mutex<[String: LiveChannel]>([:])

    package init() {}

    package func channel(named name: String) -> LiveChannel? { channels.withLock { $0[name] } }

    package var all: [LiveChannel] {
        channels.withLock { channels in channels.values.sorted { $0.profile.channel < $1.profile.channel } }
    }

    package func add(_ channel: LiveChannel) {
        let old = channels.withLock { $0.updateValue(channel, forKey: channel.profile.channel) }
        old?.outdate()
    }

    /// - Returns: the channel that was there.
    package func remove(named name: String) -> LiveChannel? {
        let old = channels.withLock { $0.removeValue(forKey: name) }
        old?.outdate()
        return old
    }
}
