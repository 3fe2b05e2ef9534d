package import Media

/// Where a player sets its clock by. ISO/IEC 23009-1:2022, clause 5.8.4.11.
package struct UTCTiming: Sendable, Hashable {
    package var schemeIDURI: String
    package var value: String

    package init(schemeIDURI: String, value: String) {
        self.schemeIDURI = schemeIDURI
        self.value = value
    }

    /// A URL whose body is the time in ISO 8601.
    package static func httpISO(_ url: String) -> UTCTiming {
        UTCTiming(schemeIDURI: "urn:mpeg:dash:utc:http-iso:2014", value: url)
    }

    /// A URL whose body is the time as an XML Schema dateTime.
    package static func httpXSDate(_ url: String) -> UTCTiming {
        UTCTiming(schemeIDURI: "urn:mpeg:dash:utc:http-xsdate:2014", value: url)
    }

    /// A URL whose `Date` header counts.
    package static func httpHead(_ url: String) -> UTCTiming {
        UTCTiming(schemeIDURI: "urn:mpeg:dash:utc:http-head:2014", value: url)
    }

    /// The time at which the manifest is sent; it misleads where the manifest is cached.
    package static func direct(_ time: Ticks) -> UTCTiming {
        UTCTiming(schemeIDURI: "urn:mpeg:dash:utc:direct:2014", value: XMLTime.dateTime(time))
    }

    func write(to writer: inout XMLWriter) {
        writer.element("UTCTiming", ["schemeIdUri": schemeIDURI, "value": value])
    }
}
