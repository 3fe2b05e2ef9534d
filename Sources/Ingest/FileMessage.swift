import Media
import RTMPServer

/// Coded media of a file as the RTMP messages by which an encoder would have sent it. Enhanced RTMP v2 (Veovera, 2024),
/// "Enhanced Audio" and "Enhanced Video".
struct FileMessage: Sendable {
    let kind: Track.Kind
    let track: UInt8
    let fourCC: FourCC
    /// H.264 and HEVC: pictures have a composition offset.
    let hasCompositionOffset: Bool

    private enum PacketType {
        static let sequenceStart: UInt8 = 0
        static let codedFrames: UInt8 = 1
        static let modifier: UInt8 = 7
    }

    private var multitrack: UInt8 { kind == .video ? 6 : 5 }

    /// - Parameter time: by the input's clock, in nanoseconds.
    func configuration(_ bytes: [UInt8], at time: Int64) -> RTMPMessage {
        message(PacketType.sequenceStart, bytes, at: time, isKey: true)
    }

    func sample(decode: Int64, presentation: Int64, isKey: Bool, _ data: [UInt8]) -> RTMPMessage {
        guard hasCompositionOffset else {
            return message(PacketType.codedFrames, data, at: presentation, isKey: isKey)
        }
        let milliseconds = (presentation - decode + 500_000) / 1_000_000
        let offset = UInt32(bitPattern: Int32(clamping: min(max(milliseconds, -(1 << 23)), 1 << 23 - 1)))
        var writer = ByteWriter(capacity: data.count + 3)
        for shift: UInt32 in [16, 8, 0] { writer.write(UInt8(truncatingIfNeeded: offset >> shift)) }
        writer.write(bytes: data)
        return message(PacketType.codedFrames, writer.bytes, at: decode, isKey: isKey)
    }

    private func message(_ packetType: UInt8, _ body: [UInt8], at time: Int64, isKey: Bool) -> RTMPMessage {
        let (milliseconds, nanoseconds) = (time / 1_000_000, UInt32(clamping: time % 1_000_000))
        var writer = ByteWriter(capacity: body.count + 16)
        // Video: 0x80, the frame type (1 key frame, 2 other); audio: sound format 9.
        let head: UInt8 = kind == .video ? 0x80 | (isKey ? 1 : 2) << 4 : 9 << 4
        let type = track == 0 ? packetType : multitrack
        if nanoseconds == 0 {
            writer.write(head | type)
        } else {
            // ModEx: three bytes of TimestampOffsetNano (0), then the packet type.
            writer.write(head | PacketType.modifier)
            writer.write(UInt8(2))
            for shift: UInt32 in [16, 8, 0] { writer.write(UInt8(truncatingIfNeeded: nanoseconds >> shift)) }
            writer.write(type)
        }
        if track == 0 {
            writer.write(fourCC.rawValue)
        } else {
            // OneTrack.
            writer.write(packetType)
            writer.write(fourCC.rawValue)
            writer.write(track)
        }
        writer.write(bytes: body)
        return RTMPMessage(
            type: kind == .video ? 9 : 8, timestamp: UInt32(truncatingIfNeeded: milliseconds), payload: writer.bytes)
    }
}
