internal import Media

extension MPD {
    /// Reads what this target has values for; other elements and attributes are passed over.
    ///
    /// - Parameter bytes: the document, UTF-8, at most 16 MiB. One with a document type is refused, as that is
    ///   what entities need: none expands here, and none is loaded from elsewhere.
    package init(parsing bytes: [UInt8]) throws(MPDError) {
        guard bytes.count <= Self.greatestSize else { throw MPDError("a document of \(bytes.count) bytes") }
        try self.init(try XMLElement(parsing: bytes.span))
    }

    static let greatestSize = 16 << 20

    init(_ element: XMLElement) throws(MPDError) {
        guard element.name == "MPD", element.namespace == MPD.namespace else {
            throw MPDError("the root element is no MPD")
        }
        let typeName = element.string("type") ?? "static"
        guard let type = PresentationType(rawValue: typeName) else { throw MPDError("MPD@type is \(typeName)") }
        guard let minBufferTime = try element.duration("minBufferTime") else {
            throw MPDError("MPD without minBufferTime")
        }
        self.init(
            id: element.string("id"),
            profiles: try element.required("profiles").split(separator: ",").map {
                Profile(rawValue: XMLElement.trimmed($0))
            },
            type: type, availabilityStartTime: try element.dateTime("availabilityStartTime"),
            publishTime: try element.dateTime("publishTime"),
            mediaPresentationDuration: try element.duration("mediaPresentationDuration"),
            minimumUpdatePeriod: try element.duration("minimumUpdatePeriod"), minBufferTime: minBufferTime,
            timeShiftBufferDepth: try element.duration("timeShiftBufferDepth"),
            suggestedPresentationDelay: try element.duration("suggestedPresentationDelay"),
            maxSegmentDuration: try element.duration("maxSegmentDuration"))
        if let description = element.child("ServiceDescription") {
            serviceDescription = try ServiceDescription(description)
        }
        patchLocation = try PatchLocation.first(in: element)
        for period in element.children("Period") { periods.append(try Period(period)) }
        utcTimings = try UTCTiming.all(in: element)
    }
}

extension ServiceDescription {
    fileprivate init(_ element: XMLElement) throws(MPDError) {
        self.init(id: try element.integer("id") ?? 0)
        if let node = element.child("Latency"), let target = try node.integer("target", UInt32.self) {
            latency = Latency(
                target: target, referenceID: try node.integer("referenceId"), minimum: try node.integer("min"),
                maximum: try node.integer("max"))
        }
        if let node = element.child("PlaybackRate"), let minimum = try Self.thousandths(node, "min"),
            let maximum = try Self.thousandths(node, "max")
        {
            playbackRate = PlaybackRate(minimum: minimum, maximum: maximum)
        }
    }

    private static func thousandths(_ element: XMLElement, _ name: String) throws(MPDError) -> UInt32? {
        guard let time = try element.seconds(name) else { return nil }
        guard let value = UInt32(exactly: time.milliseconds) else {
            throw MPDError("\(element.name)@\(name) is \(time) s")
        }
        return value
    }
}

extension Period {
    fileprivate init(_ element: XMLElement) throws(MPDError) {
        self.init(
            id: element.string("id") ?? "", start: try element.duration("start"),
            duration: try element.duration("duration"))
        eventStreams = try EventStream.all(in: element)
        for set in element.children("AdaptationSet") { adaptationSets.append(try AdaptationSet(set)) }
    }
}

extension AdaptationSet {
    fileprivate init(_ element: XMLElement) throws(MPDError) {
        self.init(
            id: try element.integer("id") ?? 0,
            contentType: element.string("contentType").flatMap { ContentType(rawValue: $0) },
            mimeType: element.string("mimeType"), codecs: element.string("codecs"), language: element.string("lang"),
            segmentAlignment: ["true", "1"].contains(element.string("segmentAlignment")),
            startWithSAP: try element.integer("startWithSAP"), maxWidth: try element.integer("maxWidth"),
            maxHeight: try element.integer("maxHeight"), maxFrameRate: try element.frameRate("maxFrameRate"),
            aspectRatio: element.string("par"),
            audioChannelConfigurations: try Descriptor.all("AudioChannelConfiguration", in: element),
            contentProtections: try ContentProtection.all(in: element),
            essentialProperties: try Descriptor.all("EssentialProperty", in: element),
            supplementalProperties: try Descriptor.all("SupplementalProperty", in: element),
            producerReferenceTime: try ProducerReferenceTime.first(in: element),
            roles: try Descriptor.all("Role", in: element), segmentTemplate: try SegmentTemplate.first(in: element))
        accessibilities = try Descriptor.all("Accessibility", in: element)
        for node in element.children("Representation") { representations.append(try Representation(node)) }
    }
}

extension Representation {
    fileprivate init(_ element: XMLElement) throws(MPDError) {
        guard let bandwidth = try element.integer("bandwidth", UInt64.self) else {
            throw MPDError("Representation without bandwidth")
        }
        self.init(
            id: try element.required("id"), bandwidth: bandwidth, codecs: element.string("codecs"),
            mimeType: element.string("mimeType"), width: try element.integer("width"),
            height: try element.integer("height"), frameRate: try element.frameRate("frameRate"),
            audioSamplingRate: try element.integer("audioSamplingRate"),
            audioChannelConfigurations: try Descriptor.all("AudioChannelConfiguration", in: element),
            contentProtections: try ContentProtection.all(in: element),
            segmentTemplate: try SegmentTemplate.first(in: element),
            maximumPlayoutRate: try element.integer("maxPlayoutRate"))
        essentialProperties = try Descriptor.all("EssentialProperty", in: element)
    }
}

extension UTCTiming {
    fileprivate static func all(in element: XMLElement) throws(MPDError) -> [UTCTiming] {
        var timings: [UTCTiming] = []
        for node in element.children("UTCTiming") {
            timings.append(
                UTCTiming(schemeIDURI: try node.required("schemeIdUri"), value: node.string("value") ?? ""))
        }
        return timings
    }
}

extension ProducerReferenceTime {
    fileprivate static func first(in element: XMLElement) throws(MPDError) -> ProducerReferenceTime? {
        guard let node = element.child("ProducerReferenceTime"), let id = try node.integer("id", UInt32.self),
            let time = try node.dateTime("wallClockTime"), let media = try node.integer("presentationTime", UInt64.self)
        else { return nil }
        return ProducerReferenceTime(
            id: id, isInband: ["true", "1"].contains(node.string("inband")), wallClockTime: time,
            presentationTime: media, utcTiming: try UTCTiming.all(in: node).first)
    }
}

extension Descriptor {
    fileprivate static func all(_ name: String, in element: XMLElement) throws(MPDError) -> [Descriptor] {
        var descriptors: [Descriptor] = []
        for node in element.children(name) {
            descriptors.append(
                Descriptor(
                    schemeIDURI: try node.required("schemeIdUri"), value: node.string("value"), id: node.string("id")))
        }
        return descriptors
    }
}

extension ContentProtection {
    /// PSSH boxes, PlayReady objects and licence URLs; fragments are not told from them.
    fileprivate static func all(in element: XMLElement) throws(MPDError) -> [ContentProtection] {
        var protections: [ContentProtection] = []
        for node in element.children("ContentProtection") {
            var protection = ContentProtection(
                schemeIDURI: try node.required("schemeIdUri"), value: node.string("value"))
            if let text = node.prefixed("default_KID") {
                // The attribute is a list; here, as in nearly all manifests, of one.
                guard let id = text.split(separator: " ").first.flatMap({ KeyID(parsing: $0) }) else {
                    throw MPDError("default_KID is \"\(text.prefix(40))\"")
                }
                protection.defaultKeyID = id
            }
            for box in node.children("pssh", namespace: "urn:mpeg:cenc:2013") {
                protection.contents.append(.pssh(try base64(box)))
            }
            for object in node.children("pro", namespace: "urn:microsoft:playready") {
                protection.contents.append(.playReadyObject(try base64(object)))
            }
            var urls: [String] = []
            for name in ["laurl", "Laurl"] {
                for url in node.children(name, namespace: "https://dashif.org/CPS") where !urls.contains(url.text) {
                    urls.append(url.text)
                }
            }
            protection.contents += urls.map { .licenseURL($0) }
            protections.append(protection)
        }
        return protections
    }

    private static func base64(_ element: XMLElement) throws(MPDError) -> [UInt8] {
        guard let bytes = Base64.decode(element.text) else { throw MPDError("\(element.name) is no base64") }
        return bytes
    }
}

extension SegmentTemplate {
    fileprivate static func first(in element: XMLElement) throws(MPDError) -> SegmentTemplate? {
        guard let node = element.child("SegmentTemplate") else { return nil }
        let timescale = try node.integer("timescale", UInt32.self) ?? 1
        guard timescale > 0 else { throw MPDError("SegmentTemplate@timescale is 0") }
        let addressing: Addressing
        if let timeline = node.child("SegmentTimeline") {
            addressing = .timeline(try SegmentTimeline(timeline))
        } else if let duration = try node.integer("duration", UInt64.self) {
            addressing = .duration(duration)
        } else {
            throw MPDError("SegmentTemplate with neither duration nor SegmentTimeline")
        }
        return SegmentTemplate(
            timescale: timescale, presentationTimeOffset: try node.integer("presentationTimeOffset") ?? 0,
            startNumber: try node.integer("startNumber") ?? 1, media: try node.required("media"),
            initialization: node.string("initialization"),
            availabilityTimeOffset: try node.seconds("availabilityTimeOffset"),
            availabilityTimeComplete: !["false", "0"].contains(node.string("availabilityTimeComplete")),
            addressing: addressing)
    }
}

extension SegmentTimeline {
    fileprivate init(_ element: XMLElement) throws(MPDError) {
        self.init()
        for node in element.children("S") {
            guard let duration = try node.integer("d", UInt64.self) else { throw MPDError("S without d") }
            guard let start = try node.integer("t", UInt64.self) ?? (runs.isEmpty ? 0 : runs[runs.count - 1].end)
            else { throw MPDError("S without t after a run without an end") }
            runs.append(Run(start: start, duration: duration, repeats: try node.integer("r") ?? 0))
        }
    }
}
