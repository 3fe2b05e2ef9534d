import Media

/// How sound is coded, as far as Sluice takes it.
enum AudioCodec: Equatable {
    case aac, opus, flac, ac3, eac3, mp3

    init?(_ code: FourCC) {
        switch code {
        case "mp4a": self = .aac
        case "Opus": self = .opus
        case "fLaC": self = .flac
        case "ac-3": self = .ac3
        case "ec-3": self = .eac3
        case ".mp3": self = .mp3
        default: return nil
        }
    }
}

/// One track's share of an RTMP audio message, taken apart but not interpreted.
struct AudioPacket: Equatable {
    enum Content: Equatable {
        /// What the codec has of that: an AudioSpecificConfig, an Opus identification header, STREAMINFO; may be empty.
        case configuration(AudioCodec, [UInt8])
        /// One block, as the codec writes it.
        case block(AudioCodec, [UInt8])
        case endOfSequence
        /// Sound that Sluice does not take, in words for the operator.
        case unsupported(String)
    }

    var track: UInt8 = 0
    /// To be added to the message's timestamp.
    var nanoseconds: UInt32 = 0
    var content: Content
}

/// The body of an RTMP audio message. Adobe Flash Video File Format 10.1, annex E.4.2; Enhanced RTMP v2 (Veovera,
/// 2024), "Enhanced Audio".
enum AudioTag {
    /// None for what is not heard.
    static func parse(_ bytes: [UInt8]) throws(ParseError) -> [AudioPacket] {
        var reader = ByteReader(bytes.span)
        let first = try reader.read(UInt8.self)
        switch first >> 4 {
        case 10:
            let packetType = try reader.read(UInt8.self)
            let data = Array(bytes[reader.offset...])
            switch packetType {
            case 0: return [AudioPacket(content: .configuration(.aac, data))]
            case 1: return [AudioPacket(content: .block(.aac, data))]
            default: throw ParseError(.invalid, at: 1, "AAC packet type \(packetType)")
            }
        case 2, 14: return [AudioPacket(content: .block(.mp3, Array(bytes[1...])))]
        case 9: return try enhanced(bytes, &reader, first)
        default: return [AudioPacket(content: .unsupported("\(legacyFormat(first >> 4)) audio; \(advice)"))]
        }
    }

    @_lifetime(reader: copy reader)
    private static func enhanced(
        _ bytes: [UInt8], _ reader: inout ByteReader, _ first: UInt8
    ) throws(ParseError) -> [AudioPacket] {
        let message = try EnhancedMessage(reading: &reader, packetType: first & 0x0F, multitrack: 5)
        return message.parts.compactMap { part in
            content(bytes, message.packetType, part).map {
                AudioPacket(track: part.track, nanoseconds: message.nanoseconds, content: $0)
            }
        }
    }

    private static func content(
        _ bytes: [UInt8], _ packetType: UInt8, _ part: EnhancedMessage.Part
    ) -> AudioPacket.Content? {
        guard let codec = AudioCodec(part.fourCC) else {
            return .unsupported("unknown audio (Enhanced RTMP \(part.fourCC)); \(advice)")
        }
        switch packetType {
        case EnhancedMessage.PacketType.sequenceStart: return .configuration(codec, Array(bytes[part.body]))
        case EnhancedMessage.PacketType.codedFrames: return .block(codec, Array(bytes[part.body]))
        case EnhancedMessage.PacketType.sequenceEnd: return .endOfSequence
        // MultichannelConfig among them: the codecs say their channels themselves.
        default: return nil
        }
    }

    private static let advice = "send AAC, Opus, FLAC, AC-3, E-AC-3 or MP3"

    private static func legacyFormat(_ id: UInt8) -> String {
        switch id {
        case 0, 3: "uncompressed PCM"
        case 1: "ADPCM"
        case 4, 5, 6: "Nellymoser"
        case 7: "G.711 A-law"
        case 8: "G.711 mu-law"
        case 11: "Speex"
        default: "sound format \(id)"
        }
    }
}
