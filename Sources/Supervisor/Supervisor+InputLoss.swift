package import Live
import Logging
import Settings
import Timeline

/// Where a channel's input is lost, and comes back: the part that knows encoders and workers.
extension Supervisor {
    /// From now on what the profile says of a lost input happens. For a channel that was just opened.
    package func attend(_ channel: LiveChannel) {
        channel.attend(
            LiveChannel.InputWatch(
                makeStill: { [weak self, weak channel] in
                    guard let self, let channel else { return }
                    Task { await self.makeStill(of: channel) }
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
        let media = await BlockingThread.run("last-picture") { channel.lastPicture(atMost: 24 << 20) }
        do {
            guard let media else { throw SlateWorker.Failure(description: "there is no picture in the window") }
            let ladder = channel.profile.ladder
            let still = try await slateTurns.run { [slateWorker, logger] in
                try await slateWorker.make(ladder, .media(media), recipe: "still") { text in
                    logger.warning("\(text)", metadata: ["channel": "\(channel.profile.channel)"])
                }
            }
            channel.setStill(still)
        } catch {
            logger.warning(
                "the last picture cannot be repeated, black is shown: \(error)",
                metadata: ["channel": "\(channel.profile.channel)"])
            channel.setStill(nil)
        }
    }
}
