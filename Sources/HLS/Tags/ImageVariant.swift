/// EXT-X-IMAGE-STREAM-INF: pictures to be shown while a viewer seeks. Image Media Playlist 0.4, an addition to RFC 8216.
package struct ImageVariant: Sendable, Hashable {
    package static let tag = "#EXT-X-IMAGE-STREAM-INF"

    package var uri: String
    /// The peak segment bit rate, bits a second.
    package var bandwidth: UInt64
    package var codecs: [String]
    /// Of one picture.
    package var resolution: Resolution?
    package var others: [Attribute]

    package init(
        uri: String, bandwidth: UInt64, codecs: [String] = [], resolution: Resolution? = nil, others: [Attribute] = []
    ) {
        self.uri = uri
        self.bandwidth = bandwidth
        self.codecs = codecs
        self.resolution = resolution
        self.others = others
    }

    init(parsing text: Substring) throws(PlaylistError) {
        var attributes = try AttributeReader(text)
        guard let bandwidth = try attributes.takeInteger("BANDWIDTH"), let uri = try attributes.takeQuoted("URI"),
            !uri.isEmpty
        else { throw PlaylistError("an image variant without BANDWIDTH or URI") }
        self.uri = uri
        self.bandwidth = bandwidth
        codecs = try attributes.takeQuoted("CODECS").map(Variant.codecs) ?? []
        if let text = try attributes.takePlain("RESOLUTION") { resolution = try Resolution(parsing: text) }
        others = attributes.rest
    }

    var line: String {
        var writer = AttributeWriter(Self.tag)
        writer.plain("BANDWIDTH", bandwidth)
        writer.quoted("CODECS", codecs.isEmpty ? nil : codecs.joined(separator: ","))
        writer.plain("RESOLUTION", resolution?.text)
        writer.quoted("URI", uri)
        writer.others(others)
        return writer.line
    }
}
