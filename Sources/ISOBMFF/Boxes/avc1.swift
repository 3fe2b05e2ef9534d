package import Media

/// `avc1`, or `encv` under protection: H.264 video. ISO/IEC 14496-12:2022, clause 12.1.3; ISO/IEC 14496-15:2022,
/// clause 5.4.2.1.
package struct VisualSampleEntry: Box {
    package static let boxType: FourCC = "avc1"
    package static let protectedBoxType: FourCC = "encv"

    /// In pixels, as the decoder gives them after cropping.
    package var width: UInt16
    package var height: UInt16
    package var configuration: AVCDecoderConfigurationRecord
    /// Square where there is none, unless the sequence parameter set says otherwise.
    package var pixelAspectRatio: PixelAspectRatio?
    package var colour: ColourInformation?
    package var protection: ProtectionSchemeInformation?

    package init(
        width: UInt16, height: UInt16, configuration: AVCDecoderConfigurationRecord,
        pixelAspectRatio: PixelAspectRatio? = nil, colour: ColourInformation? = nil,
        protection: ProtectionSchemeInformation? = nil
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
        var configuration: AVCDecoderConfigurationRecord?
        while !reader.isAtEnd {
            let box = try reader.readBoxHeader()
            switch box.type {
            case AVCDecoderConfigurationRecord.boxType: try reader.readBox(box, once: &configuration)
            case PixelAspectRatio.boxType: try reader.readBox(box, once: &pixelAspectRatio)
            case ColourInformation.boxType where colour == nil: colour = try reader.readBox(box)
            case ProtectionSchemeInformation.boxType: try reader.readBox(box, once: &protection)
            default: try reader.skipBox(box)
            }
        }
        self.configuration = try configuration.required()
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
        writer.writeBox(configuration)
        writer.writeBox(pixelAspectRatio)
        writer.writeBox(colour)
        writer.writeBox(protection)
    }

    package func describe(to description: inout BoxDescription) {
        description.field("width", width)
        description.field("height", height)
    }
}
