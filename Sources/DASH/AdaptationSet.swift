package import Media

/// Representations of the same content, among which a player may switch. ISO/IEC 23009-1:2022, clause 5.3.3.
package struct AdaptationSet: Sendable, Hashable {
    package enum ContentType: String, Sendable { case video, audio, text, image }

    /// The same in every period for the same content.
    package var id: UInt32
    package var contentType: ContentType?
    package var mimeType: String?
    package var codecs: String?
    /// BCP 47.
    package var language: String?
    package var segmentAlignment: Bool
    /// 1: every segment starts with a closed GOP; 0 or nil says nothing.
    package var startWithSAP: UInt8?
    package var maxWidth: UInt32?
    package var maxHeight: UInt32?
    package var maxFrameRate: FrameRate?
    /// The picture's aspect ratio as "16:9".
    package var aspectRatio: String?
    package var audioChannelConfigurations: [Descriptor]
    package var contentProtections: [ContentProtection]
    package var essentialProperties: [Descriptor]
    package var supplementalProperties: [Descriptor]
    package var producerReferenceTime: ProducerReferenceTime?
    /// For whom it is more than a picture or sound, such as closed captions in it.
    package var accessibilities: [Descriptor] = []
    package var roles: [Descriptor]
    package var segmentTemplate: SegmentTemplate?
    package var representations: [Representation]

    package init(
        id: UInt32, contentType: ContentType? = nil, mimeType: String? = nil, codecs: String? = nil,
        language: String? = nil, segmentAlignment: Bool = true, startWithSAP: UInt8? = 1, maxWidth: UInt32? = nil,
        maxHeight: UInt32? = nil, maxFrameRate: FrameRate? = nil, aspectRatio: String? = nil,
        audioChannelConfigurations: [Descriptor] = [], contentProtections: [ContentProtection] = [],
        essentialProperties: [Descriptor] = [], supplementalProperties: [Descriptor] = [],
        producerReferenceTime: ProducerReferenceTime? = nil, roles: [Descriptor] = [],
        segmentTemplate: SegmentTemplate? = nil, representations: [Representation] = []
    ) {
        self.id = id
        self.contentType = contentType
        self.mimeType = mimeType
        self.codecs = codecs
        self.language = language
        self.segmentAlignment = segmentAlignment
        self.startWithSAP = startWithSAP
        self.maxWidth = maxWidth
        self.maxHeight = maxHeight
        self.maxFrameRate = maxFrameRate
        self.aspectRatio = aspectRatio
        self.audioChannelConfigurations = audioChannelConfigurations
        self.contentProtections = contentProtections
        self.essentialProperties = essentialProperties
        self.supplementalProperties = supplementalProperties
        self.producerReferenceTime = producerReferenceTime
        self.roles = roles
        self.segmentTemplate = segmentTemplate
        self.representations = representations
    }

    func write(to writer: inout XMLWriter) {
        let attributes: XMLWriter.Attributes = [
            "id": String(id), "contentType": contentType?.rawValue, "mimeType": mimeType, "codecs": codecs,
            "lang": language, "segmentAlignment": segmentAlignment ? "true" : nil,
            "startWithSAP": startWithSAP.map { String($0) }, "par": aspectRatio,
            "maxWidth": maxWidth.map { String($0) }, "maxHeight": maxHeight.map { String($0) },
            "maxFrameRate": maxFrameRate?.description,
        ]
        // The schema fixes this order.
        writer.element("AdaptationSet", attributes) { writer in
            for configuration in audioChannelConfigurations {
                configuration.write("AudioChannelConfiguration", to: &writer)
            }
            for protection in contentProtections { protection.write(to: &writer) }
            for property in essentialProperties { property.write("EssentialProperty", to: &writer) }
            for property in supplementalProperties { property.write("SupplementalProperty", to: &writer) }
            producerReferenceTime?.write(to: &writer)
            for accessibility in accessibilities { accessibility.write("Accessibility", to: &writer) }
            for role in roles { role.write("Role", to: &writer) }
            segmentTemplate?.write(to: &writer)
            for representation in representations { representation.write(to: &writer) }
        }
    }
}
