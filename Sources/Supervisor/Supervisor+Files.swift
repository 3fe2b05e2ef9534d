import ChunkStream
package import Live
import Logging
import Settings

/// Channels that are fed by files.
extension Supervisor {
    /// From now on a channel's files are played, where its profile names any, until `stopFiles`; where they are those
    /// that were played before its profile changed, from where they were.
    package func playFiles(of channel: LiveChannel) {
        let previous = takeInput(of: channel.profile.channel)
        guard let profile = channel.profile.ingest.input else { return }
        let isSame = previous?.profile.plays(as: profile) == true
        setInput(FileInput(profile, of: channel, after: isSame ? previous : nil, logger: logger))
    }

    /// The place in them is kept for who plays the same files next.
    package func stopFiles(of channel: LiveChannel) {
        guard let input = input(of: channel.profile.channel), input.channel === channel else { return }
        input.stop()
    }

    /// The channel is gone for good.
    package func forgetFiles(of channel: LiveChannel) { _ = takeInput(of: channel.profile.channel) }

    /// How many files of a channel were played to their end, and how many were not, since it plays these; nil where it has
    /// none.
    package func fileCounts(of channel: String) -> (played: UInt64, refused: UInt64)? {
        input(of: channel)?.status.counts
    }

    func play(_ input: FileInput) async {
        await input.run { input in
            guard let feed = FileFeed() else {
                return logger.error("no descriptors left for files", metadata: ["peer": "\(input.path)"])
            }
            await runAmongOthers(Publication(.files(input, feed), self))
        }
    }
}
