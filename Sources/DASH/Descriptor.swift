/// A scheme and its value: what roles, channel configurations and properties are. ISO/IEC 23009-1:2022, clause 5.8.2.
package struct Descriptor: Sendable, Hashable {
    package var schemeIDURI: String
    package var value: String?
    package var id: String?

    package init(schemeIDURI: String, value: String? = nil, id: String? = nil) {
        self.schemeIDURI = schemeIDURI
        self.value = value
        self.id = id
    }

    /// Role "main". Clause 5.8.5.5.
    package static let mainRole = Descriptor(schemeIDURI: "urn:mpeg:dash:role:2011", value: "main")

    /// Role "subtitle". Clause 5.8.5.5.
    package static let subtitleRole = Descriptor(schemeIDURI: "urn:mpeg:dash:role:2011", value: "subtitle")

    /// How many channels an AAC rendition has; 8 is the channel configuration 7. Clause 5.8.5.4.
    package static func audioChannelConfiguration(channels: UInt8) -> Descriptor {
        Descriptor(
            schemeIDURI: "urn:mpeg:dash:23003:3:audio_channel_configuration:2011",
            value: String(channels == 8 ? 7 : channels))
    }

    /// CEA-608 in the pictures, by field and language. ANSI/SCTE 214-1, clause 7.2; an accessibility.
    package static func captions608(_ services: [(number: UInt8, language: String)]) -> Descriptor {
        Descriptor(
            schemeIDURI: "urn:scte:dash:cc:cea-608:2015",
            value: services.map { "CC\($0.number)=\($0.language)" }.joined(separator: ";"))
    }

    /// CEA-708 in the pictures, by service and language. ANSI/SCTE 214-1, clause 7.2; an accessibility.
    package static func captions708(_ services: [(number: UInt8, language: String)]) -> Descriptor {
        Descriptor(
            schemeIDURI: "urn:scte:dash:cc:cea-708:2015",
            value: services.map { "\($0.number)=lang:\($0.language)" }.joined(separator: ";"))
    }

    /// Says that an adaptation set goes on without a break from that of the same id in an earlier period, so that
    /// a player keeps its buffers and decoders. Clause 5.3.2.4; a supplemental property.
    package static func periodContinuity(with periodID: String) -> Descriptor {
        Descriptor(schemeIDURI: "urn:mpeg:dash:period-continuity:2015", value: periodID)
    }

    /// Says that an adaptation set can be played with the initialization of that of the same id in an earlier period,
    /// though times may be missing between them. Clause 5.3.2.4; a supplemental property.
    package static func periodConnectivity(with periodID: String) -> Descriptor {
        Descriptor(schemeIDURI: "urn:mpeg:dash:period-connectivity:2015", value: periodID)
    }

    /// Adaptation sets of the same content that players may switch between, as those under other keys.
    /// ISO/IEC 23009-1:2022, clause 5.3.3.5; a supplemental property.
    package static func switching(with ids: [UInt32]) -> Descriptor {
        Descriptor(
            schemeIDURI: "urn:mpeg:dash:adaptation-set-switching:2016",
            value: ids.map { String($0) }.joined(separator: ","))
    }

    /// Says that an adaptation set is for running forwards and backwards alone, beside the one of that id. DASH-IF
    /// Interoperability Points 4.3, clause 3.2.9; an essential property: who does not know it leaves the set out.
    package static func trickMode(of id: UInt32) -> Descriptor {
        Descriptor(schemeIDURI: "http://dashif.org/guidelines/trickmode", value: String(id))
    }

    /// Says that images hold pictures side by side, each for as long a part of the segment. DASH-IF Interoperability
    /// Points 4.3, clause 6.2.6; an essential property.
    package static func thumbnailTile(columns: UInt8, rows: UInt8) -> Descriptor {
        Descriptor(schemeIDURI: "http://dashif.org/guidelines/thumbnail_tile", value: "\(columns)x\(rows)")
    }

    func write(_ element: StaticString, to writer: inout XMLWriter) {
        writer.element(element, ["schemeIdUri": schemeIDURI, "value": value, "id": id])
    }
}
