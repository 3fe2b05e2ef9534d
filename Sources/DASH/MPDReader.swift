import CXML2
internal import Media

extension MPD {
    /// Reads what this target has values for; other elements and attributes are passed over.
    ///
    /// - Parameter bytes: the document, UTF-8, at most 16 MiB. One with a document type is refused, as that is
    ///   what entities need: none expands here, and none is loaded from elsewhere.
    package init(parsing bytes: [UInt8]) throws(MPDError) {
        guard bytes.count <= 16 << 20 else { throw MPDError("a document of \(bytes.count) bytes") }
        let root = try Element(parsing: bytes.span)
        guard root.name == "MPD", root.namespace == MPD.namespace else {
            throw MPDError("the root element is no MPD")
        }
        try self.init(root)
    }
}

/// An element with its attributes by their names as written.
private struct Element {
    let name: String
    let namespace: String
    /// Without white space around it.
    let text: String
    private var attributes: [String: String] = [:]
    private var children: [Element] = []

    private static let greatestDepth = 64
    /// libxml2 is set up once for the process; a static is initialised once, by whichever thread is first.
    private static let isReady = sluice_xml_initialise() == 0

    init(parsing xml: Span<UInt8>) throws(MPDError) {
        do throws(UTF8.ValidationError) { _ = try UTF8Span(validating: xml) } catch { throw MPDError("not UTF-8") }
        guard Self.isReady, let context = unsafe xmlNewParserCtxt() else { throw MPDError("no memory") }
        defer { unsafe xmlFreeParserCtxt(context) }
        let parsed = unsafe xml.withUnsafeBytes { bytes in
            unsafe xmlCtxtReadMemory(
                context, bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count), nil, "UTF-8",
                sluice_xml_options)
        }
        guard let document = unsafe parsed else { throw MPDError("not well-formed XML") }
        defer { unsafe xmlFreeDoc(document) }
        guard unsafe document.pointee.intSubset == nil, let root = unsafe xmlDocGetRootElement(document) else {
            throw MPDError("a document type declaration, or no element")
        }
        self = try unsafe Element(copying: root, depth: 1)
    }

    private init(copying node: UnsafeMutablePointer<xmlNode>, depth: Int) throws(MPDError) {
        guard depth <= Self.greatestDepth else { throw MPDError("elements nest deeper than \(Self.greatestDepth)") }
        name = unsafe Self.string(node.pointee.name)
        namespace = unsafe node.pointee.ns.map { unsafe Self.string($0.pointee.href) } ?? ""
        text = Self.trimmed(unsafe Self.content(node.pointee.children))
        var attribute = unsafe node.pointee.properties
        while let current = unsafe attribute {
            let prefix = unsafe current.pointee.ns.map { unsafe Self.string($0.pointee.prefix) + ":" } ?? ""
            attributes[prefix + (unsafe Self.string(current.pointee.name))] =
                unsafe Self.content(current.pointee.children)
            unsafe attribute = current.pointee.next
        }
        var child = unsafe node.pointee.children
        while let current = unsafe child {
            if unsafe current.pointee.type == XML_ELEMENT_NODE {
                children.append(try unsafe Element(copying: current, depth: depth + 1))
            }
            unsafe child = current.pointee.next
        }
    }

    /// The text nodes of a list of siblings.
    private static func content(_ first: UnsafeMutablePointer<xmlNode>?) -> String {
        var text = ""
        var node = unsafe first
        while let current = unsafe node {
            if unsafe current.pointee.type == XML_TEXT_NODE { text += unsafe string(current.pointee.content) }
            unsafe node = current.pointee.next
        }
        return text
    }

    private static func string(_ text: UnsafePointer<xmlChar>?) -> String {
        unsafe text.map { unsafe String(cString: $0) } ?? ""
    }

    static func trimmed(_ text: some StringProtocol) -> String {
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(text[first...last])
    }

    func children(_ name: String, namespace: String = MPD.namespace) -> [Element] {
        children.filter { $0.name == name && $0.namespace == namespace }
    }

    func child(_ name: String) -> Element? { children(name).first }

    func string(_ name: String) -> String? { attributes[name] }

    /// An attribute with a prefix, whichever the document uses.
    func prefixed(_ name: String) -> String? { attributes.first { $0.key.hasSuffix(":" + name) }?.value }

    func required(_ name: String) throws(MPDError) -> String {
        guard let value = string(name) else { throw MPDError("\(self.name) without \(name)") }
        return value
    }

    func integer<T: FixedWidthInteger>(_ name: String, _ type: T.Type = T.self) throws(MPDError) -> T? {
        try convert(name) { T($0, radix: 10) }
    }

    func duration(_ name: String) throws(MPDError) -> Ticks? { try convert(name, XMLTime.parseDuration) }

    /// A decimal number is a duration's seconds by another name; nil also for INF.
    func seconds(_ name: String) throws(MPDError) -> Ticks? {
        guard string(name) != "INF" else { return nil }
        return try convert(name) { XMLTime.parseDuration("PT\($0)S") }
    }

    func dateTime(_ name: String) throws(MPDError) -> Ticks? { try convert(name, XMLTime.parseDateTime) }

    func frameRate(_ name: String) throws(MPDError) -> FrameRate? {
        try convert(name) { text in
            let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { UInt32($0, radix: 10) ?? 0 }
            guard (1...2).contains(parts.count), !parts.contains(0) else { return nil }
            return FrameRate(parts[0], parts.count == 2 ? parts[1] : 1)
        }
    }

    private func convert<T>(_ name: String, _ conversion: (String) -> T?) throws(MPDError) -> T? {
        guard let text = string(name) else { return nil }
        guard let value = conversion(text) else { throw MPDError("\(self.name)@\(name) is \"\(text.prefix(40))\"") }
        return value
    }
}

extension MPD {
    fileprivate init(_ element: Element) throws(MPDError) {
        let typeName = element.string("type") ?? "static"
        guard let type = PresentationType(rawValue: typeName) else { throw MPDError("MPD@type is \(typeName)") }
        guard let minBufferTime = try element.duration("minBufferTime") else {
            throw MPDError("MPD without minBufferTime")
        }
        self.init(
            id: element.string("id"),
            profiles: try element.required("profiles").split(separator: ",").map {
                Profile(rawValue: Element.trimmed($0))
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
        for period in element.children("Period") { periods.append(try Period(period)) }
        utcTimings = try UTCTiming.all(in: element)
    }
}

extension ServiceDescription {
    fileprivate init(_ element: Element) throws(MPDError) {
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

    private static func thousandths(_ element: Element, _ name: String) throws(MPDError) -> UInt32? {
        guard let time = try element.seconds(name) else { return nil }
        guard let value = UInt32(exactly: time.milliseconds) else {
            throw MPDError("\(element.name)@\(name) is \(time) s")
        }
        return value
    }
}

extension Period {
    fileprivate init(_ element: Element) throws(MPDError) {
        self.init(
            id: element.string("id") ?? "", start: try element.duration("start"),
            duration: try element.duration("duration"))
        for set in element.children("AdaptationSet") { adaptationSets.append(try AdaptationSet(set)) }
    }
}

extension AdaptationSet {
    fileprivate init(_ element: Element) throws(MPDError) {
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
    fileprivate init(_ element: Element) throws(MPDError) {
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
    }
}

extension UTCTiming {
    fileprivate static func all(in element: Element) throws(MPDError) -> [UTCTiming] {
        var timings: [UTCTiming] = []
        for node in element.children("UTCTiming") {
            timings.append(
                UTCTiming(schemeIDURI: try node.required("schemeIdUri"), value: node.string("value") ?? ""))
        }
        return timings
    }
}

extension ProducerReferenceTime {
    fileprivate static func first(in element: Element) throws(MPDError) -> ProducerReferenceTime? {
        guard let node = element.child("ProducerReferenceTime"), let id = try node.integer("id", UInt32.self),
            let time = try node.dateTime("wallClockTime"), let media = try node.integer("presentationTime", UInt64.self)
        else { return nil }
        return ProducerReferenceTime(
            id: id, isInband: ["true", "1"].contains(node.string("inband")), wallClockTime: time,
            presentationTime: media, utcTiming: try UTCTiming.all(in: node).first)
    }
}

extension Descriptor {
    fileprivate static func all(_ name: String, in element: Element) throws(MPDError) -> [Descriptor] {
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
    fileprivate static func all(in element: Element) throws(MPDError) -> [ContentProtection] {
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

    private static func base64(_ element: Element) throws(MPDError) -> [UInt8] {
        guard let bytes = Base64.decode(element.text) else { throw MPDError("\(element.name) is no base64") }
        return bytes
    }
}

extension SegmentTemplate {
    fileprivate static func first(in element: Element) throws(MPDError) -> SegmentTemplate? {
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
    fileprivate init(_ element: Element) throws(MPDError) {
        self.init()
        for node in element.children("S") {
            guard let duration = try node.integer("d", UInt64.self) else { throw MPDError("S without d") }
            guard let start = try node.integer("t", UInt64.self) ?? (runs.isEmpty ? 0 : runs[runs.count - 1].end)
            else { throw MPDError("S without t after a run without an end") }
            runs.append(Run(start: start, duration: duration, repeats: try node.integer("r") ?? 0))
        }
    }
}
