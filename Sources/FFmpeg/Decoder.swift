import CFFmpeg

/// A decoder. Not thread-safe; may use threads of its own.
///
/// After each `send`, call `receive` until it returns nil: the decoder then always takes the next packet.
package struct Decoder: ~Copyable {
    private let context: CodecContext

    /// Pictures beyond this are refused before anything is allocated for them: 4096 by 2304.
    package static let maximumPixels: Int64 = 4096 * 2304

    /// - Parameters:
    ///   - configuration: the `avcC` record; samples carry length fields as it says.
    ///   - threads: frame threads; each delays the output by one frame.
    package init(h264 configuration: [UInt8], threads: Int) throws(FFmpegError) {
        try self.init(AV_CODEC_ID_H264, configuration, threads: threads)
    }

    /// - Parameter configuration: the AudioSpecificConfig; samples are raw_data_blocks without ADTS.
    package init(aac configuration: [UInt8]) throws(FFmpegError) {
        try self.init(AV_CODEC_ID_AAC, configuration, threads: 1)
    }

    private init(_ id: AVCodecID, _ configuration: [UInt8], threads: Int) throws(FFmpegError) {
        guard let codec = avcodec_find_decoder(id) else {
            throw FFmpegError(code: sluice_averror_decoder_not_found, during: .openDecoder)
        }
        let context = try CodecContext(codec)
        context.pointer.pointee.thread_count = Int32(clamping: threads)
        context.pointer.pointee.max_pixels = Self.maximumPixels
        context.pointer.pointee.pkt_timebase = AVRational(num: 1, den: 1000)
        try context.setExtradata(configuration)
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
