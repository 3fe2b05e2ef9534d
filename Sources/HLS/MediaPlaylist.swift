internal import Media

/// A media playlist as values. RFC 8216, clauses 4.3.2, 4.3.3 and 6.2; of low latency, RFC 8216bis (draft 16), 4.4.
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
    package var serverControl: ServerControl?
    package var partInformation: PartInformation?
    /// Stands before `segments`, for older ones.
    package var skip: Skip?
    package var segments: [MediaSegment]
    package var segmentInProgress: SegmentInProgress?
    package var preloadHints: [PreloadHint] = []
    package var renditionReports: [RenditionReport] = []
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
        if skip != nil || serverControl?.canSkipUntil != nil { version = 9 }
        if segmentInProgress?.map != nil { version = max(version, 6) }
        for key in segmentInProgress?.keys ?? [] { version = max(version, key.version) }
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
        if let serverControl { add(serverControl.line) }
        if let partInformation { add(partInformation.line) }
        for tag in unknownTags { add(Self.tagLine(tag)) }
        if let skip { add(skip.line) }
        var keys: [Key] = []
        var map: MediaInitialization?
        for segment in segments {
            if segment.isDiscontinuity { add("#EXT-X-DISCONTINUITY") }
            if segment.isMapClear, let next = segment.map, next != map {
                if !keys.isEmpty { add(Key(method: .none).line) }
                add(next.line)
                (keys, map) = ([], next)
            }
            for line in Self.protectionLines(segment.keys, segment.isMapClear ? nil : segment.map, keys, map) {
                add(line)
            }
            (keys, map) = (segment.keys, segment.map ?? map)
            if let time = segment.programDateTime { add(Self.dateLine(time)) }
            for tag in segment.unknownTags { add(Self.tagLine(tag)) }
            if segment.isGap { add("#EXT-X-GAP") }
            for part in segment.parts { add(part.line) }
            add(segment.duration.line)
            if let range = segment.byteRange { add("\(ByteRange.tag):\(range.text)") }
            add(PlaylistText.uri(segment.uri))
        }
        if let segment = segmentInProgress {
            if segment.isDiscontinuity { add("#EXT-X-DISCONTINUITY") }
            for line in Self.protectionLines(segment.keys, segment.map, keys, map) { add(line) }
            if let time = segment.programDateTime { add(Self.dateLine(time)) }
            for tag in segment.unknownTags { add(Self.tagLine(tag)) }
            for part in segment.parts { add(part.line) }
        }
        for tag in trailingTags { add(Self.tagLine(tag)) }
        for hint in preloadHints { add(hint.line) }
        for report in renditionReports { add(report.line) }
        if isEnded { add("#EXT-X-ENDLIST") }
        return text
    }

    /// The keys where they change, and the map after them where it changes or they do.
    private static func protectionLines(
        _ keys: [Key], _ map: MediaInitialization?, _ oldKeys: [Key], _ oldMap: MediaInitialization?
    ) -> [String] {
        let lines = keys == oldKeys ? [] : keyLines(from: oldKeys, to: keys)
        guard let map, map != oldMap || keys != oldKeys else { return lines }
        return lines + [map.line]
    }

    private static func dateLine(_ time: Ticks) -> String { "#EXT-X-PROGRAM-DATE-TIME:\(CivilTime(time).iso8601)" }

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
