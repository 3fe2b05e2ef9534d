internal import Media

extension MediaPlaylist {
    /// Reads a playlist; tags not known here are kept.
    ///
    /// - Throws: where a known tag is malformed, a required one is missing, or it is a multivariant playlist.
    package init(parsing text: String) throws(PlaylistError) {
        self = try ReadPlaylist(parsing: text).playlist
    }
}

/// What has been read of a media playlist, and what waits for the next segment.
struct MediaPlaylistReader {
    /// What goes on from one segment to the next.
    struct InForce: Equatable, Sendable {
        var keys: [Key] = []
        var map: MediaInitialization?
        /// No key was in force where the map stood.
        var isMapClear = false
    }

    private(set) var playlist = MediaPlaylist()
    private(set) var inForce = InForce()
    /// A tag of the playlist as a whole stands between segments.
    private(set) var isMixed = false
    private var hasLateTag = false
    private var hasTargetDuration = false
    private var hasSegmentTag = false

    private var duration: SegmentDuration?
    private var byteRange: ByteRange?
    private var isDiscontinuity = false
    private var programDateTime: Ticks?
    private var isGap = false
    private var parts: [PartialSegment] = []
    private var unknownTags: [String] = []

    mutating func readURI(_ uri: String) throws(PlaylistError) {
        guard let duration else { throw PlaylistError("a segment without EXTINF") }
        if hasLateTag { isMixed = true }
        playlist.segments.append(
            MediaSegment(
                uri: uri, duration: duration, byteRange: byteRange, isDiscontinuity: isDiscontinuity,
                programDateTime: programDateTime, isGap: isGap, keys: inForce.keys, map: inForce.map,
                isMapClear: inForce.isMapClear && inForce.keys.contains { $0.method == .aes128 }, parts: parts,
                unknownTags: unknownTags))
        self.duration = nil
        parts = []
        byteRange = nil
        isDiscontinuity = false
        programDateTime = nil
        isGap = false
        unknownTags = []
    }

    mutating func readTag(_ name: Substring, _ value: Substring, _ line: Substring) throws(PlaylistError) {
        // Those of segments first: most lines are.
        switch String(name) {
        case SegmentDuration.tag: duration = try SegmentDuration(parsing: value)
        case PartialSegment.tag: parts.append(try PartialSegment(parsing: value))
        case "#EXT-X-PROGRAM-DATE-TIME":
            guard let time = CivilTime(parsing: value)?.ticks else {
                throw PlaylistError("no date: \(value.prefix(40))")
            }
            programDateTime = time
        case ByteRange.tag: byteRange = try ByteRange(parsing: value)
        case "#EXT-X-DISCONTINUITY": isDiscontinuity = true
        case Key.tag: take(try Key(parsing: value))
        case MediaInitialization.tag:
            inForce.map = try MediaInitialization(parsing: value)
            inForce.isMapClear = inForce.keys.isEmpty
        case "#EXT-X-GAP": isGap = true
        case Variant.tag, Rendition.tag, IFrameVariant.tag, Key.sessionTag:
            throw PlaylistError("\(name.dropFirst()) belongs into a multivariant playlist")
        case let other:
            if try readPlaylistTag(other, value) {
                hasLateTag = !playlist.segments.isEmpty
            } else if hasSegmentTag {
                unknownTags.append(String(line))
            } else {
                playlist.unknownTags.append(String(line))
            }
            return
        }
        hasSegmentTag = true
    }

    /// Tags that may stand once, for the playlist as a whole.
    private mutating func readPlaylistTag(_ name: String, _ value: Substring) throws(PlaylistError) -> Bool {
        switch name {
        case "#EXTM3U": throw PlaylistError("EXTM3U is there twice")
        case "#EXT-X-VERSION": _ = try number(name, value)
        case "#EXT-X-TARGETDURATION":
            playlist.targetDuration = try number(name, value)
            hasTargetDuration = true
        case "#EXT-X-MEDIA-SEQUENCE": playlist.mediaSequence = try numberBeforeSegments(name, value)
        case "#EXT-X-DISCONTINUITY-SEQUENCE":
            playlist.discontinuitySequence = try numberBeforeSegments(name, value)
        case PlaylistStart.tag: playlist.start = try PlaylistStart(parsing: value)
        case "#EXT-X-PLAYLIST-TYPE":
            guard let type = MediaPlaylist.PlaylistType(rawValue: String(value)) else {
                throw PlaylistError("no playlist type: \(value.prefix(40))")
            }
            playlist.playlistType = type
        case "#EXT-X-INDEPENDENT-SEGMENTS": playlist.hasIndependentSegments = true
        case "#EXT-X-I-FRAMES-ONLY": playlist.isIFramesOnly = true
        case "#EXT-X-ENDLIST": playlist.isEnded = true
        case ServerControl.tag: playlist.serverControl = try ServerControl(parsing: value)
        case PartInformation.tag: playlist.partInformation = try PartInformation(parsing: value)
        case Skip.tag:
            guard playlist.skip == nil, playlist.segments.isEmpty else {
                throw PlaylistError("EXT-X-SKIP is there twice, or after a segment")
            }
            playlist.skip = try Skip(parsing: value)
        case PreloadHint.tag: playlist.preloadHints.append(try PreloadHint(parsing: value))
        case RenditionReport.tag: playlist.renditionReports.append(try RenditionReport(parsing: value))
        default: return false
        }
        return true
    }

    func finish() throws(PlaylistError) -> MediaPlaylist {
        guard hasTargetDuration else { throw PlaylistError("no EXT-X-TARGETDURATION") }
        guard duration == nil else { throw PlaylistError("the last EXTINF has no segment") }
        var playlist = playlist
        if !parts.isEmpty {
            playlist.segmentInProgress = SegmentInProgress(
                isDiscontinuity: isDiscontinuity, programDateTime: programDateTime, keys: inForce.keys,
                map: inForce.map, parts: parts)
        }
        playlist.trailingTags = unknownTags
        return playlist
    }

    private mutating func take(_ key: Key) {
        guard key.method != .none else {
            inForce.keys = []
            return
        }
        inForce.keys.removeAll { ($0.keyFormat ?? Key.identity) == (key.keyFormat ?? Key.identity) }
        inForce.keys.append(key)
    }

    /// Takes segments that were read before from the same lines, behind the same.
    /// - Parameter inForce: behind the last of them.
    mutating func take(_ segments: ArraySlice<MediaSegment>, _ inForce: InForce) {
        playlist.segments += segments
        self.inForce = inForce
    }

    private func number(_ name: String, _ value: Substring) throws(PlaylistError) -> UInt64 {
        guard let number = UInt64(decimal: value) else {
            throw PlaylistError("\(name.dropFirst()) is no number: \(value.prefix(40))")
        }
        return number
    }

    private func numberBeforeSegments(_ name: String, _ value: Substring) throws(PlaylistError) -> UInt64 {
        guard playlist.segments.isEmpty else { throw PlaylistError("\(name.dropFirst()) after a segment") }
        return try number(name, value)
    }
}
