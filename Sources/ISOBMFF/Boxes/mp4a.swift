package import Media

/// `mp4a`, or `enca` under protection: AAC. ISO/IEC 14496-12:2022, clause 12.2.3; ISO/IEC 14496-14:2020, clause 6.7.
package struct AudioSampleEntry: Box {
    package static let boxType: FourCC = "mp4a"
    package static let protectedBoxType: FourCC = "enca"

    package var channels: UInt16
    /// 16.16 fixed point, 0 where the rate does not fit; decoders go by `esds`.
    package var sampleRate: UInt32
    package var stream: ElementaryStreamDescriptor
    package var protection: ProtectionSchemeInformation?

    package init(configuration: AudioSpecificConfig, protection: ProtectionSchemeInformation? = nil) {
        channels = UInt16(configuration.channels)
        sampleRate = configuration.sampleRate > 0xFFFF ? 0 : configuration.sampleRate << 16
        stream = ElementaryStreamDescriptor(configuration: configuration)
        self.protection = protection
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        try reader.skip(8)  // reserved, data reference
        let version = try reader.read(UInt16.self)
        guard version == 0 else { throw ParseError(.unsupported, at: 8, "QuickTime sound of version \(version)") }
        try reader.skip(6)
        channels = try reader.read(UInt16.self)
        try reader.skip(6)  // sample size, predefined, reserved
        sampleRate = try reader.read(UInt32.self)
        var stream: ElementaryStreamDescriptor?
        while !reader.isAtEnd {
            let box = try reader.readBoxHeader()
            switch box.type {
            case ElementaryStreamDescriptor.boxType: try reader.readBox(box, once: &stream)
            case ProtectionSchemeInformation.boxType: try reader.readBox(box, once: &protection)
            default: try reader.skipBox(box)
            }
        }
        self.stream = try stream.required()
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.write(zeros: 6)
        writer.write(UInt16(1))
        writer.write(zeros: 8)
        writer.write(channels)
        writer.write(UInt16(16))
        writer.write(zeros: 4)
        writer.write(sampleRate)
        writer.writeBox(stream)
        writer.writeBox(protection)
    }

    package func describe(to description: inout BoxDescription) {
        description.field("channels", channels)
        description.field("sampleRate", sampleRate >> 16)
    }
}
