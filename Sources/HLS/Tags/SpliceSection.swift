/// EXT-OATCLS-SCTE35: the SCTE-35 section, in base64, of the break that begins with the segment behind it.
package struct SpliceSection: Sendable, Hashable {
    package static let tag = "#EXT-OATCLS-SCTE35"

    package var base64: String

    package init(base64: String) { self.base64 = base64 }

    package var line: String { "\(Self.tag):\(PlaylistText.plain(base64))" }
}

/// EXT-X-ASSET: what the break is of, as decision servers know it.
package struct Asset: Sendable, Hashable {
    package static let tag = "#EXT-X-ASSET"

    /// The airing's number: segmentation_upid of type 8.
    package var airing: [UInt8]

    package init(airing: [UInt8]) { self.airing = airing }

    package var line: String {
        var writer = AttributeWriter(Self.tag)
        writer.hexadecimal("CAID", airing)
        return writer.line
    }
}
