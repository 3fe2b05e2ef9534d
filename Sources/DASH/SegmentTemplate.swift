package import Media

/// How segment URLs are made, and which segments there are. ISO/IEC 23009-1:2022, clause 5.3.9.4.
package struct SegmentTemplate: Sendable, Hashable {
    package enum Addressing: Sendable, Hashable {
        /// Every segment is nominally this long, in ticks; which ones there are follows from the time of day.
        case duration(UInt64)
        case timeline(SegmentTimeline)
    }

    package var timescale: UInt32
    /// The media time that is shown at the period's start, in ticks.
    package var presentationTimeOffset: UInt64
    /// The number of the first segment of the period; fits 32 bits.
    package var startNumber: UInt64
    /// With `$RepresentationID$`, `$Number$`, `$Time$` or `$Bandwidth$`.
    package var media: String
    package var initialization: String?
    /// How long before its end a segment can be asked for. Clause 5.3.9.5.3.
    package var availabilityTimeOffset: Ticks?
    /// False: what is asked for then comes as it is made.
    package var availabilityTimeComplete: Bool
    package var addressing: Addressing

    package init(
        timescale: UInt32, presentationTimeOffset: UInt64 = 0, startNumber: UInt64 = 1, media: String,
        initialization: String? = nil, availabilityTimeOffset: Ticks? = nil, availabilityTimeComplete: Bool = true,
        addressing: Addressing
    ) {
        self.timescale = timescale
        self.presentationTimeOffset = presentationTimeOffset
        self.startNumber = startNumber
        self.media = media
        self.initialization = initialization
        self.availabilityTimeOffset = availabilityTimeOffset
        self.availabilityTimeComplete = availabilityTimeComplete
        self.addressing = addressing
    }

    /// A template with its identifiers filled in, `%0Nd` formats included. Table 21 of clause 5.3.9.4.4.
    ///
    /// Nil where it names something that is not given, or is malformed.
    package static func expand(
        _ template: String, representationID: String, bandwidth: UInt64, number: UInt64? = nil, time: UInt64? = nil
    ) -> String? {
        let parts = template.split(separator: "$", omittingEmptySubsequences: false)
        // Identifiers stand between two dollar signs, so text and identifiers take turns.
        guard parts.count % 2 == 1 else { return nil }
        var result = ""
        for (index, part) in parts.enumerated() {
            if index % 2 == 0 {
                result += part
                continue
            }
            let pieces = part.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
            if pieces.count == 1, pieces[0].isEmpty {
                result += "$"
                continue
            }
            if pieces[0] == "RepresentationID", pieces.count == 1 {
                result += representationID
                continue
            }
            let values = ["Number": number, "Time": time, "Bandwidth": bandwidth]
            guard let known = values[String(pieces[0])], let value = known else { return nil }
            var width = 1
            if pieces.count == 2 {
                guard pieces[1].hasPrefix("0"), pieces[1].hasSuffix("d"),
                    let given = Int(pieces[1].dropFirst().dropLast()), (1...20).contains(given)
                else { return nil }
                width = given
            }
            let digits = String(value)
            result += String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        return result
    }

    func write(to writer: inout XMLWriter) {
        var duration: String?
        if case .duration(let ticks) = addressing { duration = String(ticks) }
        let attributes: XMLWriter.Attributes = [
            "timescale": String(timescale),
            "presentationTimeOffset": presentationTimeOffset == 0 ? nil : String(presentationTimeOffset),
            "availabilityTimeOffset": availabilityTimeOffset.map(XMLTime.seconds),
            "availabilityTimeComplete": availabilityTimeComplete ? nil : "false",
            "duration": duration, "startNumber": String(startNumber), "initialization": initialization, "media": media,
        ]
        writer.element("SegmentTemplate", attributes) { writer in
            if case .timeline(let timeline) = addressing { timeline.write(to: &writer) }
        }
    }
}
