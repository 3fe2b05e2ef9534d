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
        _ revision: String, _ number: UInt64, _ kind: Track.Kind, on eventLoop: any EventLoop
    ) -> OriginAnswer {
        let window = state.window
        guard let bound = window.segment(number) else {
            let last = window.segments.last?.number ?? 0
            let has = kind == .image ? window.endpoint.thumbnailForm : window.endpoint.subtitleForm
            guard has != nil, revision == window.revision, number > last else { return .ready(.notFound) }
            if state.isWithheld { return .ready(Self.noKey) }
            return .ready(number <= last + 2 ? Self.tooEarly : .notFound)
        }
        guard revision == window.revision(of: bound), let (stored, _) = window.share(of: track, in: bound),
            stored.track.kind == kind
        else { return .ready(.notFound) }
        let timeline = channel.timeline
        return make(path.text, on: eventLoop) {
            func read(_ number: UInt64, _ track: String) -> [UInt8]? { timeline.bytes(segment: number, track: track) }
            guard kind == .text else {
                return media(
                    try window.image(of: stored, in: bound, read: read), contentType: kind.contentType, path)
            }
            return media(try window.subtitles(of: stored, in: bound, read: read), contentType: "text/vtt", path)
        }
    }
}
