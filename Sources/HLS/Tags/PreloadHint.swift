/// EXT-X-PRELOAD-HINT: what will be needed next, which may be asked for already. RFC 8216bis (draft 16), clause 4.4.5.3.
package struct PreloadHint: Sendable, Hashable {
    package enum Kind: String, Sendable {
        case part = "PART"
        case map = "MAP"
    }

    package static let tag = "#EXT-X-PRELOAD-HINT"

    package var kind: Kind
    package var uri: String
    /// Where in the resource it begins; nil: at its first byte.
    package var byteRangeStart: UInt64?
    /// Nil: to the end of the resource.
    package var byteRangeLength: UInt64?

    package init(kind: Kind, uri: String, byteRangeStart: UInt64? = nil, byteRangeLength: UInt64? = nil) {
        self.kind = kind
        self.uri = uri
        self.byteRangeStart = byteRangeStart
        self.byteRangeLength = byteRangeLength
    }

    init(parsing text: Substring) throws(PlaylistError) {
        var attributes = try AttributeReader(text)
        guard let type = try attributes.takePlain("TYPE"), let kind = Kind(rawValue: type),
            let uri = try attributes.takeQuoted("URI"), !uri.isEmpty
        else { throw PlaylistError("a preload hint without a known TYPE, or without URI") }
        self.kind = kind
        self.uri = uri
        byteRangeStart = try attributes.takeInteger("BYTERANGE-START")
        byteRangeLength = try attributes.takeInteger("BYTERANGE-LENGTH")
    }

    var line: String {
        var writer = AttributeWriter(Self.tag)
        writer.plain("TYPE", kind.rawValue)
        writer.quoted("URI", uri)
        writer.plain("BYTERANGE-START", byteRangeStart)
        writer.plain("BYTERANGE-LENGTH", byteRangeLength)
        return writer.line
    }
}
