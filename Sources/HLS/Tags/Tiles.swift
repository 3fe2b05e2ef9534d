package import Media

/// EXT-X-TILES: how pictures lie in the image that follows, row by row. Image Media Playlist 0.4, an addition to RFC 8216.
package struct Tiles: Sendable, Hashable {
    package static let tag = "#EXT-X-TILES"
    /// What marks a playlist of nothing else.
    package static let onlyTag = "#EXT-X-IMAGES-ONLY"

    /// Of one picture.
    package var resolution: Resolution
    package var columns: UInt32
    package var rows: UInt32
    /// Of what one picture stands for.
    package var duration: Ticks

    package init(resolution: Resolution, columns: UInt32, rows: UInt32, duration: Ticks) {
        self.resolution = resolution
        self.columns = columns
        self.rows = rows
        self.duration = duration
    }

    package var line: String {
        var writer = AttributeWriter(Self.tag)
        writer.plain("RESOLUTION", resolution.text)
        writer.plain("LAYOUT", "\(columns)x\(rows)")
        writer.plain("DURATION", DecimalSeconds.text(duration))
        return writer.line
    }
}
