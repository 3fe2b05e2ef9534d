import ChunkStream
package import Live
import Logging
import Settings
import Synchronization
import Timeline

/// Where a channel's input is lost, and comes back: the part that knows encoders and workers.
extension Supervisor {
    /// From now on what the profile says of a lost input happens. For a channel that was just opened.
    package func attend(_ channel: LiveChannel) {
        channel.attend(
            LiveChannel.InputWatch(
                makeStill: { [weak self, weak channel] in
                    guard let self, let channel else { return }
                    // A worker that hangs costs its own channel its picture, and the others one turn.
                    self.stills.withLock { stills in
                        let previous = stills[channel.profile.channel]
                        stills[channel.profile.channel] = Task {
                            await previous?.value
                            await self.makeStill(of: channel)
                        }
                    }
                },
                displace: { [weak self, weak channel] in
                    guard let self, let channel else { return }
                    self.onAir(of: channel)?.media.displace()
                }))
    }

    /// A publication that waits has a whole segment: what is filled in ends before it.
    func letIn(_ publication: Publication, from first: UInt64, _ channel: LiveChannel) {
        channel.giveWay(to: first)
        if let failure = publication.media.takeOver(channel.timeline) { publication.stop(failure) }
    }

    private func makeStill(of channel: LiveChannel) async {
        let metadata: Logger.Metadata = ["channel": "\(channel.profile.channel)"]
        do {
            let still = try await stillTurns.run { [slateWorker, budget] in
                // Read here: of those that wait, only this one is in memory.
                let media = await BlockingThread.run("last-picture") { channel.lastPicture(atMost: 24 << 20) }
                guard let media = media ?? nil else {
                    throw SlateWorker.Failure(description: "there is no picture in the window")
                }
                return try await slateWorker.make(channel.profile.ladder, of: .lastPicture(media), recipe: "still") {
                    budget.log(
                        .warning, $0.text, metadata: metadata, kind: "last picture", now: steadyMilliseconds())
                }
            }
            channel.setStill(still)
        } catch {
            budget.log(
                .warning, "the last picture cannot be repeated, black is shown: \(error)", metadata: metadata,
                kind: "last picture", now: steadyMilliseconds())
            channel.setStill(nil)
        }
    }
}
