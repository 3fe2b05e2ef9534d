package import Media

/// `encv`, and in the clear `avc1`, `hvc1` or `av01`: video; `jpeg`: pictures (ISO/IEC 23008-12:2022, annex H). ISO/IEC 14496-12:2022, clause 12.1.3; ISO/IEC
/// 14496-15:2022, clauses 5.4.2.1 and 8.4.1.1; AV1 Codec ISO Media File Format Binding v1.2, clause 2.2.
package struct VisualSampleEntry: Box {
    /// The box's type under protection; `type` says it for this entry.
    package static let boxType: FourCC = "encv"

    package enum Configuration: Sendable, Equatable {
        case avc(AVCDecoderConfigurationRecord)
        case hevc(HEVCDecoderConfigurationRecord)
        case av1(AV1CodecConfigurationRecord)
        case jpeg(TileLayout)

        /// What it is called in the clear, in the order of preference. `hev1` and `avc3`, with parameter sets in
        /// samples too, are read where the record has sets.
        package var clearTypes: [FourCC] {
            switch self {
            case .avc: ["avc1"]
            case .hevc: ["hvc1", "hev1"]
            case .av1: ["av01"]
            case .jpeg: ["jpeg"]
            }
        }
    }

    /// In pixels, as the decoder gives them after cropping.
    package var width: UInt16
    package var height: UInt16
    package var configuration: Configuration
    /// Square where there is none, unless the bitstream says otherwise.
    package var pixelAspectRatio: PixelAspectRatio?
    package var colour: ColourInformation?
    package var protection: ProtectionSchemeInformation?

    package var type: FourCC { protection == nil ? configuration.clearTypes[0] : Self.boxType }

    package init(
        width: UInt16, height: UInt16, configuration: Configuration, pixelAspectRatio: PixelAspectRatio? = nil,
        colour: ColourInformation? = nil, protection: ProtectionSchemeInformation? = nil
    ) {
        self.width = width
        self.height = height
        self.configuration = configuration
        self.pixelAspectRatio = pixelAspectRatio
        self.colour = colour
        self.protection = protection
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        try reader.skip(24)  // reserved, data reference, predefined
        width = try reader.read(UInt16.self)
        height = try reader.read(UInt16.self)
        try reader.skip(50)  // resolutions, frames a sample, compressor's name, depth
        var configuration: Configuration?
        while !reader.isAtEnd {
            let box = try reader.readBoxHeader()
            let found: Configuration
            switch box.type {
            case AVCDecoderConfigurationRecord.boxType: found = .avc(try reader.readBox(box))
            case HEVCDecoderConfigurationRecord.boxType: found = .hevc(try reader.readBox(box))
            case AV1CodecConfigurationRecord.boxType: found = .av1(try reader.readBox(box))
            case TileLayout.boxType: found = .jpeg(try reader.readBox(box))
            case PixelAspectRatio.boxType:
                try reader.readBox(box, once: &pixelAspectRatio)
                continue
            case ColourInformation.boxType where colour == nil:
                colour = try reader.readBox(box)
                continue
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
        writer.write(zeros: 16)
        writer.write(width)
        writer.write(height)
        writer.write(UInt32(0x0048_0000))
        writer.write(UInt32(0x0048_0000))
        writer.write(zeros: 4)
        writer.write(UInt16(1))
        writer.write(zeros: 32)
        writer.write(UInt16(24))
        writer.write(Int16(-1))
        switch configuration {
        case .avc(let record): writer.writeBox(record)
        case .hevc(let record): writer.writeBox(record)
        case .av1(let record): writer.writeBox(record)
        case .jpeg(let layout): writer.writeBox(layout)
        }
        writer.writeBox(pixelAspectRatio)
        writer.writeBox(colour)
        writer.writeBox(protection)
    }

    package func describe(to description: inout BoxDescription) {
        description.field("width", width)
        description.field("height", height)
    }
}
