import CFFmpeg

/// Decodes one stream of a media file, from its beginning to its end. Not thread-safe.
///
/// What is broken in it is passed over.
package struct MediaFileReader: ~Copyable {
    package enum Kind: Sendable { case video, audio }

    private let file: MediaFile
    private let stream: UnsafeMutablePointer<AVStream>
    private let context: CodecContext
    private var isAtEnd = false

    /// - Parameter file: the whole of it.
    /// - Throws: where it cannot be read, has no such stream, or no decoder for it.
    package init(_ bytes: [UInt8], _ kind: Kind) throws(FFmpegError) {
        let file = try MediaFile(bytes)
        guard let stream = kind == .video ? file.video : file.audio else {
            throw FFmpegError(code: sluice_averror_stream_not_found, during: .readFile)
        }
        let id = stream.pointee.codecpar.pointee.codec_id
        // FFmpeg's own decoder of AV1 needs a graphics card.
        let codec = id == AV_CODEC_ID_AV1 ? avcodec_find_decoder_by_name("libdav1d") : avcodec_find_decoder(id)
        guard let codec else { throw FFmpegError(code: sluice_averror_decoder_not_found, during: .openDecoder) }
        let context = try CodecContext(codec)
        try check(avcodec_parameters_to_context(context.pointer, stream.pointee.codecpar), .openDecoder)
        context.pointer.pointee.thread_count = 2
        context.pointer.pointee.max_pixels = Decoder.maximumPixels
        context.pointer.pointee.pkt_timebase = stream.pointee.time_base
        try check(avcodec_open2(context.pointer, codec, nil), .openDecoder)
        self.file = file
        self.stream = stream
        self.context = context
    }

    /// The next frame, and its time in ticks of 90 kHz by the file's own clock; nil where it says none. Nil at the end.
    package mutating func next() throws(FFmpegError) -> (frame: Frame, time: Int64?)? {
        while true {
            let frame = Frame(owning: try allocated(av_frame_alloc()))
            let code = avcodec_receive_frame(context.pointer, frame.pointer)
            if code == 0 {
                let time = frame.pointer.pointee.best_effort_timestamp
                return (frame, time == sluice_no_pts ? nil : stream.ticks(time))
            }
            if code == sluice_averror_eof || isAtEnd && code != sluice_averror_eagain { return nil }
            if code == sluice_averror_enomem { throw FFmpegError(code: code, during: .decode) }
            // Broken, or in want of a packet.
            guard !isAtEnd else { return nil }
            isAtEnd = !file.next(of: stream)
            let sent = avcodec_send_packet(context.pointer, isAtEnd ? nil : file.packet)
            if sent == sluice_averror_enomem { throw FFmpegError(code: sent, during: .decode) }
        }
    }
}
