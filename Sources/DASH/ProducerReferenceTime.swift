package import Media

/// Which time of day belongs to a time of the media, as it went into the encoder. ISO/IEC 23009-1:2022, clause 5.12.
package struct ProducerReferenceTime: Sendable, Hashable {
    /// At least 1: players take 0 for none.
    package var id: UInt32
    /// The media says it too, in `prft` boxes.
    package var isInband: Bool
    /// From the epoch.
    package var wallClockTime: Ticks
    /// In the timescale of the segment template.
    package var presentationTime: UInt64
    /// How that clock is read.
    package var utcTiming: UTCTiming?

    package init(
        id: UInt32, isInband: Bool = false, wallClockTime: Ticks, presentationTime: UInt64, utcTiming: UTCTiming? = nil
    ) {
        self.id = id
        self.isInband = isInband
        self.wallClockTime = wallClockTime
        self.presentationTime = presentationTime
        self.utcTiming = utcTiming
    }

    func write(to writer: inout XMLWriter) {
        let attributes: XMLWriter.Attributes = [
            "id": String(id), "inband": isInband ? "true" : nil, "type": "encoder",
            "wallClockTime": XMLTime.dateTime(wallClockTime), "presentationTime": String(presentationTime),
        ]
        writer.element("ProducerReferenceTime", attributes) { writer in utcTiming?.write(to: &writer) }
    }
}
