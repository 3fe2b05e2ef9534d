import HLS
import Media
import Settings
import Timeline

/// Image playlists: of each segment a sheet of small pictures. Image Media Playlist 0.4 (Roku and others), an addition to
/// RFC 8216.
extension PlaylistPackager {
    /// The playlist of a track's thumbnails, for each segment's time.
    package static func images(_ track: String, _ window: EndpointWindow) throws(PackagingError) -> String {
        var playlist = try segments(of: track, window, as: .images)
        playlist.hasIndependentSegments = false
        playlist.unknownTags = [Tiles.onlyTag]
        return playlist.serialize()
    }

    static func imageVariants(_ window: EndpointWindow) -> [ImageVariant] {
        window.imageTracks.map(\.track).filter { window.names($0) }.map { track in
            ImageVariant(
                uri: MediaLocation.imagePlaylist(track: track.name, window.shift),
                bandwidth: UInt64(max(MeasuredBandwidth(of: track.name, in: window).peak, 1)),
                codecs: [track.codec.rfc6381], resolution: track.resolution)
        }
    }

    /// How a segment's sheet is laid out. Pictures are taken at the distances of a segment that is as long as it should be.
    static func tiles(
        of stored: StoredTrack, in segment: BoundSegment, _ window: EndpointWindow
    ) throws(PackagingError) -> String {
        guard case .jpeg(let tiles) = stored.track.codec else {
            throw .media(segment: segment.number, track: stored.track.name, reason: "no thumbnails")
        }
        let each = Ticks(
            window.segmentDuration.rescaled(to: 1_000_000).value / Int64(max(tiles.count, 1)), timescale: 1_000_000)
        return Tiles(
            resolution: Resolution(width: UInt32(tiles.width), height: UInt32(tiles.height)),
            columns: UInt32(tiles.columns), rows: UInt32(tiles.rows), duration: each
        ).line
    }
}
