/// Follows the RTMP chunk grammar in bytes from an encoder and says how many of them librtmp may see.
///
/// librtmp trusts every header it reads: it keeps the block of a half-received message when a new header announces
/// a longer one, and writes past its end; it allocates what the peer announces on as many chunk streams as the peer
/// names. So it gets only bytes that passed here. This struct keeps no bytes: a header that is not whole yet is not
/// accepted, and is presented again with what follows it.
/// Adobe RTMP specification 1.0 (2012), clauses 5.2 (handshake), 5.3 (chunks) and 5.4 (chunk size, abort).
package struct ChunkGuard: Sendable {
    package enum Verdict: Sendable, Equatable {
        /// All is well; what was not accepted is the beginning of a header.
        case more
        /// Media too large for a stranger: present the rest again after `acceptMedia()`.
        case hold
        /// Not RTMP, or over a limit; nothing more will be accepted. The text is for people.
        case refuse(String)
    }

    private enum Phase: Equatable {
        case version
        /// C1; bytes so far.
        case random(Int)
        /// C2; bytes so far.
        case echo(Int)
        /// The next byte starts a chunk.
        case header
        /// Inside the body of a chunk: index into `streams`, bytes left of this chunk.
        case body(stream: Int, left: UInt32)
        case refused(String)
    }

    private struct ChunkStream: Sendable {
        let id: Int
        var messageLength: UInt32 = 0
        var messageType: UInt8 = 0
        var isExtended = false
        /// Bytes to come of the message in progress; 0 between messages.
        var missing: UInt32 = 0
        /// The last four body bytes of a Set Chunk Size or Abort message.
        var controlValue: UInt32 = 0
    }

    private struct Header {
        var length: Int
        var format: UInt8
        var streamID: Int
        var isExtended = false
        var messageLength: UInt32 = 0
        var messageType: UInt8 = 0
    }

    private static let handshakeSize = 1536

    /// Whether C0, C1 and C2 have passed. librtmp's own verdict on the handshake says less: it calls every encoder
    /// "not genuine" that does not sign as Adobe's did.
    package private(set) var handshakeIsComplete = false

    /// Messages that passed whole, empty ones included. librtmp must count the same.
    package private(set) var messageCount: UInt64 = 0

    private let limits: RTMPLimits
    private var phase = Phase.version
    private var streams: [ChunkStream] = []
    private var chunkSize: UInt32 = 128
    private var halfReceived: UInt32 = 0
    private var mediaAccepted = false

    package init(limits: RTMPLimits) { self.limits = limits }

    /// From here on the limits of a publisher hold, instead of those of a stranger.
    package mutating func acceptMedia() { mediaAccepted = true }

    /// Judges the bytes of `range`, which follow those accepted so far.
    ///
    /// The version field of C1 is set to 0, in place: a client that names a version without signing its handshake
    /// would otherwise be left without an answer, and publishing needs no signature.
    /// - Returns: how many bytes from the start of `range` may pass.
    package mutating func inspect(_ bytes: inout [UInt8], in range: Range<Int>) -> (accepted: Int, verdict: Verdict) {
        precondition(range.upperBound <= bytes.count && range.lowerBound >= 0, "a range of the bytes given")
        var offset = range.lowerBound
        while true {
            switch phase {
            case .refused(let reason): return (offset - range.lowerBound, .refuse(reason))
            case .header:
                guard let header = parseHeader(bytes, offset..<range.upperBound) else {
                    return (offset - range.lowerBound, .more)
                }
                switch begin(header) {
                case .more: offset += header.length
                case .hold: return (offset - range.lowerBound, .hold)
                case .refuse(let reason): phase = .refused(reason)
                }
            case .version, .random, .echo, .body:
                guard offset < range.upperBound else { return (offset - range.lowerBound, .more) }
                offset += consume(&bytes, offset..<range.upperBound)
            }
        }
    }

    /// Takes what the handshake or a chunk's body wants of `range`, which is not empty.
    private mutating func consume(_ bytes: inout [UInt8], _ range: Range<Int>) -> Int {
        switch phase {
        case .version:
            guard bytes[range.lowerBound] == 3 else {
                phase = .refused(Self.describe(version: bytes[range.lowerBound]))
                return 0
            }
            phase = .random(0)
            return 1
        case .random(let received):
            let count = min(range.count, Self.handshakeSize - received)
            for index in 4..<8 where (received..<received + count).contains(index) {
                bytes[range.lowerBound + index - received] = 0
            }
            phase = received + count == Self.handshakeSize ? .echo(0) : .random(received + count)
            return count
        case .echo(let received):
            let count = min(range.count, Self.handshakeSize - received)
            handshakeIsComplete = received + count == Self.handshakeSize
            phase = handshakeIsComplete ? .header : .echo(received + count)
            return count
        case .body(let index, let left):
            let count = min(range.count, Int(left))
            if isControl(streams[index].messageType) {
                for byte in bytes[range.lowerBound..<range.lowerBound + count] {
                    streams[index].controlValue = streams[index].controlValue << 8 | UInt32(byte)
                }
            }
            streams[index].missing -= UInt32(count)
            phase = Int(left) == count ? .header : .body(stream: index, left: left - UInt32(count))
            if streams[index].missing == 0 { finish(index) }
            return count
        case .header, .refused: return 0
        }
    }

    /// The header at the start of `range`, or nil while it is not whole.
    private func parseHeader(_ bytes: [UInt8], _ range: Range<Int>) -> Header? {
        guard let first = range.first.map({ bytes[$0] }) else { return nil }
        let format = first >> 6
        let idLength = first & 0x3F > 1 ? 1 : Int(first & 0x3F) + 2
        let fieldsLength = [11, 7, 3, 0][Int(format)]
        guard range.count >= idLength + fieldsLength else { return nil }
        let id =
            switch idLength {
            case 1: Int(first & 0x3F)
            case 2: Int(bytes[range.lowerBound + 1]) + 64
            default: Int(bytes[range.lowerBound + 1]) + Int(bytes[range.lowerBound + 2]) << 8 + 64
            }
        func number24(_ offset: Int) -> UInt32 {
            UInt32(bytes[offset]) << 16 | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2])
        }
        let fields = range.lowerBound + idLength
        var header = Header(length: idLength + fieldsLength, format: format, streamID: id)
        if format == 3 {
            header.isExtended = streams.first { $0.id == id }?.isExtended ?? false
        } else {
            header.isExtended = number24(fields) == 0xFFFFFF
        }
        if format < 2 {
            header.messageLength = number24(fields + 3)
            header.messageType = bytes[fields + 6]
        }
        if header.isExtended { header.length += 4 }
        return range.count >= header.length ? header : nil
    }

    /// Applies a header; `more` stands for accepted.
    private mutating func begin(_ header: Header) -> Verdict {
        let known = streams.firstIndex { $0.id == header.streamID }
        var stream: ChunkStream
        if let known {
            stream = streams[known]
        } else {
            // Old librtmp clients start a chunk stream with type 1, so that has to pass.
            guard header.format < 2 else {
                return .refuse("chunk stream \(header.streamID) starts with a type \(header.format) header")
            }
            guard streams.count < limits.maxChunkStreams else {
                return .refuse("more than \(limits.maxChunkStreams) chunk streams")
            }
            stream = ChunkStream(id: header.streamID)
        }
        if header.format < 3 {
            guard stream.missing == 0 else {
                return .refuse(
                    "a type \(header.format) header on chunk stream \(stream.id) inside an unfinished message, "
                        + "\(stream.missing) of \(stream.messageLength) bytes before its end")
            }
            stream.isExtended = header.isExtended
        }
        if header.format < 2 {
            stream.messageLength = header.messageLength
            stream.messageType = header.messageType
        }
        if stream.missing == 0 {
            let verdict = judgeMessage(stream)
            guard verdict == .more else { return verdict }
            stream.missing = stream.messageLength
            stream.controlValue = 0
            halfReceived += stream.messageLength
        }
        let index = known ?? streams.count
        if index == streams.count { streams.append(stream) } else { streams[index] = stream }
        let body = min(stream.missing, chunkSize)
        if body > 0 {
            phase = .body(stream: index, left: body)
        } else {
            messageCount &+= 1
        }
        return .more
    }

    private func judgeMessage(_ stream: ChunkStream) -> Verdict {
        let length = stream.messageLength
        if isControl(stream.messageType), length != 4 {
            return .refuse("a control message of type \(stream.messageType) with \(length) bytes instead of 4")
        }
        let isMedia = [MessageType.audio, MessageType.video, MessageType.aggregate].contains(stream.messageType)
        let limit = isMedia && mediaAccepted ? limits.maxMediaMessage : limits.maxControlMessage
        let room = mediaAccepted ? limits.maxHalfReceived : limits.maxHalfReceivedBeforePublish
        if length <= limit, UInt64(halfReceived) + UInt64(length) <= UInt64(room) { return .more }
        if isMedia, !mediaAccepted, length <= limits.maxMediaMessage { return .hold }
        if length > limit {
            return .refuse("a message of type \(stream.messageType) with \(length) bytes, at most \(limit)")
        }
        return .refuse("\(halfReceived) bytes of unfinished messages and \(length) more, at most \(room)")
    }

    private mutating func finish(_ index: Int) {
        let stream = streams[index]
        halfReceived -= stream.messageLength
        messageCount &+= 1
        switch stream.messageType {
        case MessageType.setChunkSize:
            if (1...0x7FFF_FFFF).contains(stream.controlValue), stream.controlValue <= limits.maxChunkSize {
                chunkSize = stream.controlValue
            } else {
                phase = .refused("a chunk size of \(stream.controlValue), at most \(limits.maxChunkSize)")
            }
        case MessageType.abort:
            let aborted = streams.firstIndex { UInt32($0.id) == stream.controlValue && $0.missing > 0 }
            if let aborted {
                halfReceived -= streams[aborted].messageLength
                streams[aborted].missing = 0
            }
        default: break
        }
    }

    private func isControl(_ type: UInt8) -> Bool { type == MessageType.setChunkSize || type == MessageType.abort }

    private static func describe(version: UInt8) -> String {
        switch version {
        case 0x16: "a TLS handshake where plain RTMP is spoken"
        case 6, 8, 9: "encrypted RTMP (RTMPE, version \(version)), which protects nothing; use RTMP or RTMPS"
        case UInt8(ascii: "G"), UInt8(ascii: "P"), UInt8(ascii: "O"), UInt8(ascii: "H"): "HTTP where RTMP is spoken"
        default: "RTMP version \(version) instead of 3"
        }
    }
}
