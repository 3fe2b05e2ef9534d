/// EXT-X-RENDITION-REPORT: how far another playlist of the stream is. RFC 8216bis (draft 16), clause 4.4.5.4.
package struct RenditionReport: Sendable, Hashable {
    package static let tag = "#EXT-X-RENDITION-REPORT"

    /// Relative to the playlist that it stands in.
    package var uri: String
    /// Of the last segment there, or of the one that the last part there belongs to.
    package var lastSequence: UInt64?
    /// Of the last part there; nil where it has none.
    package var lastPart: UInt64?

    package init(uri: String, lastSequence: UInt64?, lastPart: UInt64? = nil) {
        self.uri = uri
        self.lastSequence = lastSequence
        self.lastPart = lastPart
    }

    init(parsing text: Substring) throws(PlaylistError) {
        var attributes = try AttributeReader(text)
        guard let uri = try attributes.takeQuoted("URI"), !uri.isEmpty else {
            throw PlaylistError("a rendition report without URI")
        }
        self.uri = uri
        lastSequence = try attributes.takeInteger("LAST-MSN")
        lastPart = try attributes.takeInteger("LAST-PART")
    }

    var line: String {
        var writer = AttributeWriter(Self.tag)
        writer.quoted("URI", uri)
        writer.plain("LAST-MSN", lastSequence)
        writer.plain("LAST-PART", lastPart)
        return writer.line
    }
}
