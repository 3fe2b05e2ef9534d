import FLV
import Media

/// What we answer to an encoder: every decision about commands and control messages, without a socket.
/// Adobe RTMP specification 1.0 (2012), clauses 5.4, 7.1.7 and 7.2.
package struct PublisherConversation: Sendable {
    /// What the session around this has to do, in order.
    package enum Action: Sendable, Equatable {
        case send(OutgoingMessage)
        /// Read chunks of this size from now on; 1 to 2^24 - 1.
        case setInputChunkSize(Int32)
        /// Forget the unfinished message of this chunk stream.
        case abort(chunkStream: Int32)
        /// Ask whether this encoder may publish, then call `accept()` or `reject(_:description:)`.
        case requestPublish(PublishRequest)
        case media(RTMPMessage)
        /// The encoder ended its stream.
        case end
        case fail(RTMPError)
    }

    private enum State: Equatable {
        case fresh
        case connected
        /// A publish command waits for its answer.
        case deciding
        case publishing
        case ended
    }

    /// What we tell the peer to acknowledge, and how often we acknowledge when it tells us nothing.
    private static let window: UInt32 = 2_500_000
    private static let outgoingChunkSize: UInt32 = 4096
    private static let streamID: UInt32 = 1

    private let peer: String
    private var state = State.fresh
    private var application = ""
    private var tcURL = ""
    private var flashVersion = ""
    private var acknowledgementWindow = UInt64(Self.window)
    private var received: UInt64 = 0
    private var acknowledged: UInt64 = 0

    /// - Parameter peer: the encoder's address, for the request.
    package init(peer: String) { self.peer = peer }

    /// Whether the encoder would understand a status message: connect was answered.
    package var isConnected: Bool {
        switch state {
        case .connected, .deciding, .publishing, .ended: true
        case .fresh: false
        }
    }

    /// Counts bytes read from the encoder, handshake and headers included.
    package mutating func receivedBytes(_ count: UInt64) -> [Action] {
        received &+= count
        guard received &- acknowledged >= acknowledgementWindow, isConnected else { return [] }
        acknowledged = received
        return [.send(.acknowledgement(UInt32(truncatingIfNeeded: received)))]
    }

    package mutating func received(type: UInt8, timestamp: UInt32, payload: [UInt8]) -> [Action] {
        switch type {
        case MessageType.setChunkSize:
            guard let size = Self.number(payload), size > 0 else { return [] }
            return [.setInputChunkSize(Int32(clamping: min(size, 0xFF_FFFF)))]
        case MessageType.abort:
            guard let chunkStream = Self.number(payload), let id = Int32(exactly: chunkStream) else { return [] }
            return [.abort(chunkStream: id)]
        case MessageType.windowAcknowledgementSize:
            if let size = Self.number(payload), size > 0 { acknowledgementWindow = UInt64(size) }
            return []
        case MessageType.userControl: return Self.userControl(payload)
        case MessageType.audio, MessageType.video, MessageType.amf0Data, MessageType.amf3Data:
            // Before the publication is accepted nobody is there to take it.
            guard state == .publishing else { return [] }
            return [.media(RTMPMessage(type: type, timestamp: timestamp, payload: payload))]
        case MessageType.aggregate:
            return fail("aggregate messages (type 22) are not taken: send audio and video apart")
        case MessageType.amf0Command: return command(payload)
        case MessageType.amf3Command:
            // A format byte, then AMF0 as long as nobody switches to AMF3 inside.
            return command(payload.first == 0 ? Array(payload.dropFirst()) : payload)
        default: return []
        }
    }

    /// The publication may begin.
    package mutating func accept() -> [Action] {
        guard state == .deciding else { return [] }
        state = .publishing
        return [
            .send(.streamBegin(Self.streamID)),
            Self.status("status", .start, "Publishing."),
        ]
    }

    /// The publication may not begin, or goes on no longer: `description` is what the encoder shows its user.
    package mutating func reject(_ code: StatusCode, description: String) -> [Action] {
        guard isConnected else { return [] }
        state = .ended
        return [Self.status("error", code, description)]
    }

    private mutating func command(_ payload: [UInt8]) -> [Action] {
        let values: [AMF0]
        do throws(ParseError) {
            values = try AMF0.parse(payload)
        } catch {
            return fail("a command that is not AMF0: \(error)")
        }
        guard let name = values.first?.string else { return fail("a command without a name") }
        let transaction = values.count > 1 ? values[1].number ?? 0 : 0
        switch name {
        case "connect": return connect(transaction, values.count > 2 ? values[2] : .null)
        case "releaseStream": return [Self.result(transaction, .null, .undefined)]
        case "FCPublish":
            let status = AMF0.object([
                .init("code", .string(StatusCode.start.rawValue)), .init("description", .string("FCPublish")),
            ])
            return [
                Self.result(transaction, .null, .undefined),
                .send(.command([.string("onFCPublish"), .number(0), .null, status], streamID: 0)),
            ]
        case "createStream":
            guard isConnected else { return fail("createStream before connect") }
            return [Self.result(transaction, .null, .number(Double(Self.streamID)))]
        case "publish": return publish(values.count > 3 ? values[3].string ?? "" : "")
        case "play", "play2": return refuse(.playFailed, "This address takes publishers only.")
        case "FCUnpublish", "deleteStream", "closeStream": return unpublish()
        default: return []
        }
    }

    private mutating func connect(_ transaction: Double, _ object: AMF0) -> [Action] {
        guard state == .fresh else { return fail("a second connect") }
        application = object["app"]?.string ?? ""
        tcURL = StreamAddress.redacted(url: object["tcUrl"]?.string ?? "")
        flashVersion = String((object["flashVer"]?.string ?? "").prefix(256))
        guard application.utf8.count <= 2048, tcURL.utf8.count <= 2048,
            !StreamAddress(application: application, streamName: "").app.isEmpty
        else {
            let text = "No channel in the address: use rtmp://HOST/CHANNEL and a stream key."
            return [
                .send(
                    .command(
                        [
                            .string("_error"), .number(transaction), .null,
                            Self.information("error", .connectRejected, text),
                        ], streamID: 0)),
                .fail(RTMPError(.protocolViolation, text)),
            ]
        }
        state = .connected
        var answer: [AMF0.Property] = [.init("fmsVer", .string("FMS/3,0,1,123")), .init("capabilities", .number(31))]
        if EnhancedCapabilities.areAsked(by: object) { answer += EnhancedCapabilities.properties }
        var information = Self.information("status", .connectSuccess, "Connection succeeded.").properties ?? []
        information.append(.init("objectEncoding", .number(0)))
        return [
            .send(.windowAcknowledgementSize(Self.window)),
            .send(.setPeerBandwidth(Self.window)),
            .send(.setChunkSize(Self.outgoingChunkSize)),
            Self.result(transaction, .object(answer), .object(information)),
        ]
    }

    private mutating func publish(_ name: String) -> [Action] {
        switch state {
        case .fresh: return fail("publish before connect")
        case .deciding, .publishing, .ended: return fail("a second publish on one connection")
        case .connected: break
        }
        let address = StreamAddress(application: application, streamName: name)
        guard !address.key.isEmpty else {
            return refuse(.badName, "No stream key: use rtmp://HOST/CHANNEL and a stream key.")
        }
        guard address.app.utf8.count <= 256, address.key.utf8.count <= 1024 else {
            return refuse(.badName, "Channel or stream key too long.")
        }
        state = .deciding
        let request = PublishRequest(
            app: address.app, streamKey: StreamKey(address.key), tcURL: tcURL, flashVersion: flashVersion, peer: peer)
        return [.requestPublish(request)]
    }

    private mutating func unpublish() -> [Action] {
        switch state {
        case .publishing:
            state = .ended
            return [Self.status("status", .unpublishSuccess, "Unpublished."), .end]
        // Some encoders clear a name that they may have used before; the others left while we were deciding.
        case .fresh, .connected: return []
        case .deciding, .ended: return [.end]
        }
    }

    private mutating func refuse(_ code: StatusCode, _ description: String) -> [Action] {
        reject(code, description: description) + [.fail(RTMPError(.protocolViolation, description))]
    }

    private func fail(_ reason: String) -> [Action] { [.fail(RTMPError(.protocolViolation, reason))] }

    private static func userControl(_ payload: [UInt8]) -> [Action] {
        guard payload.count >= 6, payload[0] == 0, payload[1] == 6, let time = number(Array(payload[2..<6])) else {
            return []
        }
        return [.send(.pingResponse(time))]
    }

    private static func number(_ bytes: [UInt8]) -> UInt32? {
        guard bytes.count >= 4 else { return nil }
        return bytes[..<4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func result(_ transaction: Double, _ properties: AMF0, _ information: AMF0) -> Action {
        .send(.command([.string("_result"), .number(transaction), properties, information], streamID: 0))
    }

    private static func status(_ level: String, _ code: StatusCode, _ description: String) -> Action {
        let information = information(level, code, description)
        return .send(.command([.string("onStatus"), .number(0), .null, information], streamID: streamID))
    }

    private static func information(_ level: String, _ code: StatusCode, _ description: String) -> AMF0 {
        .object([
            .init("level", .string(level)), .init("code", .string(code.rawValue)),
            .init("description", .string(description)),
        ])
    }
}
