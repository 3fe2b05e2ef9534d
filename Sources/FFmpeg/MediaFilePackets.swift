import CFFmpeg

/// A media file packet by packet, as it was coded. Not thread-safe.
package struct MediaFilePackets: ~Copyable {
    package enum Kind: Sendable, Equatable { case video, audio }

    package enum Codec: Sendable, Equatable {
        case avc, hevc, av1, vp9
        case aac, opus, flac, ac3, eac3, mp3
        /// FFmpeg's name of any other.
        case other(String)
    }

    package struct Stream: Sendable, Equatable {
        package let kind: Kind
        package let codec: Codec
        /// What the file has for a decoder: a configuration record, parameter sets behind start codes, or nothing.
        package let configuration: [UInt8]
        package let width: Int
        package let height: Int
        /// The file's own place for it.
        fileprivate let index: Int32
        fileprivate let timeBase: AVRational

        package static func == (left: Stream, right: Stream) -> Bool {
            left.index == right.index && left.kind == right.kind && left.codec == right.codec
                && left.configuration == right.configuration
        }
    }

    /// Times in nanoseconds of the file's own clock.
    package struct Packet: Sendable {
        /// Place in `streams`.
        package let stream: Int
        package let decodeTime: Int64
        package let presentationTime: Int64
        /// 0 where nothing says it.
        package let duration: Int64
        package let isKey: Bool
        package let data: [UInt8]
    }

    private let file: MediaFile
    /// Pictures that move and sound, in the file's order.
    package let streams: [Stream]
    /// What of each stream was given last, where a packet has no time of its own.
    private var last: [Int64]

    /// What one packet may hold.
    private static let mostBytes: Int32 = 32 << 20

    /// - Parameter descriptor: of a regular file; closed with this.
    /// - Throws: an error of `readFile` for what no demuxer knows.
    package init(owning descriptor: CInt) throws(FFmpegError) { try self.init(FileBytes(owning: descriptor)) }

    package init(_ bytes: [UInt8]) throws(FFmpegError) { try self.init(FileBytes(bytes)) }

    private init(_ bytes: FileBytes) throws(FFmpegError) {
        let file = try MediaFile(bytes)
        var streams: [Stream] = []
        for place in 0..<Int(file.format.pointee.nb_streams) {
            guard let stream = file.format.pointee.streams[place] else { continue }
            if let made = Stream(stream) { streams.append(made) } else { stream.pointee.discard = AVDISCARD_ALL }
        }
        self.file = file
        self.streams = streams
        last = Array(repeating: .min, count: streams.count)
    }

    /// Packets of others are left out.
    package func use(_ places: Set<Int>) {
        for (place, stream) in streams.enumerated() where !places.contains(place) {
            file.format.pointee.streams[Int(stream.index)]?.pointee.discard = AVDISCARD_ALL
        }
    }

    /// Goes on at the key frame at or before a time after the beginning, as near as the file's index says; where it
    /// cannot, at the beginning.
    package func seek(milliseconds: Int64) {
        let start = file.format.pointee.start_time == sluice_no_pts ? 0 : file.format.pointee.start_time
        let (time, overflow) = start.addingReportingOverflow(min(max(milliseconds, 0), 1 << 40) * 1000)
        if !overflow { _ = av_seek_frame(file.format, -1, time, AVSEEK_FLAG_BACKWARD) }
    }

    /// The next packet in the file's order; nil at the end.
    ///
    /// - Throws: an error of `readFile` where the rest cannot be read.
    package mutating func next() throws(FFmpegError) -> Packet? {
        while true {
            av_packet_unref(file.packet)
            let code = av_read_frame(file.format, file.packet)
            if code == sluice_averror_eof { return nil }
            if code == sluice_averror_eagain { continue }
            try check(code, .readFile)
            if let packet = packet() { return packet }
        }
    }

    /// Nil for one of another stream, of no bytes or of no time.
    private mutating func packet() -> Packet? {
        let packet = file.packet.pointee
        guard let place = streams.firstIndex(where: { $0.index == packet.stream_index }), let data = packet.data,
            (1...Self.mostBytes).contains(packet.size)
        else { return nil }
        let timeBase = streams[place].timeBase
        func nanoseconds(_ time: Int64) -> Int64? {
            guard time != sluice_no_pts else { return nil }
            let value = av_rescale_q(time, timeBase, AVRational(num: 1, den: 1_000_000_000))
            // 36 years: no clock of a file shows more, and no sum of a few overflows.
            return abs(max(value, -.max)) < 1 << 60 ? value : nil
        }
        let duration = max(nanoseconds(packet.duration) ?? 0, 0)
        let stated = nanoseconds(packet.dts)
        let shown = nanoseconds(packet.pts) ?? stated
        guard let presentation = shown ?? (last[place] == .min ? nil : last[place] + max(duration, 1)) else {
            return nil
        }
        let decode = min(stated ?? presentation, presentation)
        last[place] = decode
        return Packet(
            stream: place, decodeTime: decode, presentationTime: presentation,
            duration: min(duration, 60_000_000_000), isKey: packet.flags & sluice_packet_is_key != 0,
            data: Array(UnsafeBufferPointer(start: data, count: Int(packet.size))))
    }
}

extension MediaFilePackets.Stream {
    /// Nil for what is neither a picture that moves nor sound.
    fileprivate init?(_ stream: UnsafeMutablePointer<AVStream>) {
        let parameters = stream.pointee.codecpar.pointee
        switch parameters.codec_type {
        case AVMEDIA_TYPE_VIDEO where stream.pointee.disposition & sluice_stream_is_cover == 0: kind = .video
        case AVMEDIA_TYPE_AUDIO: kind = .audio
        default: return nil
        }
        codec = MediaFilePackets.Codec(parameters.codec_id)
        configuration =
            parameters.extradata == nil
            ? []
            : Array(UnsafeBufferPointer(start: parameters.extradata, count: Int(max(parameters.extradata_size, 0))))
        width = Int(parameters.width)
        height = Int(parameters.height)
        index = stream.pointee.index
        timeBase = stream.pointee.time_base
    }
}

extension MediaFilePackets.Codec {
    fileprivate init(_ id: AVCodecID) {
        switch id {
        case AV_CODEC_ID_H264: self = .avc
        case AV_CODEC_ID_HEVC: self = .hevc
        case AV_CODEC_ID_AV1: self = .av1
        case AV_CODEC_ID_VP9: self = .vp9
        case AV_CODEC_ID_AAC: self = .aac
        case AV_CODEC_ID_OPUS: self = .opus
        case AV_CODEC_ID_FLAC: self = .flac
        case AV_CODEC_ID_AC3: self = .ac3
        case AV_CODEC_ID_EAC3: self = .eac3
        case AV_CODEC_ID_MP3: self = .mp3
        default: self = .other(String(cString: avcodec_get_name(id)))
        }
    }

    package var name: String {
        switch self {
        case .avc: "H.264"
        case .hevc: "HEVC"
        case .av1: "AV1"
        case .vp9: "VP9"
        case .aac: "AAC"
        case .opus: "Opus"
        case .flac: "FLAC"
        case .ac3: "AC-3"
        case .eac3: "E-AC-3"
        case .mp3: "MP3"
        case .other(let name): name
        }
    }
}
