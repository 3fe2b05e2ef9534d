import CFFmpeg
package import Media

/// A decoder. Not thread-safe; may use threads of its own.
///
/// After each `send`, call `receive` until it returns nil: the decoder then always takes the next packet.
package struct Decoder: ~Copyable {
    private let context: CodecContext

    /// Pictures beyond this are refused before anything is allocated for them: 4096 by 2304.
    package static let maximumPixels: Int64 = 4096 * 2304

    /// - Parameters:
    ///   - format: samples carry length fields as its record says.
    ///   - threads: frame threads; each delays the output by one frame.
    package init(_ format: VideoFormat, threads: Int) throws(FFmpegError) {
        switch format {
        case .avc(let record): try self.init(avcodec_find_decoder(AV_CODEC_ID_H264), record.bytes, threads: threads)
        case .hevc(let record): try self.init(avcodec_find_decoder(AV_CODEC_ID_HEVC), record.bytes, threads: threads)
        case .av1(let record):
            // FFmpeg's own needs a graphics card.
            try self.init(avcodec_find_decoder_by_name("libdav1d"), record.bytes, threads: threads)
        case .vp9: try self.init(avcodec_find_decoder(AV_CODEC_ID_VP9), [], threads: threads)
        }
    }

    /// - Parameter format: samples are as it has them in RTMP: AAC without ADTS, the others with their own headers.
    package init(_ format: AudioFormat) throws(FFmpegError) {
        switch format {
        case .aac(let configuration):
            try self.init(avcodec_find_decoder(AV_CODEC_ID_AAC), configuration.bytes, threads: 1)
        case .opus(let configuration):
            try self.init(avcodec_find_decoder(AV_CODEC_ID_OPUS), configuration.identificationHeader, threads: 1)
        case .flac(let information):
            try self.init(avcodec_find_decoder(AV_CODEC_ID_FLAC), information.bytes, threads: 1)
        case .ac3: try self.init(avcodec_find_decoder(AV_CODEC_ID_AC3), [], threads: 1)
        case .eac3: try self.init(avcodec_find_decoder(AV_CODEC_ID_EAC3), [], threads: 1)
        case .mp3: try self.init(avcodec_find_decoder(AV_CODEC_ID_MP3), [], threads: 1)
        }
    }

    private init(
        _ codec: UnsafePointer<AVCodec>?, _ configuration: [UInt8], threads: Int
    ) throws(FFmpegError) {
        guard let codec else { throw FFmpegError(code: sluice_averror_decoder_not_found, during: .openDecoder) }
        let context = try CodecContext(codec)
        context.pointer.pointee.thread_count = Int32(clamping: threads)
        context.pointer.pointee.max_pixels = Self.maximumPixels
        context.pointer.pointee.pkt_timebase = AVRational(num: 1, den: 1000)
        if !configuration.isEmpty { try context.setExtradata(configuration) }
        try check(avcodec_open2(context.pointer, codec, nil), .openDecoder)
        self.context = context
    }

    /// Takes one access unit.
    ///
    /// - Parameter presentationTime: in any unit; the frame decoded from it carries it.
    /// - Throws: an error whose `isBadInput` is true where the bytes were broken; the next packet may be sent.
    package mutating func send(_ data: [UInt8], presentationTime: Int64) throws(FFmpegError) {
        // No bytes would mean "end of stream" to the decoder.
        guard !data.isEmpty else { throw FFmpegError(code: sluice_averror_invalid_data, during: .decode) }
        let packet = context.packet
        try check(av_new_packet(packet, Int32(clamping: data.count)), .allocate)
        defer { av_packet_unref(packet) }
        UnsafeMutableRawPointer(packet.pointee.data).copyMemory(from: data, byteCount: data.count)
        packet.pointee.pts = presentationTime
        packet.pointee.dts = sluice_no_pts
        try check(avcodec_send_packet(context.pointer, packet), .decode)
    }

    /// Nothing more comes: `receive` then gives what is held back, and nil at the end.
    package mutating func sendEnd() throws(FFmpegError) {
        let code = avcodec_send_packet(context.pointer, nil)
        if code != sluice_averror_eof { try check(code, .decode) }
    }

    /// The next frame in presentation order; nil when another packet is needed, or at the end.
    package mutating func receive() throws(FFmpegError) -> Frame? {
        let frame = Frame(owning: try allocated(av_frame_alloc()))
        let code = avcodec_receive_frame(context.pointer, frame.pointer)
        if code == sluice_averror_eagain || code == sluice_averror_eof { return nil }
        try check(code, .decode)
        return frame
    }
}
