import Media

extension ResourcePath {
    /// The canonical path.
    var text: String {
        switch resource {
        case .time: "/\(channel)/\(endpoint)/time"
        case .mpdPatch: "/\(channel)/\(endpoint)/patch.mpp"
        case .multivariantPlaylist: "/\(channel)/\(endpoint)/index.m3u8"
        case .mpd: "/\(channel)/\(endpoint)/index.mpd"
        case .mediaPlaylist(let track): "/\(channel)/\(endpoint)/\(track)/playlist.m3u8"
        case .header(let track, let revision, let generation, let period):
            "/\(channel)/\(endpoint)/\(track)/\(revision)/init-\(generation)\(period.map { "-\($0)" } ?? "").mp4"
        case .segment(let track, let revision, let number, let isTransportStream):
            "/\(channel)/\(endpoint)/\(track)/\(revision)/\(number).\(isTransportStream ? "ts" : "m4s")"
        case .iFramePlaylist(let track): "/\(channel)/\(endpoint)/\(track)/iframes.m3u8"
        case .iFrame(let track, let revision, let number, let isTransportStream):
            "/\(channel)/\(endpoint)/\(track)/\(revision)/iframe-\(number).\(isTransportStream ? "ts" : "m4s")"
        case .subtitlePlaylist(let track): "/\(channel)/\(endpoint)/\(track)/subtitles.m3u8"
        case .subtitles(let track, let revision, let number):
            "/\(channel)/\(endpoint)/\(track)/\(revision)/\(number).vtt"
        case .imagePlaylist(let track): "/\(channel)/\(endpoint)/\(track)/images.m3u8"
        case .image(let track, let revision, let number):
            "/\(channel)/\(endpoint)/\(track)/\(revision)/\(number).jpg"
        case .part(let track, let revision, let number, let part):
            "/\(channel)/\(endpoint)/\(track)/\(revision)/\(number).\(part).m4s"
        }
    }

    /// The track that a playlist is of; nil where it is of all, or no playlist.
    var playlistTrack: String? {
        switch resource {
        case .mediaPlaylist(let track), .iFramePlaylist(let track), .imagePlaylist(let track),
            .subtitlePlaylist(let track):
            track
        default: nil
        }
    }

    /// Whether the endpoint's state alone decides the answer: neither the clock nor a time or filter that is asked for.
    var isOfStateAlone: Bool {
        switch resource {
        case .time, .mpdPatch: false
        default: query?.split(separator: "&").allSatisfy { $0.hasPrefix("_HLS_") } ?? true
        }
    }

    /// Media bytes follow from the URL, so the URL is their identity.
    var entityTag: String? {
        switch resource {
        case .time, .multivariantPlaylist, .mpd, .mpdPatch, .mediaPlaylist, .iFramePlaylist, .imagePlaylist,
            .subtitlePlaylist:
            nil
        case .header(let track, let revision, let generation, let period):
            "\(track)-\(revision)-i\(generation)-\(period?.description ?? "")"
        case .segment(let track, let revision, let number, _): "\(track)-\(revision)-\(number)"
        case .iFrame(let track, let revision, let number, _): "\(track)-\(revision)-\(number)-iframe"
        case .subtitles(let track, let revision, let number): "\(track)-\(revision)-\(number)-vtt"
        case .image(let track, let revision, let number): "\(track)-\(revision)-\(number)-image"
        case .part(let track, let revision, let number, let part): "\(track)-\(revision)-\(number)-\(part)"
        }
    }
}
