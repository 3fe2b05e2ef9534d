import ChunkStream
package import Live
import Logging
import Settings

/// Channels that are fed by files.
extension Supervisor {
    /// From now on a channel's files are played, where its profile names any, until `stopFiles`.
    package func playFiles(of channel: LiveChannel) {
        guard let profile = channel.profile.ingest.input else { return }
        setInput(FileInput(profile, of: channel, logger: logger))
    }

    package func stopFiles(of channel: LiveChannel) { takeInput(of: channel)?.stop() }

    /// How many files of a channel were played to their end, and how many were not, since it was opened; nil where it has
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
