import Keys
package import Media
package import MediaMemory
import Settings
package import Timeline

extension EndpointWindow {
    /// A segment of a track in the endpoint's container, protected by its key.
    ///
    /// - Parameter read: the clear media that is stored of a segment's share of a track; nil where it is lost.
    package func media(
        of stored: StoredTrack, in bound: BoundSegment, read: (_ number: UInt64, _ track: String) -> ClearMedia?
    ) throws(PackagingError) -> MediaBytes {
        try packaged(stored, in: bound, read: read).finished(segment: bound.number, track: stored.track.name)
    }

    /// The same up to what may be left to others.
    package func packaged(
        _ stored: StoredTrack, in bound: BoundSegment, read: (_ number: UInt64, _ track: String) -> ClearMedia?
    ) throws(PackagingError) -> PackagedMedia {
        guard endpoint.container == .ts else {
            return try SegmentPackager.makeCMAF(
                try clear(stored, in: bound, read: read), number: bound.number, track: stored, endpoint: endpoint,
                keys: bound.keys)
        }
        var shares: [(clear: ClearMedia, track: StoredTrack)] = []
        for track in muxed(with: stored, in: bound) { shares.append((try clear(track, in: bound, read: read), track)) }
        return try SegmentPackager.makeTransportStream(
            shares, number: bound.number, endpoint: endpoint, keys: bound.keys)
    }

    /// The first picture of a segment by itself, protected as the segment is.
    ///
    /// - Parameter read: the clear media that is stored of a segment's share of a track; nil where it is lost.
    package func iFrame(
        of stored: StoredTrack, in bound: BoundSegment, read: (_ number: UInt64, _ track: String) -> ClearMedia?
    ) throws(PackagingError) -> MediaBytes {
        guard !isProtectedBySound(stored, in: bound) else { throw .noKey(track: stored.track.name) }
        let segment = try clear(stored, in: bound, read: read)
        let picture: ClearMedia
        do throws(ParseError) { picture = try IFrameFragment.make(of: segment) } catch {
            throw .media(segment: bound.number, track: stored.track.name, reason: "\(error)")
        }
        guard endpoint.container == .ts else {
            return try SegmentPackager.cmaf(
                picture, number: bound.number, track: stored, endpoint: endpoint, keys: bound.keys, isIFrame: true)
        }
        return try SegmentPackager.transportStream(
            [(picture, stored)], number: bound.number, endpoint: endpoint, keys: bound.keys, isIFrame: true)
    }

    /// What goes with a segment and is no part of it: a sheet of thumbnails or a WebVTT file, or that under AES-128.
    ///
    /// - Parameter read: the clear media that is stored of a segment's share of a track; nil where it is lost.
    package func aside(
        of stored: StoredTrack, in bound: BoundSegment, read: (_ number: UInt64, _ track: String) -> ClearMedia?
    ) throws(PackagingError) -> [UInt8] {
        guard bound.run.slate == nil else {
            throw .missingMedia(segment: bound.number, track: stored.track.name)
        }
        return try SegmentPackager.aside(
            try clear(stored, in: bound, read: read), number: bound.number, track: stored, endpoint: endpoint,
            keys: bound.keys)
    }

    /// Whether a track's segments are CMAF or transport streams here.
    package func isFile(_ track: Track) -> Bool {
        track.kind.isPlayed || (track.kind == .text && endpoint.package == .dash && endpoint.subtitleForm == .clear)
    }

    /// The tracks of subtitles that the endpoint has.
    package var subtitleTracks: [StoredTrack] { tracks.filter { $0.track.kind == .text } }

    /// The tracks of thumbnails that the endpoint has.
    package var imageTracks: [StoredTrack] { tracks.filter { $0.track.kind == .image } }

    /// The tracks that have I-frames to be shown by themselves: not those whose pictures only the sound's key protects,
    /// where both are in one file.
    package var iFrameTracks: [StoredTrack] {
        guard endpoint.includeIframeOnlyStream else { return [] }
        return tracks.filter { stored in
            guard stored.track.kind == .video else { return false }
            return segments.last.map { !isProtectedBySound(stored, in: $0) } ?? true
        }
    }

    private func isProtectedBySound(_ stored: StoredTrack, in bound: BoundSegment) -> Bool {
        key(for: stored, in: bound) != nil && bound.keys?.key(for: stored.track) == nil
    }

    /// Whether manifests name a track's I-frames.
    func namesIFrames(of track: Track) -> Bool {
        endpoint.includeIframeOnlyStream && names(track) && filter.admitsIFrames(of: track)
    }

    private func clear(
        _ stored: StoredTrack, in bound: BoundSegment, read: (_ number: UInt64, _ track: String) -> ClearMedia?
    ) throws(PackagingError) -> ClearMedia {
        let name = stored.track.name
        if bound.run.slate != nil {
            guard let bytes = slateMedia(of: name, in: bound), let media = try? ClearMedia(copying: bytes) else {
                throw .missingMedia(segment: bound.number, track: name)
            }
            return media
        }
        // A file that is not what was listed is none.
        guard let media = read(bound.number, name), media.bytes.count == share(of: name, in: bound)?.1.byteCount else {
            throw .missingMedia(segment: bound.number, track: name)
        }
        return media
    }
}
