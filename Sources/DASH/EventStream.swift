package import Media

/// Things that happen at times of a Period, for applications. ISO/IEC 23009-1:2022, clause 5.10.2.
package struct EventStream: Sendable, Hashable {
    package struct Event: Sendable, Hashable {
        /// The same for the same event in every update of the MPD.
        package var id: UInt64
        /// As the Period's media time; with the stream's offset taken off it counts from the Period's start.
        package var time: Ticks
        package var message: String

        package init(id: UInt64, time: Ticks, message: String) {
            self.id = id
            self.time = time
            self.message = message
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

    func write(to writer: inout XMLWriter, namespace: String? = nil) {
        let timescale = presentationTimeOffset.timescale
        let attributes: XMLWriter.Attributes = [
            "xmlns": namespace, "schemeIdUri": schemeIDURI, "timescale": String(timescale),
            "presentationTimeOffset": String(presentationTimeOffset.value),
        ]
        writer.element("EventStream", attributes) { writer in
            for event in events {
                let time = event.time.rescaled(to: timescale, rounding: .nearest).value
                writer.element(
                    "Event", ["presentationTime": String(time), "id": String(event.id)], text: event.message)
            }
        }
    }
}
