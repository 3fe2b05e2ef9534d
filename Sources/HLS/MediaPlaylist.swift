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
    /// Stand before `segments`. A playlist that was read has none.
    package var older: [OlderSegments] = []
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

    /// Segments before `segments`.
    package var olderCount: Int { older.reduce(0) { $0 + $1.count } }

    /// The longest segment's duration, rounded to the nearest second. RFC 8216, clause 4.3.3.1.
    package var longestRoundedDuration: UInt64 {
        max(segments.map(\.roundedDuration).max() ?? 0, older.map(\.longestRoundedDuration).max() ?? 0)
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
        for part in older { version = max(version, part.version(isIFramesOnly: isIFramesOnly)) }
        for segment in segments { version = max(version, segment.version(isIFramesOnly: isIFramesOnly)) }
        return version
    }

    /// The text, one line for each tag and URI, each ended by LF.
    package func serialize() -> String {
        var writer = SegmentWriter(capacity: 512 + older.reduce(segments.count * 160) { $0 + $1.byteCount })
        writer.add("#EXTM3U")
        writer.add("#EXT-X-VERSION:\(version)")
        writer.add("#EXT-X-TARGETDURATION:\(max(targetDuration, longestRoundedDuration))")
        writer.add("#EXT-X-MEDIA-SEQUENCE:\(mediaSequence)")
        if discontinuitySequence > 0 { writer.add("#EXT-X-DISCONTINUITY-SEQUENCE:\(discontinuitySequence)") }
        if let playlistType { writer.add("#EXT-X-PLAYLIST-TYPE:\(playlistType.rawValue)") }
        if hasIndependentSegments { writer.add("#EXT-X-INDEPENDENT-SEGMENTS") }
        if isIFramesOnly { writer.add("#EXT-X-I-FRAMES-ONLY") }
        if let start { writer.add(start.line) }
        if let serverControl { writer.add(serverControl.line) }
        if let partInformation { writer.add(partInformation.line) }
        for tag in unknownTags { writer.addTag(tag) }
        if let skip { writer.add(skip.line) }
        for part in older { writer.add(part) }
        for segment in segments { writer.write(segment) }
        if let segmentInProgress { writer.write(segmentInProgress) }
        for tag in trailingTags { writer.addTag(tag) }
        for hint in preloadHints { writer.add(hint.line) }
        for report in renditionReports { writer.add(report.line) }
        if isEnded { writer.add("#EXT-X-ENDLIST") }
        return writer.text
    }
}
