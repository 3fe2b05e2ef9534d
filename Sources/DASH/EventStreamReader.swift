internal import Media

extension EventStream {
    static func all(in element: XMLElement) throws(MPDError) -> [EventStream] {
        var streams: [EventStream] = []
        for node in element.children("EventStream") {
            let timescale = try node.integer("timescale", UInt32.self) ?? 1
            guard timescale > 0 else { throw MPDError("EventStream@timescale is 0") }
            func ticks(_ value: UInt64?) -> Ticks { Ticks(Int64(clamping: value ?? 0), timescale: timescale) }
            var stream = EventStream(
                schemeIDURI: try node.required("schemeIdUri"),
                presentationTimeOffset: ticks(try node.integer("presentationTimeOffset")), events: [])
            for child in node.children("Event") {
                var event = Event(
                    id: try child.integer("id") ?? 0, time: ticks(try child.integer("presentationTime")),
                    message: child.text)
                event.duration = try child.integer("duration", UInt64.self).map(ticks)
                event.spliceInfoSection = child.spliceInfoSection
                stream.events.append(event)
            }
            streams.append(stream)
        }
        return streams
    }
}

extension XMLElement {
    /// What an Event carries by the scheme "urn:scte:scte35:2014:xml+bin"; nil where it is not there, or no base64.
    fileprivate var spliceInfoSection: [UInt8]? {
        for signal in children
        where signal.name == "Signal" && signal.namespace.hasPrefix("http://www.scte.org/schemas/35") {
            for binary in signal.children where binary.name == "Binary" { return Base64.decode(binary.text) }
        }
        return nil
    }
}

extension PatchLocation {
    static func first(in element: XMLElement) throws(MPDError) -> PatchLocation? {
        guard let node = element.child("PatchLocation"), !node.text.isEmpty else { return nil }
        // A number of seconds, with or without decimals.
        let lifetime = try node.seconds("ttl")?.rescaled(to: 1).value ?? 0
        return PatchLocation(
            reading: node.text, lifetimeSeconds: UInt32(clamping: lifetime),
            publishTime: try element.dateTime("publishTime"))
    }
}
