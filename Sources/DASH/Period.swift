package import Media

/// A span of the presentation in which nothing changes. ISO/IEC 23009-1:2022, clause 5.3.2.
package struct Period: Sendable, Hashable {
    /// Unique for ever in a dynamic presentation.
    package var id: String
    /// Since the availability start time; nil: where the period before it ends.
    package var start: Ticks?
    package var duration: Ticks?
    package var eventStreams: [EventStream]
    package var adaptationSets: [AdaptationSet]

    package init(
        id: String, start: Ticks? = nil, duration: Ticks? = nil, eventStreams: [EventStream] = [],
        adaptationSets: [AdaptationSet] = []
    ) {
        self.id = id
        self.start = start
        self.duration = duration
        self.eventStreams = eventStreams
        self.adaptationSets = adaptationSets
    }

    func write(to writer: inout XMLWriter, namespace: String? = nil) {
        let attributes: XMLWriter.Attributes = [
            "xmlns": namespace, "id": id, "start": start.map(XMLTime.duration),
            "duration": duration.map(XMLTime.duration),
        ]
        writer.element("Period", attributes) { writer in
            for stream in eventStreams { stream.write(to: &writer) }
            for set in adaptationSets { set.write(to: &writer) }
        }
    }
}
