import FFmpeg
import Media
import RTMPServer

/// One stream of a file, as the messages of one of an encoder's tracks.
struct FileTrack {
    private enum Form {
        /// As RTMP has it.
        case plain
        /// H.264 or HEVC behind start codes.
        case byteStream(ByteStreamPicture.Codec)
        /// AAC with headers.
        case adts
    }

    private let message: FileMessage
    private let form: Form
    /// What a decoder is told; empty where it needs nothing.
    private var configuration: [UInt8]

    /// Nil for a codec that is not taken.
    init?(_ stream: MediaFilePackets.Stream, track: UInt8) {
        let (fourCC, hasOffset): (FourCC, Bool)
        var form = Form.plain
        var configuration = stream.configuration
        func takeApart(_ codec: ByteStreamPicture.Codec) {
            // A configuration record begins with its version, parameter sets with a start code.
            guard configuration.first != 1 else { return }
            form = .byteStream(codec)
            configuration = ByteStreamPicture(configuration, codec).configuration(codec) ?? []
        }
        switch stream.codec {
        case .avc:
            (fourCC, hasOffset) = ("avc1", true)
            takeApart(.avc)
        case .hevc:
            (fourCC, hasOffset) = ("hvc1", true)
            takeApart(.hevc)
        case .av1: (fourCC, hasOffset) = ("av01", false)
        case .vp9: (fourCC, hasOffset) = ("vp09", false)
        case .aac:
            (fourCC, hasOffset) = ("mp4a", false)
            if configuration.isEmpty { form = .adts }
        case .opus: (fourCC, hasOffset) = ("Opus", false)
        case .flac: (fourCC, hasOffset) = ("fLaC", false)
        case .ac3: (fourCC, hasOffset) = ("ac-3", false)
        case .eac3: (fourCC, hasOffset) = ("ec-3", false)
        case .mp3: (fourCC, hasOffset) = (".mp3", false)
        case .other: return nil
        }
        self.form = form
        self.configuration = configuration
        message = FileMessage(
            kind: stream.kind == .video ? .video : .audio, track: track, fourCC: fourCC, hasCompositionOffset: hasOffset
        )
    }

    var isSound: Bool { message.kind == .audio }

    /// What comes before a file's first sample.
    func opening(at time: Int64) -> [RTMPMessage] {
        configuration.isEmpty ? [] : [message.configuration(configuration, at: time)]
    }

    /// - Returns: none for a packet with nothing in it that can be used.
    mutating func messages(
        _ packet: MediaFilePackets.Packet, decode: Int64, presentation: Int64
    ) -> [RTMPMessage] {
        var messages: [RTMPMessage] = []
        var data = packet.data
        switch form {
        case .plain: break
        case .byteStream(let codec):
            let picture = ByteStreamPicture(data, codec)
            data = picture.data
            if packet.isKey, let found = picture.configuration(codec) { change(to: found, decode, &messages) }
        case .adts:
            guard let frame = ADTSFrame(data) else { return [] }
            data = frame.data
            change(to: frame.configuration, presentation, &messages)
        }
        guard !data.isEmpty, message.kind == .audio || !isAhead else { return messages }
        return messages
            + [message.sample(decode: decode, presentation: presentation, isKey: packet.isKey, data)]
    }

    /// Pictures come before what a decoder must be told.
    private var isAhead: Bool { if case .byteStream = form { configuration.isEmpty } else { false } }

    private mutating func change(to found: [UInt8], _ time: Int64, _ messages: inout [RTMPMessage]) {
        guard found != configuration else { return }
        configuration = found
        messages.append(message.configuration(found, at: time))
    }
}
