import CFFmpeg

/// A codec's context and the packet that goes through it: owned, freed together.
struct CodecContext: ~Copyable {
    let pointer: UnsafeMutablePointer<AVCodecContext>
    let packet: UnsafeMutablePointer<AVPacket>

    init(_ codec: UnsafePointer<AVCodec>) throws(FFmpegError) {
        var context = avcodec_alloc_context3(codec)
        guard let pointer = context, let packet = av_packet_alloc() else {
            avcodec_free_context(&context)
            throw FFmpegError(code: sluice_averror_enomem, during: .allocate)
        }
        self.pointer = pointer
        self.packet = packet
    }

    deinit {
        var context: UnsafeMutablePointer<AVCodecContext>? = pointer
        var packet: UnsafeMutablePointer<AVPacket>? = packet
        av_packet_free(&packet)
        avcodec_free_context(&context)
    }

    /// Before the codec is opened: a decoder's configuration.
    func setExtradata(_ bytes: [UInt8]) throws(FFmpegError) {
        guard let extradata = av_mallocz(bytes.count + Int(sluice_input_padding)) else {
            throw FFmpegError(code: sluice_averror_enomem, during: .allocate)
        }
        extradata.copyMemory(from: bytes, byteCount: bytes.count)
        pointer.pointee.extradata = extradata.assumingMemoryBound(to: UInt8.self)
        pointer.pointee.extradata_size = Int32(clamping: bytes.count)
    }

    /// What an encoder wrote ahead of its first packet.
    var extradata: [UInt8] {
        [UInt8](UnsafeBufferPointer(start: pointer.pointee.extradata, count: Int(pointer.pointee.extradata_size)))
    }

    /// Gives a frame to an encoder; nil ends the stream, and may be given again.
    func encode(_ frame: UnsafeMutablePointer<AVFrame>?) throws(FFmpegError) {
        let code = avcodec_send_frame(pointer, frame)
        if frame == nil, code == sluice_averror_eof { return }
        try check(code, .encode)
    }

    /// An encoder's next packet; nil when it wants another frame, or at the end.
    func nextPacket() throws(FFmpegError) -> EncodedPacket? {
        let code = avcodec_receive_packet(pointer, packet)
        if code == sluice_averror_eagain || code == sluice_averror_eof { return nil }
        try check(code, .encode)
        defer { av_packet_unref(packet) }
        let bytes = UnsafeBufferPointer(start: packet.pointee.data, count: Int(packet.pointee.size))
        return EncodedPacket(
            data: [UInt8](bytes), presentationTime: packet.pointee.pts,
            isSync: packet.pointee.flags & sluice_packet_is_key != 0)
    }
}

/// What an encoder gives for one frame.
package struct EncodedPacket: Sendable {
    package var data: [UInt8]
    /// In the unit in which frames were numbered when they were sent.
    package var presentationTime: Int64
    /// H.264: an IDR picture.
    package var isSync: Bool
}
