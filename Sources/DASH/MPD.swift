package import Media

/// A media presentation description as values. ISO/IEC 23009-1:2022, clause 5.3.1.
package struct MPD: Sendable, Hashable {
    package enum PresentationType: String, Sendable { case `static`, `dynamic` }

    package struct Profile: RawRepresentable, Sendable, Hashable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        /// Clause 8.4: ISO base media file format, live.
        package static let isoffLive = Profile(rawValue: "urn:mpeg:dash:profile:isoff-live:2011")
        /// ETSI TS 102 796, annex E.
        package static let hbbTV = Profile(rawValue: "urn:hbbtv:dash:profile:isoff-live:2012")
        /// Clause 8.12: CMAF content.
        package static let cmaf = Profile(rawValue: "urn:mpeg:dash:profile:cmaf:2019")
    }

    package static let namespace = "urn:mpeg:dash:schema:mpd:2011"

    /// The same in all revisions; patches want it.
    package var id: String?
    package var profiles: [Profile]
    package var type: PresentationType
    /// Dates are times since the Unix epoch, written to the millisecond.
    package var availabilityStartTime: Ticks?
    package var publishTime: Ticks?
    package var mediaPresentationDuration: Ticks?
    package var minimumUpdatePeriod: Ticks?
    package var minBufferTime: Ticks
    package var timeShiftBufferDepth: Ticks?
    package var suggestedPresentationDelay: Ticks?
    package var maxSegmentDuration: Ticks?
    package var patchLocation: PatchLocation?
    package var serviceDescription: ServiceDescription?
    package var periods: [Period]
    package var utcTimings: [UTCTiming]

    package init(
        id: String? = nil, profiles: [Profile] = [.isoffLive], type: PresentationType,
        availabilityStartTime: Ticks? = nil,
        publishTime: Ticks? = nil, mediaPresentationDuration: Ticks? = nil, minimumUpdatePeriod: Ticks? = nil,
        minBufferTime: Ticks, timeShiftBufferDepth: Ticks? = nil, suggestedPresentationDelay: Ticks? = nil,
        maxSegmentDuration: Ticks? = nil, patchLocation: PatchLocation? = nil,
        serviceDescription: ServiceDescription? = nil, periods: [Period] = [],
        utcTimings: [UTCTiming] = []
    ) {
        self.id = id
        self.profiles = profiles
        self.type = type
        self.availabilityStartTime = availabilityStartTime
        self.publishTime = publishTime
        self.mediaPresentationDuration = mediaPresentationDuration
        self.minimumUpdatePeriod = minimumUpdatePeriod
        self.minBufferTime = minBufferTime
        self.timeShiftBufferDepth = timeShiftBufferDepth
        self.suggestedPresentationDelay = suggestedPresentationDelay
        self.maxSegmentDuration = maxSegmentDuration
        self.patchLocation = patchLocation
        self.serviceDescription = serviceDescription
        self.periods = periods
        self.utcTimings = utcTimings
    }

    /// The document as UTF-8 text.
    package func serialize() -> String {
        var writer = XMLWriter(capacity: 4096 + periods.count * 4096)
        let isProtected = periods.contains { period in
            period.adaptationSets.contains { set in
                !set.contentProtections.isEmpty || set.representations.contains { !$0.contentProtections.isEmpty }
            }
        }
        let attributes: XMLWriter.Attributes = [
            "xmlns": Self.namespace,
            "xmlns:cenc": isProtected ? "urn:mpeg:cenc:2013" : nil,
            "xmlns:mspr": isProtected ? "urn:microsoft:playready" : nil,
            "xmlns:dashif": isProtected ? "https://dashif.org/CPS" : nil,
            "id": id,
            "profiles": profiles.map(\.rawValue).joined(separator: ","),
            "type": type.rawValue,
            "availabilityStartTime": availabilityStartTime.map(XMLTime.dateTime),
            "publishTime": publishTime.map(XMLTime.dateTime),
            "mediaPresentationDuration": mediaPresentationDuration.map(XMLTime.duration),
            "minimumUpdatePeriod": minimumUpdatePeriod.map(XMLTime.duration),
            "minBufferTime": XMLTime.duration(minBufferTime),
            "timeShiftBufferDepth": timeShiftBufferDepth.map(XMLTime.duration),
            "suggestedPresentationDelay": suggestedPresentationDelay.map(XMLTime.duration),
            "maxSegmentDuration": maxSegmentDuration.map(XMLTime.duration),
        ]
        writer.element("MPD", attributes) { writer in
            if let patchLocation, let publishTime { patchLocation.write(from: publishTime, to: &writer) }
            serviceDescription?.write(to: &writer)
            for period in periods { period.write(to: &writer) }
            for timing in utcTimings { timing.write(to: &writer) }
        }
        return writer.text
    }
}
