package import Media

/// EXT-X-STREAM-INF and the URI in the line after it: one rung to choose. RFC 8216, clause 4.3.4.2.
package struct Variant: Sendable, Hashable {
    package enum ClosedCaptions: Sendable, Hashable {
        /// NONE: no variant has any.
        case none
        case group(String)
    }

    package static let tag = "#EXT-X-STREAM-INF"

    package var uri: String
    /// The peak segment bit rate, bits a second.
    package var bandwidth: UInt64
    package var averageBandwidth: UInt64?
    /// Each as RFC 6381 has it, of the variant and the renditions it plays with.
    package var codecs: [String]
    package var resolution: Resolution?
    /// Written with three decimals, rounded to the nearest; parsed as thousandths.
    package var frameRate: FrameRate?
    /// The GROUP-ID of the audio renditions.
    package var audio: String?
    package var closedCaptions: ClosedCaptions?
    package var others: [Attribute]

    package init(
        uri: String, bandwidth: UInt64, averageBandwidth: UInt64? = nil, codecs: [String] = [],
        resolution: Resolution? = nil, frameRate: FrameRate? = nil, audio: String? = nil,
        closedCaptions: ClosedCaptions? = nil, others: [Attribute] = []
    ) {
        self.uri = uri
        self.bandwidth = bandwidth
        self.averageBandwidth = averageBandwidth
        self.codecs = codecs
        self.resolution = resolution
        self.frameRate = frameRate
        self.audio = audio
        self.closedCaptions = closedCaptions
        self.others = others
    }

    init(parsing text: Substring, uri: String) throws(PlaylistError) {
        var attributes = try AttributeReader(text)
        guard let bandwidth = try attributes.takeInteger("BANDWIDTH") else {
            throw PlaylistError("a variant without BANDWIDTH")
        }
        self.uri = uri
        self.bandwidth = bandwidth
        averageBandwidth = try attributes.takeInteger("AVERAGE-BANDWIDTH")
        codecs = try attributes.takeQuoted("CODECS").map(Self.codecs) ?? []
        if let text = try attributes.takePlain("RESOLUTION") { resolution = try Resolution(parsing: text) }
        if let text = try attributes.takePlain("FRAME-RATE") {
            guard let thousandths = DecimalSeconds.fixed(text, decimals: 3).flatMap({ UInt32(exactly: $0) }),
                thousandths > 0
            else { throw PlaylistError("no frame rate: \(text.prefix(40))") }
            frameRate = thousandths % 1000 == 0 ? FrameRate(thousandths / 1000) : FrameRate(thousandths, 1000)
        }
        audio = try attributes.takeQuoted("AUDIO")
        if attributes.rest.contains(Attribute("CLOSED-CAPTIONS", .plain("NONE"))) {
            _ = try attributes.takePlain("CLOSED-CAPTIONS")
            closedCaptions = ClosedCaptions.none
        } else if let group = try attributes.takeQuoted("CLOSED-CAPTIONS") {
            closedCaptions = .group(group)
        }
        others = attributes.rest
    }

    /// The tag's line and the URI's.
    var lines: String {
        var writer = AttributeWriter(Self.tag)
        writer.plain("BANDWIDTH", bandwidth)
        writer.plain("AVERAGE-BANDWIDTH", averageBandwidth)
        writer.quoted("CODECS", codecs.isEmpty ? nil : codecs.joined(separator: ","))
        writer.plain("RESOLUTION", resolution?.text)
        writer.plain("FRAME-RATE", frameRate.map(Self.text))
        writer.quoted("AUDIO", audio)
        switch closedCaptions {
        case nil: break
        case ClosedCaptions.none?: writer.plain("CLOSED-CAPTIONS", "NONE")
        case .group(let group)?: writer.quoted("CLOSED-CAPTIONS", group)
        }
        writer.others(others)
        return writer.line + "\n" + PlaylistText.uri(uri)
    }

    static func codecs(_ text: String) -> [String] {
        text.split(separator: ",").map { String($0.drop { $0 == " " }) }
    }

    private static func text(_ rate: FrameRate) -> String {
        let (numerator, denominator) = (UInt64(rate.numerator), UInt64(rate.denominator))
        return DecimalSeconds.fixed((numerator * 2000 + denominator) / (2 * denominator), decimals: 3)
    }
}
