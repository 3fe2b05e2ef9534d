package import Media

/// EXT-X-PART: a piece of a segment, there before the whole is. RFC 8216bis (draft 16), clause 4.4.4.9.
package struct PartialSegment: Sendable, Hashable {
    package static let tag = "#EXT-X-PART"

    package var uri: String
    /// Written with six decimals; parsed as microseconds.
    package var duration: Ticks
    package var byteRange: ByteRange?
    /// Decoding can begin with it.
    package var isIndependent: Bool
    /// There is nothing to fetch.
    package var isGap: Bool

    package init(
        uri: String, duration: Ticks, byteRange: ByteRange? = nil, isIndependent: Bool = false, isGap: Bool = false
    ) {
        self.uri = uri
        self.duration = duration
        self.byteRange = byteRange
        self.isIndependent = isIndependent
        self.isGap = isGap
    }

    init(parsing text: Substring) throws(PlaylistError) {
        var attributes = try AttributeReader(text)
        guard let duration = try attributes.takeSeconds("DURATION"), let uri = try attributes.takeQuoted("URI"),
            !uri.isEmpty
        else { throw PlaylistError("a part without URI or DURATION") }
        self.uri = uri
        self.duration = duration
        if let range = try attributes.takeQuoted("BYTERANGE") { byteRange = try ByteRange(parsing: range) }
        isIndependent = try attributes.takeFlag("INDEPENDENT")
        isGap = try attributes.takeFlag("GAP")
    }

    var line: String {
        var writer = AttributeWriter(Self.tag)
        writer.seconds("DURATION", duration)
        writer.quoted("URI", uri)
        writer.quoted("BYTERANGE", byteRange?.text)
        writer.flag("INDEPENDENT", isIndependent)
        writer.flag("GAP", isGap)
        return writer.line
    }
}
