import CFFmpeg

/// A media file in memory or behind a descriptor, taken apart by FFmpeg's demuxers: MP4 and MOV, Matroska and WebM, MPEG-TS,
/// FLV; with sound alone also WAV, MP3, FLAC, Ogg and ADTS. Nothing is opened beside it, by path or otherwise. Not
/// thread-safe.
struct MediaFile: ~Copyable {
    let format: UnsafeMutablePointer<AVFormatContext>
    private let io: UnsafeMutablePointer<AVIOContext>
    /// Kept alive as long as FFmpeg reads from it.
    private let bytes: FileBytes
    let packet: UnsafeMutablePointer<AVPacket>
    /// Nil where it has none; a cover is no picture that moves.
    let video: UnsafeMutablePointer<AVStream>?
    let audio: UnsafeMutablePointer<AVStream>?

    private static let demuxers = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,flv,wav,mp3,flac,ogg,aac"
    private static let blockSize: Int32 = 1 << 16

    /// - Throws: an error of `readFile` for what no demuxer knows.
    init(_ bytes: [UInt8]) throws(FFmpegError) { try self.init(FileBytes(bytes)) }

    /// - Throws: an error of `readFile` for what no demuxer knows.
    init(_ owner: FileBytes) throws(FFmpegError) {
        guard let packet = av_packet_alloc() else {
            throw FFmpegError(code: sluice_averror_enomem, during: .allocate)
        }
        let io: UnsafeMutablePointer<AVIOContext>
        let format: UnsafeMutablePointer<AVFormatContext>
        do throws(FFmpegError) {
            io = try Self.makeIO(owner)
            do throws(FFmpegError) { format = try Self.open(io) } catch {
                Self.free(io)
                throw error
            }
        } catch {
            var packet: UnsafeMutablePointer<AVPacket>? = packet
            av_packet_free(&packet)
            throw error
        }
        self.bytes = owner
        self.packet = packet
        self.io = io
        self.format = format
        video = Self.stream(AVMEDIA_TYPE_VIDEO, of: format)
        audio = Self.stream(AVMEDIA_TYPE_AUDIO, of: format)
    }

    deinit {
        var (format, packet): (UnsafeMutablePointer<AVFormatContext>?, UnsafeMutablePointer<AVPacket>?) = (
            format, packet
        )
        avformat_close_input(&format)
        av_packet_free(&packet)
        Self.free(io)
    }

    /// Reads the next packet of a stream into `packet`; false at the end, and where the rest is broken.
    func next(of stream: UnsafeMutablePointer<AVStream>) -> Bool {
        while true {
            av_packet_unref(packet)
            guard av_read_frame(format, packet) >= 0 else { return false }
            if packet.pointee.stream_index == stream.pointee.index { return true }
        }
    }

    private static func makeIO(_ bytes: FileBytes) throws(FFmpegError) -> UnsafeMutablePointer<AVIOContext> {
        let io = avio_alloc_context(
            av_malloc(Int(blockSize))?.assumingMemoryBound(to: UInt8.self), blockSize, 0,
            Unmanaged.passUnretained(bytes).toOpaque(),
            { bytes, buffer, count in
                guard let bytes, let buffer else { return sluice_averror_einval }
                return Unmanaged<FileBytes>.fromOpaque(bytes).takeUnretainedValue().read(
                    into: UnsafeMutableRawBufferPointer(start: buffer, count: Int(count)))
            }, nil,
            { bytes, offset, origin in
                guard let bytes else { return Int64(sluice_averror_einval) }
                return Unmanaged<FileBytes>.fromOpaque(bytes).takeUnretainedValue().seek(offset, origin)
            })
        return try allocated(io)
    }

    private static func open(
        _ io: UnsafeMutablePointer<AVIOContext>
    ) throws(FFmpegError) -> UnsafeMutablePointer<AVFormatContext> {
        var format: UnsafeMutablePointer<AVFormatContext>? = try allocated(avformat_alloc_context())
        format?.pointee.pb = io
        sluice_refuse_files(format)
        var options: OpaquePointer?
        av_dict_set(&options, "format_whitelist", demuxers, 0)
        defer { av_dict_free(&options) }
        // Where it fails, it frees the context.
        try check(avformat_open_input(&format, nil, nil, &options), .readFile)
        let opened = try allocated(format)
        let code = avformat_find_stream_info(opened, nil)
        if code < 0 {
            avformat_close_input(&format)
            throw FFmpegError(code: code, during: .readFile)
        }
        return opened
    }

    /// The one that FFmpeg thinks best of a kind; the others are passed over.
    private static func stream(
        _ kind: AVMediaType, of format: UnsafeMutablePointer<AVFormatContext>
    ) -> UnsafeMutablePointer<AVStream>? {
        let index = av_find_best_stream(format, kind, -1, -1, nil, 0)
        guard index >= 0, index < format.pointee.nb_streams, let stream = format.pointee.streams[Int(index)] else {
            return nil
        }
        return stream.pointee.disposition & sluice_stream_is_cover == 0 ? stream : nil
    }

    private static func free(_ io: UnsafeMutablePointer<AVIOContext>) {
        var io: UnsafeMutablePointer<AVIOContext>? = io
        // FFmpeg may have put a larger buffer in its place.
        av_freep(UnsafeMutableRawPointer(io)?.advanced(by: MemoryLayout<AVIOContext>.offset(of: \.buffer) ?? 0))
        avio_context_free(&io)
    }
}
