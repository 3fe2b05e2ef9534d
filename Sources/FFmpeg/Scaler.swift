import CFFmpeg

/// Brings pictures of any size and format to one size in yuv420p with limited range and square pixels; bicubic.
///
/// A picture that is like that already is passed through untouched. Not thread-safe.
package struct Scaler: ~Copyable {
    /// What the conversion depends on; a change sets it up anew.
    private struct Source: Equatable {
        var width: Int32
        var height: Int32
        var format: AVPixelFormat
        var isFullRange: Bool
        var matrix: UInt32
    }

    private let width: Int32
    private let height: Int32
    private var source: Source?
    private var context: OpaquePointer?
    private var pool: OpaquePointer?

    private static let alignment: Int32 = 64

    /// - Parameters: width, height: of the output, even, at least 2.
    package init(width: Int, height: Int) {
        self.width = Int32(clamping: width)
        self.height = Int32(clamping: height)
    }

    deinit {
        sws_freeContext(context)
        var pool = pool
        av_buffer_pool_uninit(&pool)
    }

    /// The picture at the output's size, with the input's times and side data (captions).
    package mutating func scale(_ frame: Frame) throws(FFmpegError) -> Frame {
        let input = frame.pointer.pointee
        let source = Source(
            width: input.width, height: input.height,
            format: sluice_without_range(AVPixelFormat(input.format)),
            isFullRange: input.color_range == AVCOL_RANGE_JPEG
                || sluice_without_range(AVPixelFormat(input.format)) != AVPixelFormat(input.format),
            matrix: input.colorspace.rawValue)
        if source.width == width, source.height == height, source.format == AV_PIX_FMT_YUV420P, !source.isFullRange {
            return frame
        }
        if source != self.source { try open(source) }
        let output = try makeFrame()
        try check(av_frame_copy_props(output.pointer, frame.pointer), .scale)
        output.pointer.pointee.color_range = AVCOL_RANGE_MPEG
        output.pointer.pointee.sample_aspect_ratio = AVRational(num: 1, den: 1)
        let lines = withUnsafePointer(to: frame.pointer.pointee) { input in
            withUnsafePointer(to: input.pointee.data) { data in
                data.withMemoryRebound(to: UnsafePointer<UInt8>?.self, capacity: 8) { planes in
                    withUnsafePointer(to: input.pointee.linesize) { strides in
                        strides.withMemoryRebound(to: Int32.self, capacity: 8) { strides in
                            scaleLines(planes, strides, into: output)
                        }
                    }
                }
            }
        }
        try check(lines, .scale)
        return output
    }

    private func scaleLines(
        _ planes: UnsafePointer<UnsafePointer<UInt8>?>, _ strides: UnsafePointer<Int32>, into output: Frame
    ) -> Int32 {
        withUnsafeMutablePointer(to: &output.pointer.pointee.data) { data in
            data.withMemoryRebound(to: UnsafeMutablePointer<UInt8>?.self, capacity: 8) { data in
                withUnsafeMutablePointer(to: &output.pointer.pointee.linesize) { lines in
                    lines.withMemoryRebound(to: Int32.self, capacity: 8) { lines in
                        sws_scale(context, planes, strides, 0, source?.height ?? 0, data, lines)
                    }
                }
            }
        }
    }

    private mutating func open(_ source: Source) throws(FFmpegError) {
        sws_freeContext(context)
        self.source = nil
        context = sws_alloc_context()
        guard let context else { throw FFmpegError(code: sluice_averror_enomem, during: .allocate) }
        let object = UnsafeMutableRawPointer(context)
        let options: [(String, Int64)] = [
            ("srcw", Int64(source.width)), ("srch", Int64(source.height)),
            ("src_format", Int64(source.format.rawValue)),
            ("dstw", Int64(width)), ("dsth", Int64(height)), ("dst_format", Int64(AV_PIX_FMT_YUV420P.rawValue)),
            ("sws_flags", Int64(SWS_BICUBIC)),
            // H.264's default siting of 4:2:0 chroma: between the lines.
            ("src_v_chr_pos", 128), ("dst_v_chr_pos", 128),
        ]
        for (name, value) in options { try check(av_opt_set_int(object, name, value, 0), .openScaler) }
        // The same matrix on both sides: sizes and ranges change here, colours do not.
        let coefficients = sws_getCoefficients(Int32(source.matrix))
        _ = sws_setColorspaceDetails(
            context, coefficients, source.isFullRange ? 1 : 0, coefficients, 0, 0, 1 << 16, 1 << 16)
        try check(sws_init_context(context, nil, nil), .openScaler)
        self.source = source
    }

    private mutating func makeFrame() throws(FFmpegError) -> Frame {
        if pool == nil {
            let size = try check(
                av_image_get_buffer_size(AV_PIX_FMT_YUV420P, width, height, Self.alignment), .openScaler)
            // Readers that work in whole vectors may look past the last line.
            pool = av_buffer_pool_init(Int(size) + 64, nil)
        }
        let frame = Frame(owning: try allocated(av_frame_alloc()))
        frame.pointer.pointee.format = AV_PIX_FMT_YUV420P.rawValue
        frame.pointer.pointee.width = width
        frame.pointer.pointee.height = height
        try check(
            sluice_frame_attach(frame.pointer, try allocated(av_buffer_pool_get(pool)), Self.alignment), .allocate)
        return frame
    }
}
