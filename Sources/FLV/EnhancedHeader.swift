import Media

/// What follows the first byte of an Enhanced RTMP audio or video tag: modifiers, packet type, FourCC.
/// Enhanced RTMP v2 (Veovera, 2024), "Enhanced Audio" and "Enhanced Video".
struct EnhancedHeader: Equatable {
    /// Packet types with the same number for audio and video.
    enum PacketType {
        static let sequenceStart: UInt8 = 0
        static let codedFrames: UInt8 = 1
        static let sequenceEnd: UInt8 = 2
        static let videoCodedFramesX: UInt8 = 3
        /// Metadata of a video track, or the channel configuration of an audio track.
        static let description: UInt8 = 4
        static let modifier: UInt8 = 7
    }

    var packetType: UInt8
    /// nil for a multitrack tag, whose tracks this demuxer does not take apart.
    var fourCC: FourCC?

    /// - Parameters:
    ///   - packetType: the low four bits of the tag's first byte, already read.
    ///   - multitrack: the packet type that means several tracks: 6 for video, 5 for audio.
    @_lifetime(reader: copy reader)
    init(reading reader: inout ByteReader, packetType first: UInt8, multitrack: UInt8) throws(ParseError) {
        packetType = first
        while packetType == PacketType.modifier {
            var size = Int(try reader.read(UInt8.self)) + 1
            if size == 256 { size = Int(try reader.read(UInt16.self)) + 1 }
            try reader.skip(size)
            packetType = try reader.read(UInt8.self) & 0x0F
        }
        fourCC = packetType == multitrack ? nil : FourCC(rawValue: try reader.read(UInt32.self))
    }
}
