import CFFmpeg
package import Media

/// Small pictures side by side, made into one JPEG image. Not thread-safe.
///
/// JPEG has colours of BT.601 in full range (ITU-T T.871), whatever the source has: pictures are scaled to RGB, and the
/// sheet is made into that.
package struct PictureSheet: ~Copyable {
    private let tiles: PictureTiles
    private let canvas: Frame
    /// Of the pictures; a change sets the scaler up anew.
    private var source: Source?
    private var scaler: OpaquePointer?
    private let converter: OpaquePointer
    private let colours: Frame
    private let encoder: CodecContext

    private struct Source: Equatable {
        var width: Int32
        var height: Int32
        var format: AVPixelFormat
        var isFullRange: Bool
        var matrix: UInt32
    }

    /// JPEG's own scale of quantisers in libavcodec, the best first: the next is for what is larger than may be.
    private static let quantisers: [Int32] = [5, 12, 31]

    /// - Parameter tiles: possible ones.
    package init(_ tiles: PictureTiles) throws(FFmpegError) {
        guard tiles.isPossible else { throw FFmpegError(code: sluice_averror_einval, during: .openEncoder) }
        let (width, height) = (tiles.sheetWidth, tiles.sheetHeight)
        let canvas = try Self.makeFrame(AV_PIX_FMT_RGB24, width, height)
        let colours = try Self.makeFrame(AV_PIX_FMT_YUVJ420P, width, height)
        colours.pointer.pointee.color_range = AVCOL_RANGE_JPEG
        guard let codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG) else {
            throw FFmpegError(code: sluice_averror_encoder_not_found, during: .openEncoder)
        }
        let encoder = try CodecContext(codec)
        encoder.pointer.pointee.width = Int32(clamping: width)
        encoder.pointer.pointee.height = Int32(clamping: height)
        encoder.pointer.pointee.pix_fmt = AV_PIX_FMT_YUVJ420P
        encoder.pointer.pointee.color_range = AVCOL_RANGE_JPEG
        encoder.pointer.pointee.time_base = AVRational(num: 1, den: 1)
        encoder.pointer.pointee.thread_count = 1
        encoder.pointer.pointee.flags |= Int32(bitPattern: sluice_flag_quality | sluice_flag_exact)
        try check(avcodec_open2(encoder.pointer, codec, nil), .openEncoder)
        self.converter = try Self.makeScaler(
            from: Source(
                width: Int32(clamping: width), height: Int32(clamping: height), format: AV_PIX_FMT_RGB24,
                isFullRange: true, matrix: AVCOL_SPC_RGB.rawValue),
            // By its name without a range, which is told apart.
            to: AV_PIX_FMT_YUV420P, width, height)
        self.tiles = tiles
        self.canvas = canvas
        self.colours = colours
        self.encoder = encoder
        clear()
    }

    deinit {
        sws_freeContext(scaler)
        sws_freeContext(converter)
    }

    /// Makes all of it black.
    package mutating func clear() {
        let (start, stride) = canvas.plane(0)
        start?.update(repeating: 0, count: stride * tiles.sheetHeight)
    }

    /// Puts a picture in a place, counted row by row.
    ///
    /// - Parameter sourceHeight: of the picture before any scaling, for guessing unspecified colours.
    package mutating func place(_ picture: Frame, at place: Int, sourceHeight: Int) throws(FFmpegError) {
        let input = picture.pointer.pointee
        let format = sluice_without_range(AVPixelFormat(input.format))
        let source = Source(
            width: input.width, height: input.height, format: format,
            isFullRange: input.color_range == AVCOL_RANGE_JPEG || format != AVPixelFormat(input.format),
            matrix: picture.colour.resolved(sourceHeight: sourceHeight).matrix)
        if source != self.source {
            sws_freeContext(scaler)
            (scaler, self.source) = (nil, nil)
            scaler = try Self.makeScaler(from: source, to: AV_PIX_FMT_RGB24, Int(tiles.width), Int(tiles.height))
            self.source = source
        }
        let (column, row) = (place % Int(tiles.columns), place / Int(tiles.columns))
        guard let scaler, (0..<tiles.count).contains(place), let start = canvas.plane(0).start else {
            throw FFmpegError(code: sluice_averror_einval, during: .scale)
        }
        let stride = canvas.plane(0).stride
        let planes: [UnsafeMutablePointer<UInt8>?] = [
            start + row * Int(tiles.height) * stride + column * Int(tiles.width) * 3, nil, nil, nil,
        ]
        let strides: [Int32] = [Int32(clamping: stride), 0, 0, 0]
        try check(Self.scale(scaler, picture, planes, strides), .scale)
    }

    /// The image: a whole JPEG file of at most `JPEGPicture.mostBytes`.
    package mutating func encode() throws(FFmpegError) -> [UInt8] {
        try check(av_frame_make_writable(colours.pointer), .encode)
        let planes: [UnsafeMutablePointer<UInt8>?] = (0..<3).map { colours.plane($0).start } + [nil]
        let strides: [Int32] = (0..<3).map { Int32(clamping: colours.plane($0).stride) } + [0]
        try check(Self.scale(converter, canvas, planes, strides), .scale)
        for quantiser in Self.quantisers {
            colours.pointer.pointee.quality = quantiser * sluice_quality_unit
            try encoder.encode(colours.pointer)
            while let packet = try encoder.nextPacket() {
                if packet.data.count <= JPEGPicture.mostBytes { return packet.data }
            }
        }
        throw FFmpegError(code: sluice_averror_invalid_data, during: .encode)
    }

    private static func makeFrame(_ format: AVPixelFormat, _ width: Int, _ height: Int) throws(FFmpegError) -> Frame {
        let frame = Frame(owning: try allocated(av_frame_alloc()))
        frame.pointer.pointee.format = format.rawValue
        frame.pointer.pointee.width = Int32(clamping: width)
        frame.pointer.pointee.height = Int32(clamping: height)
        try check(av_frame_get_buffer(frame.pointer, 0), .allocate)
        return frame
    }

    private static func makeScaler(
        from source: Source, to format: AVPixelFormat, _ width: Int, _ height: Int
    ) throws(FFmpegError) -> OpaquePointer {
        guard
            let context = sws_getContext(
                source.width, source.height, source.format, Int32(clamping: width), Int32(clamping: height), format,
                SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nil, nil, nil)
        else { throw FFmpegError(code: sluice_averror_einval, during: .openScaler) }
        // Of the two sides the one that is RGB has none.
        let isToRGB = format == AV_PIX_FMT_RGB24
        let coefficients = sws_getCoefficients(isToRGB ? Int32(clamping: source.matrix) : SWS_CS_ITU601)
        _ = sws_setColorspaceDetails(
            context, coefficients, source.isFullRange ? 1 : 0, coefficients, 1, 0, 1 << 16, 1 << 16)
        return context
    }

    private static func scale(
        _ scaler: OpaquePointer, _ input: Frame, _ planes: [UnsafeMutablePointer<UInt8>?],
        _ strides: [Int32]
    ) -> Int32 {
        let sources: [UnsafePointer<UInt8>?] = (0..<3).map { UnsafePointer(input.plane($0).start) } + [nil]
        let sourceStrides: [Int32] = (0..<3).map { Int32(clamping: input.plane($0).stride) } + [0]
        return sws_scale(scaler, sources, sourceStrides, 0, input.pointer.pointee.height, planes, strides)
    }
}
