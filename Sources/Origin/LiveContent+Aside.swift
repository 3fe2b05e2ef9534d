import Live
import Media
import NIOCore
import Packager
import Settings
import Timeline

/// What goes with a presentation and is no part of it: thumbnails, and subtitles as HLS has them.
extension LiveContent {
    /// - Parameter kind: of the track.
    func aside(
        _ path: ResourcePath, _ channel: LiveChannel, _ state: LiveChannel.EndpointState, _ track: String,
        _ revision: String, _ number: UInt64, _ kind: Track.Kind, to asker: Asker?, on eventLoop: any EventLoop
    ) -> OriginAnswer {
        let window = state.window
        guard let bound = window.segment(number) else {
            let last = window.segments.last?.number ?? 0
            let has = kind == .image ? window.endpoint.thumbnailForm : window.endpoint.subtitleForm
            guard has != nil, revision == window.revision else { return .ready(.notFound) }
            guard number > last else {
                return .ready(window.isGone(number, of: track) ? window.endpoint.expired : .notFound)
            }
            if state.isWithheld { return .ready(Self.noKey) }
            return .ready(number <= last + 2 ? window.endpoint.tooEarly : .notFound)
        }
        guard revision == window.revision(of: bound), let (stored, share) = window.share(of: track, in: bound),
            stored.track.kind == kind
        else { return .ready(.notFound) }
        let timeline = channel.timeline
        return make(
            path.text, cost: share.byteCount, for: asker, on: eventLoop,
            by: timeline.isInMemory(segment: number) ? .live : .disk
        ) {
            let bytes = try window.aside(of: stored, in: bound) { timeline.media(segment: $0, track: $1) }
            return media(
                ByteBuffer(bytes: bytes), contentType: kind == .image ? kind.contentType : "text/vtt", path,
                window.notes(beside: stored, share, kind == .image ? .other : .caption))
        }
    }
}
