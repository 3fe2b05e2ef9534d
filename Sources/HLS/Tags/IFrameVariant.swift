/// EXT-X-I-FRAME-STREAM-INF: a rung of sync pictures alone. RFC 8216, clause 4.3.4.3.
package struct IFrameVariant: Sendable, Hashable {
    package static let tag = "#EXT-X-I-FRAME-STREAM-INF"

    package var uri: String
    /// The peak segment bit rate, bits a second.
    package var bandwidth: UInt64
    package var averageBandwidth: UInt64?
    package var codecs: [String]
    package var resolution: Resolution?
    package var others: [Attribute]

    package init(
        uri: String, bandwidth: UInt64, averageBandwidth: UInt64? = nil, codecs: [String] = [],
        resolution: Resolution? = nil, others: [Attribute] = []
    ) {
        self.uri = uri
        self.bandwidth = bandwidth
        self.averageBandwidth = averageBandwidth
        self.codecs = codecs
        self.resolution = resolution
        self.others = others
    }

    init(parsing text: Substring) throws(PlaylistError) {
        var attributes = try AttributeReader(text)
        guard let bandwidth = try attributes.takeInteger("BANDWIDTH"), let uri = try attributes.takeQuoted("URI"),
            !uri.isEmpty
        else { throw PlaylistError("an I-frame variant without BANDWIDTH or URI") }
        self.uri = uri
        self.bandwidth = bandwidth
        averageBandwidth = try attributes.takeInteger("AVERAGE-BANDWIDTH")
        codecs = try attributes.takeQuoted("CODECS").map(Variant.codecs) ?? []
        if let text = try attributes.takePlain("RESOLUTION") { resolution = try Resolution(parsing: text) }
        others = attributes.rest
    }

    var line: String {
        var writer = AttributeWriter(Self.tag)
        writer.plain("BANDWIDTH", bandwidth)
        writer.plain("AVERAGE-BANDWIDTH", averageBandwidth)
        writer.quoted("CODECS", codecs.isEmpty ? nil : codecs.joined(separator: ","))
        writer.plain("RESOLUTION", resolution?.text)
        writer.quoted("URI", uri)
        writer.others(others)
        return writer.line
    }
}
