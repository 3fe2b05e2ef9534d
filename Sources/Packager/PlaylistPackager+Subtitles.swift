import HLS
import Media
import Settings
import Timeline

/// Subtitle renditions: WebVTT files, one for each segment. RFC 8216, clauses 3.5 and 4.3.4.1.
extension PlaylistPackager {
    static let subtitleGroup = "subtitles"

    /// The playlist of a track of subtitles.
    package static func subtitles(_ track: String, _ window: EndpointWindow) throws(PackagingError) -> String {
        try segments(of: track, window, as: .subtitles).serialize()
    }

    static func subtitles(_ window: EndpointWindow) -> [Rendition] {
        namedSubtitles(window).map { track in
            Rendition(
                kind: .subtitles, groupID: subtitleGroup, name: name(of: track, window), language: track.language,
                isDefault: false, isAutoselected: true,
                uri: MediaLocation.subtitlePlaylist(track: track.name, window.shift))
        }
    }

    static func namedSubtitles(_ window: EndpointWindow) -> [Track] {
        window.subtitleTracks.map(\.track).filter { window.names($0) }
    }

    /// What the profile calls the captions that they are made of.
    private static func name(of track: Track, _ window: EndpointWindow) -> String {
        window.endpoint.captions.first { $0.field.map { CaptionRung.name(of: $0) } == track.name }?.name ?? track.name
    }
}

extension PlaylistPackager.Form {
    /// Whether segments have an initialization.
    var hasHeader: Bool {
        switch self {
        case .media, .iFrames: true
        case .images, .subtitles: false
        }
    }
}
