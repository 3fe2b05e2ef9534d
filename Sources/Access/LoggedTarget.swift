/// A target as logs may have it: a token may be in a place where it opens nothing.
extension RequestTarget {
    private static let longestPath = 512

    /// A part that is no name of ours may be a token.
    package var loggedPath: String {
        let path = Substring(barePath.unicodeScalars.prefix(Self.longestPath))
        return path.split(separator: "/", omittingEmptySubsequences: false).map { part in
            Self.isName(part) ? String(part) : Self.hidden
        }.joined(separator: "/")
    }

    package var loggedChannel: String? { Self.isName(channel) && !channel.isEmpty ? String(channel) : nil }
    package var loggedEndpoint: String? { Self.isName(endpoint) && !endpoint.isEmpty ? String(endpoint) : nil }

    /// Parameters that mean something here; any other may be a token, by its name or its value.
    package var loggedQuery: String? {
        guard let query, !query.isEmpty else { return nil }
        var shown: [String] = []
        var isHiding = false
        for pair in query.split(separator: "&").prefix(32) {
            let name = pair.prefix { $0 != "=" }.lowercased()
            if pair.utf8.count <= 96, !pair.utf8.contains(UInt8(ascii: "~")), Self.parameters.contains(name) {
                shown.append(String(pair))
            } else if !isHiding {
                isHiding = true
                shown.append(Self.hidden)
            }
        }
        return shown.joined(separator: "&")
    }

    private static let hidden = "(hidden)"
    private static let parameters: Set<String> = [
        "_hls_msn", "_hls_part", "_hls_skip", "publishtime", "start", "end", "timedelay", "time_delay", "window",
        "manifest_window_seconds", "aws.manifestsettings", "aws.manifestfilter", "height", "bitrate", "codec",
        "language", "subtitles", "trickplay", "channels", "framerate", "video_height", "video_bitrate", "video_codec",
        "video_framerate", "audio_codec", "audio_language", "audio_channels", "audio_bitrate", "audio_sample_rate",
        "subtitle_language", "trickplay_type", "trickplay_height",
    ]

    private static func isName(_ part: Substring) -> Bool {
        part.utf8.count <= 64 && !part.utf8.contains(UInt8(ascii: "~")) && !part.utf8.contains(UInt8(ascii: "%"))
    }
}
