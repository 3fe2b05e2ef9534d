import Media

/// The body of an RTMP audio message, taken apart but not interpreted.
/// Adobe Flash Video File Format 10.1, annex E.4.2; Enhanced RTMP v2 (Veovera, 2024), "Enhanced Audio".
enum AudioTag: Equatable {
    /// An AudioSpecificConfig.
    case configuration([UInt8])
    /// One raw_data_block of AAC.
    case frame([UInt8])
    case endOfSequence
    case ignored
    /// Sound that Sluice does not take, in words for the operator.
    case unsupported(String)

    init(parsing bytes: [UInt8]) throws(ParseError) {
        var reader = ByteReader(bytes.span)
        let first = try reader.read(UInt8.self)
        switch first >> 4 {
        case 10:
            let packetType = try reader.read(UInt8.self)
            switch packetType {
            case 0: self = .configuration(try reader.readBytes(reader.remaining))
            case 1: self = .frame(try reader.readBytes(reader.remaining))
            default: throw ParseError(.invalid, at: 1, "AAC packet type \(packetType)")
            }
        case 9: try self.init(enhanced: &reader, first: first)
        default: self = .unsupported("\(Self.legacyFormat(first >> 4)) audio; send AAC")
        }
    }

    @_lifetime(reader: copy reader)
    private init(enhanced reader: inout ByteReader, first: UInt8) throws(ParseError) {
        let header = try EnhancedHeader(reading: &reader, packetType: first & 0x0F, multitrack: 5)
        guard let fourCC = header.fourCC else {
            self = .unsupported("multitrack audio (Enhanced RTMP); send one track")
            return
        }
        guard fourCC == "mp4a" else {
            self = .unsupported("\(Self.enhancedFormat(fourCC)) audio (Enhanced RTMP \(fourCC)); send AAC")
            return
        }
        switch header.packetType {
        case EnhancedHeader.PacketType.sequenceStart:
            self = .configuration(try reader.readBytes(reader.remaining))
        case EnhancedHeader.PacketType.codedFrames: self = .frame(try reader.readBytes(reader.remaining))
        case EnhancedHeader.PacketType.sequenceEnd: self = .endOfSequence
        default: self = .ignored
        }
    }

    private static func legacyFormat(_ id: UInt8) -> String {
        switch id {
        case 0, 3: "uncompressed PCM"
        case 1: "ADPCM"
        case 2, 14: "MP3"
        case 4, 5, 6: "Nellymoser"
        case 7: "G.711 A-law"
        case 8: "G.711 mu-law"
        case 11: "Speex"
        default: "sound format \(id)"
        }
    }

    private static func enhancedFormat(_ code: FourCC) -> String {
        switch code {
        case "Opus": "Opus"
        case "fLaC": "FLAC"
        case "ac-3": "AC-3"
        case "ec-3": "E-AC-3"
        case ".mp3": "MP3"
        default: "unknown"
        }
    }
}
