/// EXT-X-START: where playing is to begin. RFC 8216, clause 4.3.5.2.
package struct PlaylistStart: Sendable, Hashable {
    package static let tag = "#EXT-X-START"

    /// From the beginning of the playlist; below 0 from its end. In milliseconds.
    package var offsetMilliseconds: Int64

    package init(offsetMilliseconds: Int64) { self.offsetMilliseconds = offsetMilliseconds }

    /// With the first segment.
    package static let beginning = PlaylistStart(offsetMilliseconds: 0)

    init(parsing text: Substring) throws(PlaylistError) {
        var reader = try AttributeReader(text)
        guard let offset = try reader.takePlain("TIME-OFFSET") else { throw PlaylistError("no TIME-OFFSET") }
        let isNegative = offset.hasPrefix("-")
        guard let value = DecimalSeconds.fixed(isNegative ? offset.dropFirst() : offset[...], decimals: 3),
            let milliseconds = Int64(exactly: value)
        else { throw PlaylistError("TIME-OFFSET is no number: \(offset.prefix(40))") }
        offsetMilliseconds = isNegative ? -milliseconds : milliseconds
    }

    var line: String {
        let sign = offsetMilliseconds < 0 ? "-" : ""
        return "\(Self.tag):TIME-OFFSET=\(sign)\(DecimalSeconds.fixed(offsetMilliseconds.magnitude, decimals: 3))"
    }
}
