import Media

/// Reads `thumbnails`: the small pictures that are made of each segment.
struct ThumbnailReader {
    let log: DiagnosticLog

    private static let keys = ["width", "height", "columns", "rows"]

    /// - Parameter ladder: what they are made of.
    /// - Returns: nil where there are to be none, or they cannot be.
    func read(_ root: Section, _ ladder: Ladder) -> ThumbnailRung? {
        let key = "thumbnails"
        guard let node = root[key], let section = Section(node, key, keys: Self.keys, log) else { return nil }
        let tiles = PictureTiles(
            width: section.integer("width", in: 16...1920, default: 320),
            height: section.integer("height", in: 16...1080, default: 180),
            columns: section.integer("columns", in: 1...10, default: 1),
            rows: section.integer("rows", in: 1...10, default: 1))
        guard tiles.isPossible else {
            log.error(
                "'\(key)' cannot be \(tiles.columns)x\(tiles.rows) of \(tiles.width)x\(tiles.height): the width is a "
                    + "multiple of 16, the height even, and all of them have \(PictureTiles.mostElements) picture elements at most",
                at: node.place)
            return nil
        }
        let encoded = ladder.video.filter { $0.codec != .copy }
        guard !encoded.isEmpty else {
            log.error(
                "'\(key)' are made of a rung that is encoded, and this profile only passes pictures on, which nobody "
                    + "decodes; delete it, or add a small rung with codec h264",
                at: root.keyPlace(key))
            return nil
        }
        if let taken = (ladder.video.map(\.name) + ladder.audio.map(\.name)).first(where: { $0 == ThumbnailRung.name })
        {
            log.error("the rung '\(taken)' has the name that thumbnails have; rename it", at: root.keyPlace(key))
        }
        let frames = encoded.compactMap { $0.frameRate?.framesPerSegment(seconds: ladder.segmentDurationSeconds) }.min()
        if let frames, tiles.count * 2 > Int(clamping: frames) {
            log.error(
                "'\(key)' has \(tiles.count) pictures in a segment of \(frames) frames; take \(frames / 2) at most",
                at: node.place)
        }
        return ThumbnailRung(tiles: tiles)
    }

    /// Pictures are content: nothing that is protected has them in the clear unless the profile says so.
    func check(_ endpoint: EndpointProfile, hasThumbnails: Bool, _ section: Section) {
        let (word, clear) = ("includeThumbnails", "clearThumbnails")
        if endpoint.clearThumbnails {
            if !endpoint.includeThumbnails {
                log.error("'\(clear)' says how thumbnails go out, and there are none", at: section.keyPlace(clear))
            } else if endpoint.encryption == nil {
                log.error("'\(clear)' is of an endpoint with encryption; delete it", at: section.keyPlace(clear))
            } else {
                log.warning(
                    "'\(clear)': pictures of what is protected go out in the clear",
                    at: section.keyPlace(clear))
            }
        }
        guard endpoint.includeThumbnails else { return }
        if !hasThumbnails {
            log.error(
                "'\(word)' wants thumbnails: { width: 320, height: 180 } of the channel",
                at: section.keyPlace(word))
        } else if endpoint.thumbnailForm == nil {
            log.error(
                "'\(word)': thumbnails have a form under AES-128 in HLS and under nothing else, so they would go out in "
                    + "the clear; delete it, or write \(clear): true beside it",
                at: section.keyPlace(word))
        }
    }
}
