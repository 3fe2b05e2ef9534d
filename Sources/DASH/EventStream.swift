package import Media

/// Things that happen at times of a Period, for applications. ISO/IEC 23009-1:2022, clause 5.10.2.
package struct EventStream: Sendable, Hashable {
    package struct Event: Sendable, Hashable {
        /// The same for the same event in every update of the MPD.
        package var id: UInt64
        /// As the Period's media time; with the stream's offset taken off it counts from the Period's start.
        package var time: Ticks
        package var duration: Ticks?
        package var message: String
        /// An SCTE-35 splice_info_section in place of a message.
        package var spliceInfoSection: [UInt8]?

        package init(id: UInt64, time: Ticks, message: String) {
            self.id = id
            self.time = time
            self.message = message
        }

        package init(id: UInt64, time: Ticks, duration: Ticks?, spliceInfoSection: [UInt8]) {
            self.init(id: id, time: time, message: "")
            self.duration = duration
            self.spliceInfoSection = spliceInfoSection
        }
    }

    package var schemeIDURI: String
    /// The media time of the Period's start.
    package var presentationTimeOffset: Ticks
    package var events: [Event]

    package init(schemeIDURI: String, presentationTimeOffset: Ticks, events: [Event]) {
        self.schemeIDURI = schemeIDURI
        self.presentationTimeOffset = presentationTimeOffset
        self.events = events
    }

    /// Says which keys are needed from a time on, as "keyids" initialization data of EME: `{"kids":["base64url",...]}`.
    /// W3C, Encrypted Media Extensions: Initialization Data Format Registry.
    package static func nextKeys(
        _ keyIDs: [KeyID], id: UInt64, from time: Ticks, presentationTimeOffset: Ticks
    ) -> EventStream {
        let kids = keyIDs.map { "\"\(Base64.encodeForURL($0.bytes))\"" }
        return EventStream(
            schemeIDURI: "urn:sluice:next-key:2026", presentationTimeOffset: presentationTimeOffset,
            events: [Event(id: id, time: time, message: "{\"kids\":[\(kids.joined(separator: ","))]}")])
    }

    package static let spliceScheme = "urn:scte:scte35:2014:xml+bin"

    /// Sections as they are, in base64. SCTE 214-1 2022, clause 6.7.3; SCTE 35 2023r1, clause 11.
    package static func spliceInfoSections(_ events: [Event], presentationTimeOffset: Ticks) -> EventStream {
        EventStream(schemeIDURI: spliceScheme, presentationTimeOffset: presentationTimeOffset, events: events)
    }

    func write(to writer: inout XMLWriter, namespace: String? = nil) {
        let timescale = presentationTimeOffset.timescale
        let attributes: XMLWriter.Attributes = [
            "xmlns": namespace, "schemeIdUri": schemeIDURI, "timescale": String(timescale),
            "presentationTimeOffset": String(presentationTimeOffset.value),
        ]
        writer.element("EventStream", attributes) { writer in
            for event in events {
                let time = event.time.rescaled(to: timescale, rounding: .nearest).value
                let attributes: XMLWriter.Attributes = [
                    "presentationTime": String(time),
                    "duration": event.duration.map { String($0.rescaled(to: timescale, rounding: .nearest).value) },
                    "id": String(event.id),
                ]
                guard let section = event.spliceInfoSection else {
                    writer.element("Event", attributes, text: event.message)
                    continue
                }
                writer.element("Event", attributes) { writer in
                    writer.element("scte35:Signal", ["xmlns:scte35": "http://www.scte.org/schemas/35/2016"]) {
                        $0.element("scte35:Binary", [:], text: Base64.encode(section))
                    }
                }
            }
        }
    }
}
