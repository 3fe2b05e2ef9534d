package import Media

/// `enca`, and in the clear `mp4a`, `ac-3`, `ec-3` or `Opus`: audio. ISO/IEC 14496-12:2022, clause 12.2.3; ISO/IEC
/// 14496-14:2020, clause 6.7; ETSI TS 102 366 V1.4.1, annex F; Encapsulation of Opus in ISO Base Media File Format,
/// version 0.8.1, clause 4.3.1.
package struct AudioSampleEntry: Box {
    /// The box's type under protection; `type` says it for this entry.
    package static let boxType: FourCC = "enca"

    package enum Configuration: Sendable, Equatable {
        case aac(ElementaryStreamDescriptor)
        case ac3(AC3Configuration)
        case eac3(EAC3Configuration)
        case opus(OpusConfiguration)

        /// What it is called in the clear.
        package var clearType: FourCC {
            switch self {
            case .aac: "mp4a"
            case .ac3: "ac-3"
            case .eac3: "ec-3"
            case .opus: "Opus"
            }
        }
    }

    package var channels: UInt16
    /// 16.16 fixed point, 0 where the rate does not fit; decoders go by the configuration.
    package var sampleRate: UInt32
    package var configuration: Configuration
    package var protection: ProtectionSchemeInformation?

    package var type: FourCC { protection == nil ? configuration.clearType : Self.boxType }

    package init(
        channels: UInt8, sampleRate: UInt32, configuration: Configuration,
        protection: ProtectionSchemeInformation? = nil
    ) {
        self.channels = UInt16(channels)
        self.sampleRate = sampleRate > 0xFFFF ? 0 : sampleRate << 16
        self.configuration = configuration
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
        var configuration: Configuration?
        while !reader.isAtEnd {
            let box = try reader.readBoxHeader()
            let found: Configuration
            switch box.type {
            case ElementaryStreamDescriptor.boxType: found = .aac(try reader.readBox(box))
            case AC3Configuration.boxType: found = .ac3(try reader.readBox(box))
            case EAC3Configuration.boxType: found = .eac3(try reader.readBox(box))
            case OpusConfiguration.boxType: found = .opus(try reader.readBox(box))
            case ProtectionSchemeInformation.boxType:
                try reader.readBox(box, once: &protection)
                continue
            default:
                try reader.skipBox(box)
                continue
            }
            guard configuration == nil else {
                throw ParseError(.invalid, at: reader.offset, "a second decoder configuration")
            }
            configuration = found
        }
        guard let configuration else { throw ParseError(.invalid, at: 0, "no decoder configuration") }
        self.configuration = configuration
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.write(zeros: 6)
        writer.write(UInt16(1))
        writer.write(zeros: 8)
        writer.write(channels)
        writer.write(UInt16(16))
        writer.write(zeros: 4)
        writer.write(sampleRate)
        switch configuration {
        case .aac(let stream): writer.writeBox(stream)
        case .ac3(let configuration): writer.writeBox(configuration)
        case .eac3(let configuration): writer.writeBox(configuration)
        case .opus(let configuration): writer.writeBox(configuration)
        }
        writer.writeBox(protection)
    }

    package func describe(to description: inout BoxDescription) {
        description.field("channels", channels)
        description.field("sampleRate", sampleRate >> 16)
    }
}
