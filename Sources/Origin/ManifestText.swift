import Packager

/// A manifest's text and its media type.
enum ManifestText {
    static let mpdType = "application/dash+xml"

    static func make(
        _ resource: ResourcePath.Resource, _ window: EndpointWindow, isDelta: Bool = false
    ) throws -> (text: String, type: String) {
        let playlistType = "application/vnd.apple.mpegurl"
        switch resource {
        case .multivariantPlaylist: return (PlaylistPackager.multivariant(window), playlistType)
        case .mediaPlaylist(let track):
            return (try PlaylistPackager.media(track, window, isDelta: isDelta), playlistType)
        case .iFramePlaylist(let track): return (try PlaylistPackager.iFrames(track, window), playlistType)
        case .subtitlePlaylist(let track): return (try PlaylistPackager.subtitles(track, window), playlistType)
        case .imagePlaylist(let track): return (try PlaylistPackager.images(track, window), playlistType)
        case .mpd: return (MPDPackager.mpd(window), mpdType)
        case .mpdPatch, .time, .header, .segment, .iFrame, .image, .subtitles, .part:
            preconditionFailure("not a manifest")  // why: LiveContent asks for manifests only
        }
    }
}
