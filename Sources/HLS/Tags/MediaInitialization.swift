/// EXT-X-MAP: what to read before the segments that follow. RFC 8216, clause 4.3.2.5.
package struct MediaInitialization: Sendable, Hashable {
    package static let tag = "#EXT-X-MAP"

    package var uri: String
    package var byteRange: ByteRange?

    package init(uri: String, byteRange: ByteRange? = nil) {
        self.uri = uri
        self.byteRange = byteRange
    }

    init(parsing text: Substring) throws(PlaylistError) {
        var attributes = try AttributeReader(text)
        guard let uri = try attributes.takeQuoted("URI"), !uri.isEmpty else {
            throw PlaylistError("a map without URI")
        }
        self.uri = uri
        if let range = try attributes.takeQuoted("BYTERANGE") { byteRange = try ByteRange(parsing: range) }
    }

    var line: String {
        var writer = AttributeWriter(Self.tag)
        writer.quoted("URI", uri)
        writer.quoted("BYTERANGE", byteRange?.text)
        return writer.line
    }
}
