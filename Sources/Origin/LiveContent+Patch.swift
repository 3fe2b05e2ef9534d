import DASH
import Live
import Media
import NIOCore
import NIOHTTP1
import Packager
import PublishGuard
import Settings

/// What has changed in an MPD since the revision that a player has. ISO/IEC 23009-1:2022, clause 5.15.
extension LiveContent {
    /// 204 where nothing has; a patch that is for nobody where that revision is not known any more, upon which players
    /// ask for the MPD.
    func patch(
        _ path: ResourcePath, _ channel: LiveChannel, _ state: LiveChannel.EndpointState, to asker: Asker?,
        on eventLoop: any EventLoop
    ) -> OriginAnswer {
        guard state.window.endpoint.mpdPatch else { return .ready(.notFound) }
        guard let base = PatchLocation.publishTime(query: path.query) else { return .ready(Self.noRevision) }
        // The newest revision goes out before it is told of.
        let whole = ResourcePath(channel: path.channel, endpoint: path.endpoint, resource: .mpd)
        let published: EventLoopFuture<CachedResponse>
        switch manifest(whole, channel, state, to: asker, on: eventLoop) {
        case .ready(let response): published = eventLoop.makeSucceededFuture(response)
        case .later(let future): published = future
        }
        let window = state.window
        let answer = published.flatMap { response -> EventLoopFuture<CachedResponse> in
            guard response.status == .ok else { return eventLoop.makeSucceededFuture(response) }
            // One answer for all that nobody knows: strangers can ask for any.
            let isKnown = channel.mpdHistory.knows(base, of: whole.text)
            let key = "\(path.text)?\(isKnown ? String(base.milliseconds) : "unknown")#\(response.entityTag ?? "")"
            let answer = make(key, for: nil, on: eventLoop) {
                let freshness = CachedResponse.Freshness.until(epochMilliseconds: window.nextChangeMilliseconds)
                switch channel.mpdHistory.patch(of: whole.text, from: base) {
                case .patch(let patch)?: return Self.manifest(patch.serialize(), Self.patchType, freshness, window)
                case .unknown(let patch)?: return Self.manifest(patch.serialize(), Self.patchType, .seconds(1), window)
                case MPDHistory.Step.none?:
                    return CachedResponse(
                        status: .noContent, contentType: Self.patchType, body: ByteBuffer(), freshness: freshness)
                case nil: return .notFound
                }
            }
            switch answer {
            case .ready(let response): return eventLoop.makeSucceededFuture(response)
            case .later(let future): return future
            }
        }
        return .later(answer)
    }

    private static let patchType = "application/dash-patch+xml"
    private static let noRevision = CachedResponse.text(
        .badRequest, "publishTime is the MPD's, as PatchLocation has it", freshness: .seconds(60))
}
