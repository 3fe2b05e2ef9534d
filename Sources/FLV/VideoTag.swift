import Media

/// How pictures are coded, as far as Sluice takes them.
enum VideoCodec: Equatable {
    case avc, hevc, av1, vp9

    init?(_ code: FourCC) {
        switch code {
        case "avc1": self = .avc
        case "hvc1": self = .hevc
        case "av01": self = .av1
        case "vp09": self = .vp9
        default: return nil
        }
    }

    /// Whether a picture has a composition offset before it, where its packet type does not deny it.
    var hasCompositionOffset: Bool { self == .avc || self == .hevc }
}

/// One track's share of an RTMP video message, taken apart but not interpreted.
struct VideoPacket: Equatable {
    enum Content: Equatable {
        /// The codec's configuration record.
        case configuration(VideoCodec, [UInt8])
        /// As the codec writes a picture; the offset in milliseconds, signed 24 bits.
        case picture(VideoCodec, compositionOffset: Int32, data: [UInt8])
        case endOfSequence
        /// A picture that Sluice does not take, in words for the operator.
        case unsupported(String)
    }

    var track: UInt8 = 0
    /// To be added to the message's timestamp.
    var nanoseconds: UInt32 = 0
    var content: Content
}

/// The body of an RTMP video message. Adobe Flash Video File Format 10.1, annex E.4.3; Enhanced RTMP v2 (Veovera,
/// 2024), "Enhanced Video".
enum VideoTag {
    /// None for what has nothing to show: a seek command, colour metadata, a packet type of the future.
    static func parse(_ bytes: [UInt8]) throws(ParseError) -> [VideoPacket] {
        var reader = ByteReader(bytes.span)
        let first = try reader.read(UInt8.self)
        return first & 0x80 != 0 ? try enhanced(bytes, &reader, first) : try legacy(bytes, &reader, first)
    }

    @_lifetime(reader: copy reader)
    private static func legacy(
        _ bytes: [UInt8], _ reader: inout ByteReader, _ first: UInt8
    ) throws(ParseError) -> [VideoPacket] {
        guard first >> 4 != commandFrame else { return [] }
        let codec: VideoCodec
        switch first & 0x0F {
        case 7: codec = .avc
        // Not in Adobe's table, but what encoders sent for HEVC before Enhanced RTMP.
        case 12: codec = .hevc
        default:
            return [VideoPacket(content: .unsupported("\(legacyCodec(first & 0x0F)) video; \(advice)"))]
        }
        let packetType = try reader.read(UInt8.self)
        let offset = signed24(try reader.readUInt24())
        let data = Array(bytes[reader.offset...])
        switch packetType {
        case 0: return [VideoPacket(content: .configuration(codec, data))]
        case 1: return [VideoPacket(content: .picture(codec, compositionOffset: offset, data: data))]
        case 2: return [VideoPacket(content: .endOfSequence)]
        default: throw ParseError(.invalid, at: 1, "AVC packet type \(packetType)")
        }
    }

    @_lifetime(reader: copy reader)
    private static func enhanced(
        _ bytes: [UInt8], _ reader: inout ByteReader, _ first: UInt8
    ) throws(ParseError) -> [VideoPacket] {
        let message = try EnhancedMessage(
            reading: &reader, packetType: first & 0x0F, multitrack: 6, isCommand: first >> 4 & 7 == commandFrame)
        var packets: [VideoPacket] = []
        for part in message.parts {
            guard let content = try content(bytes, message.packetType, part) else { continue }
            packets.append(VideoPacket(track: part.track, nanoseconds: message.nanoseconds, content: content))
        }
        return packets
    }

    private static func content(
        _ bytes: [UInt8], _ packetType: UInt8, _ part: EnhancedMessage.Part
    ) throws(ParseError) -> VideoPacket.Content? {
        // Colour metadata says nothing that the pictures do not say.
        guard packetType != EnhancedMessage.PacketType.description else { return nil }
        guard let codec = VideoCodec(part.fourCC) else {
            let name = enhancedCodec(part.fourCC)
            return .unsupported("\(name) video (Enhanced RTMP \(part.fourCC)); \(advice)")
        }
        switch packetType {
        case EnhancedMessage.PacketType.sequenceStart: return .configuration(codec, Array(bytes[part.body]))
        case EnhancedMessage.PacketType.videoTransportStreamSequenceStart:
            return .unsupported("\(part.fourCC) with a descriptor of MPEG-2 TS; send its configuration record")
        case EnhancedMessage.PacketType.codedFrames where codec.hasCompositionOffset:
            guard part.body.count >= 3 else {
                throw ParseError(.truncated, at: part.body.lowerBound, "no composition offset")
            }
            let head = bytes[part.body.prefix(3)]
            let offset = signed24(head.reduce(0) { $0 << 8 | UInt32($1) })
            return .picture(codec, compositionOffset: offset, data: Array(bytes[part.body.dropFirst(3)]))
        case EnhancedMessage.PacketType.codedFrames, EnhancedMessage.PacketType.videoCodedFramesX:
            return .picture(codec, compositionOffset: 0, data: Array(bytes[part.body]))
        case EnhancedMessage.PacketType.sequenceEnd: return .endOfSequence
        default: return nil
        }
    }

    private static let commandFrame: UInt8 = 5
    private static let advice = "send H.264, HEVC, AV1 or VP9"

    private static func legacyCodec(_ id: UInt8) -> String {
        switch id {
        case 2: "Sorenson H.263"
        case 3, 6: "screen"
        case 4, 5: "VP6"
        case 13: "AV1 (codec id 13, not Enhanced RTMP)"
        default: "codec id \(id)"
        }
    }

    private static func enhancedCodec(_ code: FourCC) -> String {
        switch code {
        case "vp08": "VP8"
        case "vvc1": "VVC"
        default: "unknown"
        }
    }
}

/// The sign of a 24-bit two's complement number.
private func signed24(_ value: UInt32) -> Int32 { Int32(bitPattern: value << 8) >> 8 }
