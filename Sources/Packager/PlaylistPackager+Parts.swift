import HLS
import Media
import Settings
import Timeline

/// What makes a media playlist one of low latency. RFC 8216bis (draft 16), clause 4.4 and appendix B.
extension PlaylistPackager {
    /// - Parameter isDelta: leaves out what the asker has from before.
    static func addParts(
        to playlist: inout MediaPlaylist, _ track: String, _ window: EndpointWindow,
        _ listed: BoundSegments.SubSequence,
        isDelta: Bool
    ) throws(PackagingError) {
        guard let partTarget = window.partTarget else { return }
        let target = window.targetDuration
        let skipBoundary = skipBoundary(window)
        playlist.serverControl = ServerControl(
            canBlockReload: true, canSkipUntil: skipBoundary, holdBack: Ticks(target * 3, timescale: 1),
            partHoldBack: Ticks(partTarget.value * 3, timescale: partTarget.timescale))
        playlist.partInformation = PartInformation(target: partTarget)
        addPartsOfWholeSegments(to: &playlist, track, window, listed)
        if let underWay = window.underWay, let open = window.shareUnderWay(of: track) {
            let entry = try entry(underWay.bound, track, window, previous: listed.last)
            playlist.segmentInProgress = SegmentInProgress(
                isDiscontinuity: entry.isDiscontinuity, programDateTime: entry.programDateTime, keys: entry.keys,
                map: entry.map,
                parts: parts(open.share.chunks, of: underWay.bound.number, open.stored, window),
                unknownTags: entry.unknownTags)
        }
        if let hint = window.hinted(of: track) {
            playlist.preloadHints = [PreloadHint(kind: .part, uri: partURI(hint, window))]
        }
        playlist.renditionReports = window.playlistTracks.map(\.track.name).filter { $0 != track }.map { other in
            let newest = window.newest(of: other)
            return RenditionReport(
                uri: "../\(MediaLocation.playlist(track: other, nil))", lastSequence: newest?.segment,
                lastPart: newest?.part)
        }
        if isDelta, !playlist.isEnded { skipOld(in: &playlist, behind: skipBoundary) }
    }

    /// How far from the end segments are said to who has them.
    static func skipBoundary(_ window: EndpointWindow) -> Ticks { Ticks(window.targetDuration * 6, timescale: 1) }

    /// Of segments that end within three target durations from the end.
    private static func addPartsOfWholeSegments(
        to playlist: inout MediaPlaylist, _ track: String, _ window: EndpointWindow, _ listed: BoundSegments.SubSequence
    ) {
        let reach = Int128(playlist.targetDuration) * 3 * 1_000_000
        var after: Int128 = 0
        if let open = window.shareUnderWay(of: track) {
            after = microseconds(Ticks(open.share.duration, timescale: open.stored.track.timescale))
        }
        let first = playlist.mediaSequence + UInt64(playlist.olderCount)
        for (place, segment) in zip(playlist.segments.indices.reversed(), listed.reversed()) {
            // Gaps are not in `listed`: what is before one has no use for parts.
            guard after < reach, first + UInt64(place) == segment.number else { return }
            if let (stored, _) = window.share(of: track, in: segment) {
                playlist.segments[place].parts = parts(
                    window.parts(of: track, in: segment), of: segment.number, stored, window)
            }
            after += microseconds(playlist.segments[place].duration.duration)
        }
    }

    private static func parts(
        _ chunks: [ChunkPlace], of number: UInt64, _ stored: StoredTrack, _ window: EndpointWindow
    ) -> [PartialSegment] {
        chunks.enumerated().map { index, chunk in
            PartialSegment(
                uri: partURI(MediaPosition(segment: number, part: UInt64(index)), window),
                duration: Ticks(chunk.duration, timescale: stored.track.timescale),
                isIndependent: chunk.isIndependent)
        }
    }

    private static func partURI(_ position: MediaPosition, _ window: EndpointWindow) -> String {
        window.revision + "/" + MediaLocation.partName(position)
    }

    /// Segments whose end lies further from that of the last than the skip boundary. Clause 6.2.5.1.
    ///
    /// Keys and map in force are said again for the first that stays: to players that have them it is no news.
    private static func skipOld(in playlist: inout MediaPlaylist, behind boundary: Ticks) {
        let reach = microseconds(boundary)
        var after: Int128 = 0
        var kept = 0
        for segment in playlist.segments.reversed() {
            if after > reach { break }
            after += microseconds(segment.duration.duration)
            kept += 1
        }
        let skipped = playlist.olderCount + playlist.segments.count - kept
        guard skipped > 0 else { return }
        playlist.targetDuration = max(playlist.targetDuration, playlist.longestRoundedDuration)
        // Ranges are left out only where that is asked for.
        let gone = playlist.segments.prefix(playlist.segments.count - kept)
        let ranges = playlist.older.flatMap(\.dateRangeLines) + gone.flatMap(\.dateRangeLines)
        playlist.older = []
        playlist.segments.removeFirst(gone.count)
        playlist.segments[0].unknownTags = ranges + playlist.segments[0].unknownTags
        playlist.skip = Skip(segments: UInt64(skipped))
    }

    private static func microseconds(_ duration: Ticks) -> Int128 {
        Int128(duration.value) * 1_000_000 / Int128(max(duration.timescale, 1))
    }
}
