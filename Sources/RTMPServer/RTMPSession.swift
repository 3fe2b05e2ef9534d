import CRTMP
import FLV
import Glibc

/// One encoder's connection: librtmp behind a `ChunkGuard`, our answers by a `PublisherConversation`.
///
/// Every call blocks and belongs on one thread of the caller's; `makeStopper()` gives the handle with which other
/// threads end it. The end of this value closes the connection after its last answers were delivered, which takes
/// two seconds at most with an encoder that neither reads nor closes.
package struct RTMPSession: ~Copyable {
    private let rtmp: UnsafeMutablePointer<RTMP>
    private let socket: GuardedSocket
    private var conversation: PublisherConversation
    private var hasServed = false
    private var isOver = false

    /// - Parameters:
    ///   - socket: the accepted connection; it belongs to the session from here on, also when this throws.
    ///   - limits: what this encoder may make us do.
    package init(socket: CInt, limits: RTMPLimits = RTMPLimits()) throws(RTMPError) {
        conversation = PublisherConversation(peer: peerAddress(of: socket))
        let guarded = try GuardedSocket(encoder: socket, limits: limits)
        let librarySocket = try guarded.makeLibrarySocket()
        sluice_rtmp_silence()
        guard let rtmp = RTMP_Alloc() else {
            close(librarySocket)
            throw RTMPError(.system, "no memory for a session")
        }
        RTMP_Init(rtmp)
        sluice_rtmp_set_socket(rtmp, librarySocket)
        self.rtmp = rtmp
        self.socket = guarded
    }

    deinit {
        RTMP_Close(rtmp)
        RTMP_Free(rtmp)
    }

    /// Ends a session from another thread.
    package struct Stopper: Sendable {
        fileprivate let control: GuardControl

        /// The session's call in progress, and the next one, throw `.stopped` with this reason. The encoder is
        /// told the reason as well.
        package func stop(_ reason: String) { control.stop(reason) }
    }

    package func makeStopper() -> Stopper { Stopper(control: socket.control) }

    /// Speaks with the encoder until it asks to publish. Answer with `acceptPublish` or `rejectPublish`.
    package mutating func awaitPublish() throws(RTMPError) -> PublishRequest {
        try serve()
        while true {
            switch try step() {
            case .request(let request): return request
            case .end: throw RTMPError(.disconnected, "the encoder left before it published")
            case .none, .message: break
            }
        }
    }

    /// Lets the encoder begin.
    package mutating func acceptPublish() throws(RTMPError) {
        socket.control.acceptMedia()
        for action in conversation.accept() { _ = try perform(action) }
    }

    /// Tells the encoder why it may not publish, or not go on. The connection ends with this value.
    ///
    /// - Parameter description: what encoders show their user; no secrets.
    package mutating func rejectPublish(_ code: StatusCode, description: String) {
        tell(code, description)
    }

    /// The next media or data message; nil when the encoder ended its stream.
    ///
    /// - Throws: `.refused` with the guard's reason, `.disconnected` when the connection broke, `.timedOut`,
    ///   `.stopped`, `.protocolViolation`. The encoder has been told where that was possible.
    package mutating func nextMessage() throws(RTMPError) -> RTMPMessage? {
        while true {
            switch try step() {
            case .message(let message): return message
            case .end: return nil
            case .none, .request: break
            }
        }
    }

    private enum Outcome {
        case none
        case request(PublishRequest)
        case message(RTMPMessage)
        case end
    }

    /// The handshake. librtmp's result is not asked: it is false for encoders that sign as FFmpeg does, after
    /// everything was exchanged. What counts is that the guard saw all three parts.
    private mutating func serve() throws(RTMPError) {
        guard !hasServed else { return }
        hasServed = true
        _ = RTMP_Serve(rtmp)
        guard socket.control.handshakeIsComplete, RTMP_IsConnected(rtmp) != 0 else {
            throw endingError(orElse: RTMPError(.handshake, "the handshake did not finish"))
        }
    }

    /// Reads one message and does what it asks for.
    private mutating func step() throws(RTMPError) -> Outcome {
        guard !isOver else { return .end }
        let message = try readMessage()
        let count = UInt64(UInt32(bitPattern: sluice_rtmp_take_bytes_in(rtmp)))
        var outcome = Outcome.none
        let actions =
            conversation.received(type: message.type, timestamp: message.timestamp, payload: message.payload)
            + conversation.receivedBytes(count)
        for action in actions {
            switch try perform(action) {
            case .none: break
            case .request(let request): outcome = .request(request)
            case .message(let message): outcome = .message(message)
            case .end: outcome = .end
            }
        }
        return outcome
    }

    private mutating func perform(_ action: PublisherConversation.Action) throws(RTMPError) -> Outcome {
        switch action {
        case .send(let message): try send(message)
        case .setInputChunkSize(let size): sluice_rtmp_set_in_chunk_size(rtmp, size)
        case .abort(let chunkStream): sluice_rtmp_abort(rtmp, chunkStream)
        case .requestPublish(let request): return .request(request)
        case .media(let message): return .message(message)
        case .end:
            isOver = true
            return .end
        case .fail(let error):
            if error.code == .protocolViolation { tell(.failed, error.reason) }
            throw error
        }
        return .none
    }

    private mutating func readMessage() throws(RTMPError) -> RTMPMessage {
        while true {
            var packet = RTMPPacket()
            guard RTMP_ReadPacket(rtmp, &packet) != 0 else {
                // The body, if there is one, may be freed already by RTMP_Close inside: it is not ours to touch.
                let error = endingError(
                    orElse: RTMPError(.disconnected, "the connection ended without the end of the stream"))
                tell(.failed, error.reason)
                throw error
            }
            guard packet.m_nBytesRead == packet.m_nBodySize else { continue }
            var payload: [UInt8] = []
            if let body = packet.m_body {
                payload = Array(UnsafeRawBufferPointer(start: body, count: Int(packet.m_nBodySize)))
                RTMPPacket_Free(&packet)
            }
            return RTMPMessage(type: packet.m_packetType, timestamp: packet.m_nTimeStamp, payload: payload)
        }
    }

    private func send(_ message: OutgoingMessage) throws(RTMPError) {
        let body = message.body
        let headerSpace = Int(RTMP_MAX_HEADER_SIZE)
        // librtmp writes its chunk headers in front of the body, and later over the bytes that are sent already.
        var bytes = [UInt8](repeating: 0, count: headerSpace) + body
        let sent = bytes.withUnsafeMutableBytes { buffer in
            var packet = RTMPPacket()
            packet.m_headerType = UInt8(RTMP_PACKET_SIZE_LARGE)
            packet.m_packetType = message.type
            packet.m_nChannel = message.chunkStream
            packet.m_nInfoField2 = Int32(bitPattern: message.streamID)
            packet.m_nBodySize = UInt32(body.count)
            packet.m_body = buffer.baseAddress.map { $0.assumingMemoryBound(to: CChar.self) + headerSpace }
            return RTMP_SendPacket(rtmp, &packet, 0) != 0
        }
        guard sent else { throw endingError(orElse: RTMPError(.disconnected, "the encoder takes no answers")) }
        if case .setChunkSize(let size) = message { sluice_rtmp_set_out_chunk_size(rtmp, Int32(clamping: size)) }
    }

    /// The last thing an encoder hears. librtmp may have closed its socket, which is then given a new one.
    private mutating func tell(_ code: StatusCode, _ description: String) {
        isOver = true
        do throws(RTMPError) {
            if RTMP_IsConnected(rtmp) == 0 { sluice_rtmp_set_socket(rtmp, try socket.makeLibrarySocket()) }
            for action in conversation.reject(code, description: description) { _ = try perform(action) }
        } catch {
            // why: the session ends with another reason already, and who left cannot be told.
            return
        }
    }

    private func endingError(orElse fallback: RTMPError) -> RTMPError {
        switch socket.control.ending {
        case .none, .peerClosed: fallback
        case .refused(let reason): RTMPError(.refused, reason)
        case .timedOut(let reason): RTMPError(.timedOut, reason)
        case .stopped(let reason): RTMPError(.stopped, reason)
        case .failed(let code): RTMPError(.system, "the encoder's connection: error \(code)")
        }
    }
}
