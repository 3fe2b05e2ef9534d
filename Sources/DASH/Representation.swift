package import Media

/// One rung or rendition. ISO/IEC 23009-1:2022, clause 5.3.5.
package struct Representation: Sendable, Hashable {
    /// Without white space, unique in its period.
    package var id: String
    /// Bits a second.
    package var bandwidth: UInt64
    /// RFC 6381.
    package var codecs: String?
    package var mimeType: String?
    package var width: UInt32?
    package var height: UInt32?
    package var frameRate: FrameRate?
    package var audioSamplingRate: UInt32?
    package var audioChannelConfigurations: [Descriptor]
    package var contentProtections: [ContentProtection]
    package var essentialProperties: [Descriptor] = []
    package var segmentTemplate: SegmentTemplate?
    /// How many times faster than normal it can be played; for trick modes.
    package var maximumPlayoutRate: UInt32?

    package init(
        id: String, bandwidth: UInt64, codecs: String? = nil, mimeType: String? = nil, width: UInt32? = nil,
        height: UInt32? = nil, frameRate: FrameRate? = nil, audioSamplingRate: UInt32? = nil,
        audioChannelConfigurations: [Descriptor] = [], contentProtections: [ContentProtection] = [],
        segmentTemplate: SegmentTemplate? = nil, maximumPlayoutRate: UInt32? = nil
    ) {
        self.id = id
        self.bandwidth = bandwidth
        self.codecs = codecs
        self.mimeType = mimeType
        self.width = width
        self.height = height
        self.frameRate = frameRate
        self.audioSamplingRate = audioSamplingRate
        self.audioChannelConfigurations = audioChannelConfigurations
        self.contentProtections = contentProtections
        self.segmentTemplate = segmentTemplate
        self.maximumPlayoutRate = maximumPlayoutRate
    }

    func write(to writer: inout XMLWriter) {
        let attributes: XMLWriter.Attributes = [
            "id": id, "bandwidth": String(bandwidth), "mimeType": mimeType, "codecs": codecs,
            "width": width.map { String($0) }, "height": height.map { String($0) },
            "frameRate": frameRate?.description, "audioSamplingRate": audioSamplingRate.map { String($0) },
            "maxPlayoutRate": maximumPlayoutRate.map { String($0) },
            // Each picture stands by itself.
            "codingDependency": maximumPlayoutRate == nil ? nil : "false",
        ]
        writer.element("Representation", attributes) { writer in
            for configuration in audioChannelConfigurations {
                configuration.write("AudioChannelConfiguration", to: &writer)
            }
            for protection in contentProtections { protection.write(to: &writer) }
            for property in essentialProperties { property.write("EssentialProperty", to: &writer) }
            segmentTemplate?.write(to: &writer)
        }
    }
}
