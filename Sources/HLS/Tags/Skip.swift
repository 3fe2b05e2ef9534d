/// EXT-X-SKIP: stands for segments that the asker has from before: a delta update. RFC 8216bis (draft 16), clause 4.4.5.2.
package struct Skip: Sendable, Hashable {
    package static let tag = "#EXT-X-SKIP"

    package var segments: UInt64
    /// IDs with tabs between, as written.
    package var recentlyRemovedDateRanges: String?

    package init(segments: UInt64, recentlyRemovedDateRanges: String? = nil) {
        self.segments = segments
        self.recentlyRemovedDateRanges = recentlyRemovedDateRanges
    }

    init(parsing text: Substring) throws(PlaylistError) {
        var attributes = try AttributeReader(text)
        guard let segments = try attributes.takeInteger("SKIPPED-SEGMENTS") else {
            throw PlaylistError("EXT-X-SKIP without SKIPPED-SEGMENTS")
        }
        self.segments = segments
        recentlyRemovedDateRanges = try attributes.takeQuoted("RECENTLY-REMOVED-DATERANGES")
    }

    var line: String {
        var writer = AttributeWriter(Self.tag)
        writer.plain("SKIPPED-SEGMENTS", segments)
        writer.quoted("RECENTLY-REMOVED-DATERANGES", recentlyRemovedDateRanges)
        return writer.line
    }
}
