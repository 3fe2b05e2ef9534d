package import Media

/// EXT-X-SERVER-CONTROL: what a server can do for players of low latency. RFC 8216bis (draft 16), clause 4.4.3.8.
///
/// The same in all playlists of a stream.
package struct ServerControl: Sendable, Hashable {
    package static let tag = "#EXT-X-SERVER-CONTROL"

    /// A request may wait until a segment or part is there.
    package var canBlockReload: Bool
    /// Segments older than this from the end may be left out of an update; at least six target durations.
    package var canSkipUntil: Ticks?
    /// How far from the end to play whole segments; at least three target durations.
    package var holdBack: Ticks?
    /// How far from the end to play parts; at least two part targets, and three are recommended.
    package var partHoldBack: Ticks?
    package var others: [Attribute]

    package init(
        canBlockReload: Bool, canSkipUntil: Ticks? = nil, holdBack: Ticks? = nil, partHoldBack: Ticks? = nil,
        others: [Attribute] = []
    ) {
        self.canBlockReload = canBlockReload
        self.canSkipUntil = canSkipUntil
        self.holdBack = holdBack
        self.partHoldBack = partHoldBack
        self.others = others
    }

    init(parsing text: Substring) throws(PlaylistError) {
        var attributes = try AttributeReader(text)
        canBlockReload = try attributes.takeFlag("CAN-BLOCK-RELOAD")
        canSkipUntil = try attributes.takeSeconds("CAN-SKIP-UNTIL")
        holdBack = try attributes.takeSeconds("HOLD-BACK")
        partHoldBack = try attributes.takeSeconds("PART-HOLD-BACK")
        others = attributes.rest
    }

    var line: String {
        var writer = AttributeWriter(Self.tag)
        writer.flag("CAN-BLOCK-RELOAD", canBlockReload)
        writer.seconds("CAN-SKIP-UNTIL", canSkipUntil)
        writer.seconds("HOLD-BACK", holdBack)
        writer.seconds("PART-HOLD-BACK", partHoldBack)
        writer.others(others)
        return writer.line
    }
}
