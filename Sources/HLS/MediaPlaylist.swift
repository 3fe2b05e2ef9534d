internal import Media

/// A media playlist as values. RFC 8216, clauses 4.3.2, 4.3.3 and 6.2.
package struct MediaPlaylist: Sendable, Hashable {
    /// EXT-X-PLAYLIST-TYPE; none for a sliding window.
    package enum PlaylistType: String, Sendable {
        case event = "EVENT"
        case vod = "VOD"
    }

    /// Seconds; must not change over reloads. Written as this or as the longest segment's rounded duration,
    /// whichever is more, so 0 means "find it".
    package var targetDuration: UInt64
    package var mediaSequence: UInt64
    package var discontinuitySequence: UInt64
    package var playlistType: PlaylistType?
    package var hasIndependentSegments: Bool
    package var isIFramesOnly: Bool
    /// EXT-X-START: where playing begins; nil: the player's choice.
    package var start: PlaylistStart?
    /// EXT-X-ENDLIST: no segment will be added.
    package var isEnded: Bool
    package var segments: [MediaSegment]
    /// Whole lines of tags not known here, of the playlist as a whole.
    package var unknownTags: [String]
    /// Whole lines of tags not known here that follow the last segment.
    package var trailingTags: [String]

    package init(
        targetDuration: UInt64 = 0, mediaSequence: UInt64 = 0, discontinuitySequence: UInt64 = 0,
        playlistType: PlaylistType? = nil, hasIndependentSegments: Bool = false, isIFramesOnly: Bool = false,
        start: PlaylistStart? = nil, isEnded: Bool = false, segments: [MediaSegment] = [], unknownTags: [String] = [],
        trailingTags: [String] = []
    ) {
        self.targetDuration = targetDuration
        self.mediaSequence = mediaSequence
        self.discontinuitySequence = discontinuitySequence
        self.playlistType = playlistType
        self.hasIndependentSegments = hasIndependentSegments
        self.isIFramesOnly = isIFramesOnly
        self.start = start
        self.isEnded = isEnded
        self.segments = segments
        self.unknownTags = unknownTags
        self.trailingTags = trailingTags
    }

    /// The longest segment's duration, rounded to the nearest second. RFC 8216, clause 4.3.3.1.
    package var longestRoundedDuration: UInt64 {
        segments.map { UInt64(clamping: $0.duration.duration.rescaled(to: 1, rounding: .nearest).value) }.max() ?? 0
    }

    /// The least protocol version that a client must know. RFC 8216, clause 7.
    ///
    /// EXT-X-GAP does not count, as clients of before only fail to fetch; the version would else change
    /// from one reload to the next.
    package var version: Int {
        // Durations are always written with decimals.
        var version = 3
        if isIFramesOnly { version = 4 }
        for segment in segments {
            if segment.byteRange != nil { version = max(version, 4) }
            if segment.map != nil { version = max(version, isIFramesOnly ? 5 : 6) }
            for key in segment.keys { version = max(version, key.version) }
        }
        return version
    }

    /// The text, one line for each tag and URI, each ended by LF.
    package func serialize() -> String {
        var text = "#EXTM3U\n"
        text.reserveCapacity(512 + segments.count * 160)
        func add(_ line: String) {
            text += line
            text += "\n"
        }
        add("#EXT-X-VERSION:\(version)")
        add("#EXT-X-TARGETDURATION:\(max(targetDuration, longestRoundedDuration))")
        add("#EXT-X-MEDIA-SEQUENCE:\(mediaSequence)")
        if discontinuitySequence > 0 { add("#EXT-X-DISCONTINUITY-SEQUENCE:\(discontinuitySequence)") }
        if let playlistType { add("#EXT-X-PLAYLIST-TYPE:\(playlistType.rawValue)") }
        if hasIndependentSegments { add("#EXT-X-INDEPENDENT-SEGMENTS") }
        if isIFramesOnly { add("#EXT-X-I-FRAMES-ONLY") }
        if let start { add(start.line) }
        for tag in unknownTags { add(Self.tagLine(tag)) }
        var keys: [Key] = []
        var map: MediaInitialization?
        for segment in segments {
            if segment.isDiscontinuity { add("#EXT-X-DISCONTINUITY") }
            if segment.isMapClear, let next = segment.map, next != map {
                if !keys.isEmpty { add(Key(method: .none).line) }
                add(next.line)
                (keys, map) = ([], next)
            }
            if segment.keys != keys { for line in Self.keyLines(from: keys, to: segment.keys) { add(line) } }
            if !segment.isMapClear, let next = segment.map, next != map || segment.keys != keys { add(next.line) }
            (keys, map) = (segment.keys, segment.map ?? map)
            if let time = segment.programDateTime { add("#EXT-X-PROGRAM-DATE-TIME:\(CivilTime(time).iso8601)") }
            for tag in segment.unknownTags { add(Self.tagLine(tag)) }
            if segment.isGap { add("#EXT-X-GAP") }
            add(segment.duration.line)
            if let range = segment.byteRange { add("\(ByteRange.tag):\(range.text)") }
            add(PlaylistText.uri(segment.uri))
        }
        for tag in trailingTags { add(Self.tagLine(tag)) }
        if isEnded { add("#EXT-X-ENDLIST") }
        return text
    }

    /// A key stays in force until another of its format, so a format that is dropped is ended by NONE.
    private static func keyLines(from old: [Key], to new: [Key]) -> [String] {
        let formats = Set(new.map { $0.keyFormat ?? Key.identity })
        let isDropping = old.contains { !formats.contains($0.keyFormat ?? Key.identity) }
        return (isDropping ? [Key(method: .none).line] : []) + new.map(\.line)
    }

    private static func tagLine(_ tag: String) -> String {
        let line = PlaylistText.line(tag)
        return line.hasPrefix("#") ? line : "#" + line
    }
}
