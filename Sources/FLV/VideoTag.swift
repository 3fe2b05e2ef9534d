import Media

/// The body of an RTMP video message, taken apart but not interpreted.
/// Adobe Flash Video File Format 10.1, annex E.4.3; Enhanced RTMP v2 (Veovera, 2024), "Enhanced Video".
enum VideoTag: Equatable {
    /// An AVCDecoderConfigurationRecord.
    case configuration([UInt8])
    /// NAL units behind length fields; the offset in milliseconds, signed 24 bits.
    case picture(compositionOffset: Int32, data: [UInt8])
    case endOfSequence
    /// Nothing to show: a seek command, colour metadata, a packet type of the future.
    case ignored
    /// A picture that Sluice does not take, in words for the operator.
    case unsupported(String)

    init(parsing bytes: [UInt8]) throws(ParseError) {
        var reader = ByteReader(bytes.span)
        let first = try reader.read(UInt8.self)
        if first & 0x80 != 0 {
            try self.init(enhanced: &reader, first: first)
        } else {
            try self.init(legacy: &reader, first: first)
        }
    }

    @_lifetime(reader: copy reader)
    private init(legacy reader: inout ByteReader, first: UInt8) throws(ParseError) {
        guard first >> 4 != Self.commandFrame else {
            self = .ignored
            return
        }
        guard first & 0x0F == Self.avcCodec else {
            self = .unsupported("\(Self.legacyCodec(first & 0x0F)) video; send H.264")
            return
        }
        let packetType = try reader.read(UInt8.self)
        let offset = signed24(try reader.readUInt24())
        switch packetType {
        case 0: self = .configuration(try reader.readBytes(reader.remaining))
        case 1: self = .picture(compositionOffset: offset, data: try reader.readBytes(reader.remaining))
        case 2: self = .endOfSequence
        default: throw ParseError(.invalid, at: 1, "AVC packet type \(packetType)")
        }
    }

    @_lifetime(reader: copy reader)
    private init(enhanced reader: inout ByteReader, first: UInt8) throws(ParseError) {
        // A command frame has no FourCC and no picture.
        guard first >> 4 & 7 != Self.commandFrame else {
            self = .ignored
            return
        }
        let header = try EnhancedHeader(reading: &reader, packetType: first & 0x0F, multitrack: 6)
        guard let fourCC = header.fourCC else {
            self = .unsupported("multitrack video (Enhanced RTMP); send one track")
            return
        }
        guard header.packetType != EnhancedHeader.PacketType.description else {
            self = .ignored
            return
        }
        guard fourCC == "avc1" else {
            self = .unsupported("\(Self.enhancedCodec(fourCC)) video (Enhanced RTMP \(fourCC)); send H.264")
            return
        }
        switch header.packetType {
        case EnhancedHeader.PacketType.sequenceStart:
            self = .configuration(try reader.readBytes(reader.remaining))
        case EnhancedHeader.PacketType.codedFrames:
            let offset = signed24(try reader.readUInt24())
            self = .picture(compositionOffset: offset, data: try reader.readBytes(reader.remaining))
        case EnhancedHeader.PacketType.videoCodedFramesX:
            self = .picture(compositionOffset: 0, data: try reader.readBytes(reader.remaining))
        case EnhancedHeader.PacketType.sequenceEnd: self = .endOfSequence
        default: self = .ignored
        }
    }

    private static let commandFrame: UInt8 = 5
    private static let avcCodec: UInt8 = 7

    private static func legacyCodec(_ id: UInt8) -> String {
        switch id {
        case 2: "Sorenson H.263"
        case 3, 6: "screen"
        case 4, 5: "VP6"
        // Not in Adobe's table, but what encoders sent before Enhanced RTMP.
        case 12: "HEVC (codec id 12)"
        case 13: "AV1 (codec id 13)"
        default: "codec id \(id)"
        }
    }

    private static func enhancedCodec(_ code: FourCC) -> String {
        switch code {
        case "hvc1": "HEVC"
        case "av01": "AV1"
        case "vp09": "VP9"
        case "vp08": "VP8"
        default: "unknown"
        }
    }
}

/// The sign of a 24-bit two's complement number.
private func signed24(_ value: UInt32) -> Int32 { Int32(bitPattern: value << 8) >> 8 }
