package import Media

/// EXT-X-PART-INF: the longest that a part may be. RFC 8216bis (draft 16), clause 4.4.3.7.
package struct PartInformation: Sendable, Hashable {
    package static let tag = "#EXT-X-PART-INF"

    package var target: Ticks

    package init(target: Ticks) { self.target = target }

    init(parsing text: Substring) throws(PlaylistError) {
        var attributes = try AttributeReader(text)
        guard let target = try attributes.takeSeconds("PART-TARGET"), target.value > 0 else {
            throw PlaylistError("EXT-X-PART-INF without PART-TARGET")
        }
        self.target = target
    }

    var line: String {
        var writer = AttributeWriter(Self.tag)
        writer.seconds("PART-TARGET", target)
        return writer.line
    }
}
