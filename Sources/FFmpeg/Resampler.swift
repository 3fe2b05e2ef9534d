import CFFmpeg

/// Sound as planar floating-point samples, -1 to 1, the same number in each channel.
package struct PCMBlock: Sendable, Equatable {
    package var channels: [[Float]]

    package init(channels count: Int) { channels = Array(repeating: [], count: count) }

    package var count: Int { channels.first?.count ?? 0 }

    package mutating func appendSilence(_ count: Int) {
        for channel in channels.indices { channels[channel].append(contentsOf: repeatElement(0, count: count)) }
    }

    package mutating func append(_ other: PCMBlock, from offset: Int = 0) {
        for channel in channels.indices { channels[channel].append(contentsOf: other.channels[channel][offset...]) }
    }

    package mutating func removeFirst(_ count: Int) {
        for channel in channels.indices { channels[channel].removeFirst(count) }
    }
}

/// Brings sound of any format to one rate and number of channels. Not thread-safe.
package struct Resampler: ~Copyable {
    private struct Source: Equatable {
        var rate: Int32
        var channels: Int32
        var format: Int32
    }

    private let sampleRate: Int32
    private let channels: Int
    private var source: Source?
    private var context: OpaquePointer?

    package init(sampleRate: Int, channels: Int) {
        self.sampleRate = Int32(clamping: sampleRate)
        self.channels = channels
    }

    deinit {
        var context = context
        swr_free(&context)
    }

    /// Samples, at the output's rate, that went in and have not come out yet.
    package var delay: Int {
        guard let context else { return 0 }
        return Int(swr_get_delay(context, Int64(sampleRate)))
    }

    /// The frame's sound at the output's rate, as far as it comes out at once.
    package mutating func convert(_ frame: Frame) throws(FFmpegError) -> PCMBlock {
        let input = frame.pointer.pointee
        let source = Source(rate: input.sample_rate, channels: input.ch_layout.nb_channels, format: input.format)
        var output = PCMBlock(channels: channels)
        if source != self.source {
            output = try drain()
            try open(source, like: frame)
        }
        // FFmpeg takes the planes as pointers to constant bytes.
        let planes = UnsafeMutableRawPointer(input.extended_data)?.assumingMemoryBound(to: UnsafePointer<UInt8>?.self)
        output.append(try pull(from: planes, count: input.nb_samples))
        return output
    }

    /// What is still held back; the next frame starts anew.
    package mutating func drain() throws(FFmpegError) -> PCMBlock {
        guard context != nil else { return PCMBlock(channels: channels) }
        let rest = try pull(from: nil, count: 0)
        swr_free(&context)
        source = nil
        return rest
    }

    /// Stretches (positive) or squeezes the sound by `samples` over the next `distance` samples of output.
    package mutating func compensate(_ samples: Int, over distance: Int) throws(FFmpegError) {
        guard let context else { return }
        try check(swr_set_compensation(context, Int32(clamping: samples), Int32(clamping: distance)), .resample)
    }

    private mutating func open(_ source: Source, like frame: Frame) throws(FFmpegError) {
        var layout = AVChannelLayout()
        av_channel_layout_default(&layout, Int32(clamping: channels))
        defer { av_channel_layout_uninit(&layout) }
        try check(
            swr_alloc_set_opts2(
                &context, &layout, AV_SAMPLE_FMT_FLTP, sampleRate, &frame.pointer.pointee.ch_layout,
                AVSampleFormat(source.format), source.rate, 0, nil), .openResampler)
        try check(swr_init(context), .openResampler)
        self.source = source
    }

    private func pull(
        from planes: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, count: Int32
    ) throws(FFmpegError) -> PCMBlock {
        let capacity = try check(swr_get_out_samples(context, count), .resample)
        var block = PCMBlock(channels: channels)
        guard capacity > 0 else { return block }
        let stride = Int(capacity)
        let space = UnsafeMutablePointer<Float>.allocate(capacity: stride * channels)
        defer { space.deallocate() }
        var outputs: [UnsafeMutablePointer<UInt8>?] = (0..<channels).map { channel in
            UnsafeMutableRawPointer(space + channel * stride).assumingMemoryBound(to: UInt8.self)
        }
        let made = try check(swr_convert(context, &outputs, capacity, planes, count), .resample)
        for channel in 0..<channels {
            block.channels[channel] = [Float](
                UnsafeBufferPointer(start: space + channel * stride, count: Int(made)))
        }
        return block
    }
}
