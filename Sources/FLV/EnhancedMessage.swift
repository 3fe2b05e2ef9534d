import Media

/// What follows the first byte of an Enhanced RTMP audio or video message: modifiers, the packet type, and each
/// track's FourCC and share of the bytes. Enhanced RTMP v2 (Veovera, 2024), "Enhanced Audio" and "Enhanced Video".
struct EnhancedMessage: Equatable {
    /// Packet types with the same number for audio and video.
    enum PacketType {
        static let sequenceStart: UInt8 = 0
        static let codedFrames: UInt8 = 1
        static let sequenceEnd: UInt8 = 2
        static let videoCodedFramesX: UInt8 = 3
        /// Metadata of a video track, or the channel configuration of an audio track.
        static let description: UInt8 = 4
        static let videoTransportStreamSequenceStart: UInt8 = 5
        static let modifier: UInt8 = 7
    }

    /// AvMultitrackType.
    private enum Multitrack {
        static let oneTrack: UInt8 = 0
        static let manyTracks: UInt8 = 1
        static let manyTracksManyCodecs: UInt8 = 2
    }

    struct Part: Equatable {
        var track: UInt8
        var fourCC: FourCC
        /// Of the message.
        var body: Range<Int>
    }

    /// More tracks than any encoder has, in one message.
    private static let mostParts = 64

    var packetType: UInt8
    /// To be added to the message's timestamp: 0 to 999,999.
    var nanoseconds: UInt32 = 0
    var parts: [Part] = []

    /// - Parameters:
    ///   - packetType: the low four bits of the message's first byte, already read.
    ///   - multitrack: the packet type that means several tracks: 6 for video, 5 for audio.
    ///   - isCommand: a video message without a body, unless it is metadata.
    @_lifetime(reader: copy reader)
    init(
        reading reader: inout ByteReader, packetType first: UInt8, multitrack: UInt8, isCommand: Bool = false
    ) throws(ParseError) {
        packetType = first
        while packetType == PacketType.modifier { try readModifier(&reader) }
        guard !isCommand || packetType == PacketType.description else { return }
        guard packetType == multitrack else {
            let fourCC = FourCC(rawValue: try reader.read(UInt32.self))
            parts = [Part(track: 0, fourCC: fourCC, body: reader.offset..<reader.offset + reader.remaining)]
            return
        }
        let head = try reader.read(UInt8.self)
        packetType = head & 0x0F
        guard packetType != multitrack, packetType != PacketType.modifier else {
            throw ParseError(.invalid, at: reader.offset, "packet type \(packetType) inside a multitrack message")
        }
        let kind = head >> 4
        guard kind <= Multitrack.manyTracksManyCodecs else {
            throw ParseError(.unsupported, at: reader.offset, "multitrack type \(kind)")
        }
        let shared = kind == Multitrack.manyTracksManyCodecs ? nil : FourCC(rawValue: try reader.read(UInt32.self))
        repeat {
            guard parts.count < Self.mostParts else {
                throw ParseError(.tooLarge, at: reader.offset, "more than \(Self.mostParts) tracks in a message")
            }
            let fourCC =
                if let shared { shared } else { FourCC(rawValue: try reader.read(UInt32.self)) }
            let track = try reader.read(UInt8.self)
            let size = kind == Multitrack.oneTrack ? reader.remaining : Int(try reader.readUInt24())
            let start = reader.offset
            try reader.skip(size)
            parts.append(Part(track: track, fourCC: fourCC, body: start..<start + size))
        } while !reader.isAtEnd
    }

    @_lifetime(reader: copy reader)
    private mutating func readModifier(_ reader: inout ByteReader) throws(ParseError) {
        var size = Int(try reader.read(UInt8.self)) + 1
        if size == 256 { size = Int(try reader.read(UInt16.self)) + 1 }
        let data = try reader.readBytes(size)
        let types = try reader.read(UInt8.self)
        packetType = types & 0x0F
        // TimestampOffsetNano; what other modifiers mean is for the future to say.
        guard types >> 4 == 0, size >= 3 else { return }
        nanoseconds = min(UInt32(data[0]) << 16 | UInt32(data[1]) << 8 | UInt32(data[2]), 999_999)
    }
}
