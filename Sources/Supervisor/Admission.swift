import ChunkStream
import Live
import Logging
import Settings

/// What an encoder was let in for.
struct Admission {
    let channel: LiveChannel
    let role: EncoderRole
    /// With which it came; files have none.
    let key: Secret?
}

/// Why an encoder may not publish.
struct Refusal: Error {
    let encoderText: String
    let logText: String
    /// Its name in the metrics.
    var count = "credentials"
}

extension Supervisor {
    /// The channel that an encoder may publish to, with a place kept there: see `take` and `giveBack`.
    ///
    /// - Parameter settled: told when it has shown a key, before anybody else is asked.
    func admit(
        _ request: PublishRequest, from peer: IPAddress, settled: () -> Void
    ) throws(Refusal) -> Admission {
        guard let channel = channels.channel(named: request.app) else {
            throw Refusal(
                encoderText: "unknown channel '\(request.app)': the server address ends with the channel's name",
                logText: "there is no channel of that name")
        }
        let ingest = ingest(of: channel)
        guard ingest.allow.contains(where: { $0.contains(peer) }) else {
            throw Refusal(
                encoderText: "this address may not publish to '\(request.app)'",
                logText: "ingest.allow of the channel does not hold its address")
        }
        guard let (key, role) = ingest.streamKeys.match(request.streamKey) else {
            throw Refusal(encoderText: "wrong stream key for '\(request.app)'", logText: "wrong stream key")
        }
        guard reserve(channel, as: role) else {
            throw Refusal(
                encoderText: "the server has no room for more publications",
                logText: "rtmp.maxPublishers (\(configuration.rtmp.maxPublishers)) are on air", count: "limit")
        }
        settled()
        if let hook = ingest.webHook {
            let call = WebHook.Call(
                channel: channel.profile.channel, app: request.app, address: "\(peer)", streamKey: request.streamKey)
            do throws(Refusal) { try ask(hook, call) } catch {
                giveBack()
                throw error
            }
        }
        return Admission(channel: channel, role: role, key: key)
    }

    /// Files that a profile names may be played: nobody else is asked.
    func admit(_ input: FileInput) -> Admission {
        reserve(input)
        return Admission(channel: input.channel, role: input.role, key: nil)
    }

    private func ask(_ hook: WebHookProfile, _ call: WebHook.Call) throws(Refusal) {
        switch webHook.mayPublish(call, hook) {
        case .allowed: break
        case .failed(let reason) where hook.onFailure == .allow:
            logger.warning(
                "the webhook did not answer, and onFailure lets the encoder in: \(reason)",
                metadata: ["channel": "\(call.channel)", "peer": "\(call.address)"])
        case .failed(let reason):
            throw Refusal(
                encoderText: "the server cannot check this publication at the moment: try again",
                logText: "the webhook did not answer: \(reason)", count: "webhook")
        case .refused(let reason):
            throw Refusal(encoderText: reason, logText: "the webhook refused it: \(reason)", count: "webhook")
        }
    }
}
