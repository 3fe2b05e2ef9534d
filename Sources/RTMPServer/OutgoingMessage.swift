package import FLV
import Media

/// A message we send to an encoder. Adobe RTMP specification 1.0 (2012), clauses 5.4, 6.2 and 7.2.
package enum OutgoingMessage: Sendable, Equatable {
    case setChunkSize(UInt32)
    /// Bytes received so far, modulo 2^32.
    case acknowledgement(UInt32)
    case windowAcknowledgementSize(UInt32)
    /// With the limit type 2, dynamic.
    case setPeerBandwidth(UInt32)
    case streamBegin(UInt32)
    case pingResponse(UInt32)
    case command([AMF0], streamID: UInt32)

    var type: UInt8 {
        switch self {
        case .setChunkSize: MessageType.setChunkSize
        case .acknowledgement: MessageType.acknowledgement
        case .windowAcknowledgementSize: MessageType.windowAcknowledgementSize
        case .setPeerBandwidth: MessageType.setPeerBandwidth
        case .streamBegin, .pingResponse: MessageType.userControl
        case .command: MessageType.amf0Command
        }
    }

    /// Protocol control has chunk stream 2 (clause 5.4); commands take 3, as servers do.
    var chunkStream: Int32 {
        switch self {
        case .setChunkSize, .acknowledgement, .windowAcknowledgementSize, .setPeerBandwidth, .streamBegin,
            .pingResponse:
            2
        case .command: 3
        }
    }

    var streamID: UInt32 {
        switch self {
        case .setChunkSize, .acknowledgement, .windowAcknowledgementSize, .setPeerBandwidth, .streamBegin,
            .pingResponse:
            0
        case .command(_, let streamID): streamID
        }
    }

    var body: [UInt8] {
        var writer = ByteWriter(capacity: 8)
        switch self {
        case .setChunkSize(let value), .acknowledgement(let value), .windowAcknowledgementSize(let value):
            writer.write(value)
        case .setPeerBandwidth(let value):
            writer.write(value)
            writer.write(2 as UInt8)
        case .streamBegin(let streamID):
            writer.write(0 as UInt16)
            writer.write(streamID)
        case .pingResponse(let timestamp):
            writer.write(7 as UInt16)
            writer.write(timestamp)
        case .command(let values, _): return AMF0.serialize(values)
        }
        return writer.bytes
    }
}
