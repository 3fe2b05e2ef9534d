import CFFmpeg

/// An AAC-LC encoder for planar floating-point sound. Not thread-safe.
///
/// A packet's time is that of the first sample a decoder gives out for it. The first packet therefore lies one
/// frame before the first sample sent: the encoder's priming.
package struct AudioEncoder: ~Copyable {
    private let context: CodecContext
    private let channels: Int

    /// Samples of a frame in each channel.
    package static let frameSize = 1024

    package init(sampleRate: Int, channels: Int, bitrate: Int) throws(FFmpegError) {
        guard let codec = avcodec_find_encoder_by_name("aac") else {
            throw FFmpegError(code: sluice_averror_encoder_not_found, during: .openEncoder)
        }
        let owner = try CodecContext(codec)
        let context = owner.pointer
        context.pointee.sample_fmt = AV_SAMPLE_FMT_FLTP
        context.pointee.sample_rate = Int32(clamping: sampleRate)
        context.pointee.time_base = AVRational(num: 1, den: Int32(clamping: sampleRate))
        context.pointee.bit_rate = Int64(bitrate)
        context.pointee.flags |= Int32(bitPattern: sluice_flag_global_header)
        sluice_set_default_layout(context, Int32(clamping: channels))
        try check(avcodec_open2(context, codec, nil), .openEncoder)
        guard context.pointee.frame_size == Int32(Self.frameSize) else {
            throw FFmpegError(code: sluice_averror_einval, during: .openEncoder)
        }
        self.channels = channels
        self.context = owner
    }

    /// The AudioSpecificConfig.
    package var configuration: [UInt8] { context.extradata }

    /// Takes one frame: `frameSize` samples of each channel from `offset` on.
    ///
    /// - Parameter time: of its first sample, in samples.
    package mutating func send(_ sound: PCMBlock, from offset: Int, at time: Int64) throws(FFmpegError) {
        guard sound.channels.count == channels, offset >= 0, sound.count - offset >= Self.frameSize else {
            throw FFmpegError(code: sluice_averror_einval, during: .encode)
        }
        let frame = Frame(owning: try allocated(av_frame_alloc()))
        frame.pointer.pointee.format = AV_SAMPLE_FMT_FLTP.rawValue
        frame.pointer.pointee.sample_rate = context.pointer.pointee.sample_rate
        frame.pointer.pointee.nb_samples = Int32(Self.frameSize)
        frame.pointer.pointee.pts = time
        sluice_frame_set_default_layout(frame.pointer, Int32(clamping: channels))
        try check(av_frame_get_buffer(frame.pointer, 0), .allocate)
        for (channel, samples) in sound.channels.enumerated() {
            guard let plane = frame.pointer.pointee.extended_data[channel] else { continue }
            samples.withUnsafeBytes { bytes in
                let size = MemoryLayout<Float>.size
                UnsafeMutableRawBufferPointer(start: plane, count: Self.frameSize * size)
                    .copyMemory(from: .init(rebasing: bytes[offset * size..<(offset + Self.frameSize) * size]))
            }
        }
        try context.encode(frame.pointer)
    }

    /// Nothing more comes: `receive` then gives what is held back.
    package mutating func sendEnd() throws(FFmpegError) {
        try context.encode(nil)
    }

    /// The next frame; nil when more sound is needed, or at the end.
    package mutating func receive() throws(FFmpegError) -> EncodedPacket? {
        try context.nextPacket()
    }
}
