import FLV
import Media
import RTMPServer

extension FuzzTarget {
    /// What was read and written again is read as the same.
    static let amf = FuzzTarget(name: "amf") { input in
        guard let values = try? AMF0.parse(input) else { return }
        let written = AMF0.serialize(values)
        let again = (try? AMF0.parse(written)).map(AMF0.serialize)
        require(again == written, "\(values) is not what it is after writing and reading")
    }

    /// A publisher's messages: each a type, a time, a length and its body.
    static let flv = FuzzTarget(name: "flv") { input in
        var input = Input(input)
        var demuxer = Demuxer()
        var sound: AudioFormat?
        while !input.isEmpty {
            let type = input.byte()
            let time = UInt32(input.number32())
            let payload = input.bytes(input.number16())
            for event in (try? demuxer.read(type: type, timestamp: time, payload: payload)) ?? [] {
                switch event {
                case .videoConfiguration(let format, _):
                    _ = (
                        format.name, try? format.codecConfiguration().rfc6381,
                        try? format.withFourByteLengths.codecConfiguration()
                    )
                case .audioConfiguration(let format, _):
                    _ = (format.name, format.sampleRate, format.codecConfiguration?.rfc6381)
                    sound = format
                case .video(_, _, let nanoseconds, _, _, let data):
                    require(nanoseconds < 1_000_000 && !data.isEmpty, "\(event)")
                    _ = (try? AV1TemporalUnit(parsing: data), VP9Frame.isKey(data))
                case .audio(_, _, let nanoseconds, let data):
                    require(nanoseconds < 1_000_000 && !data.isEmpty, "\(event)")
                    _ = (
                        sound?.sampleCount(of: data), OpusPacket.sampleCount(of: data),
                        AC3Configuration.frameCount(in: data)
                    )
                    _ = (EAC3AccessUnit.blockCount(in: data), try? EAC3Configuration(accessUnit: data))
                case .endOfSequence, .metadata, .message, .unsupported: break
                }
            }
        }
    }

    /// A publisher's commands and what is answered to them: messages as for `flv`, and our own decisions between them.
    static let conversation = FuzzTarget(name: "conversation") { input in
        var input = Input(input)
        var conversation = PublisherConversation(peer: "192.0.2.1:1935")
        while !input.isEmpty {
            let type = input.byte()
            switch type {
            case 0x80: _ = conversation.accept()
            case 0x81: _ = conversation.reject(.badName, description: "no")
            case 0x82: _ = conversation.receivedBytes(UInt64(input.number32()))
            default:
                let time = UInt32(input.number32())
                _ = conversation.received(type: type, timestamp: time, payload: input.bytes(input.number16()))
            }
        }
    }
}
