import CFFmpeg

/// How a picture is to be encoded: H.264 by x264.
package struct VideoEncoderSettings: Sendable, Hashable {
    package var width: Int
    package var height: Int
    /// Frames a second as a fraction.
    package var frameRate: (numerator: Int, denominator: Int) {
        get { (rateNumerator, rateDenominator) }
        set { (rateNumerator, rateDenominator) = newValue }
    }
    private var rateNumerator = 30
    private var rateDenominator = 1
    /// Bits a second, the mean.
    package var bitrate: Int
    /// Whether no second has more bits than the mean; else the peak is one and a half times it. Nothing is filled up:
    /// files hold no filler NAL units (ISO/IEC 14496-15, "filler data"), and over HTTP they would only cost.
    package var isConstantBitrate = true
    /// x264's names: baseline, main, high.
    package var profile = "high"
    /// As H.264 counts: 41 for level 4.1; 0 leaves it to x264.
    package var level = 0
    /// Most frames from IDR to IDR; nil: only where `send` asks for one.
    package var maximumGOP: Int?
    package var bFrames = 2
    package var preset = "veryfast"
    package var colour = Colour(primaries: 2, transfer: 2, matrix: 2)
    /// No frame waits for others to be looked at, nor for those that are encoded beside it: only B-frames do. Costs some
    /// quality at the same rate.
    package var isLowLatency = false
    /// Threads; 0 lets x264 choose by the number of processors.
    package var threads = 0

    package init(width: Int, height: Int, frameRate: (numerator: Int, denominator: Int), bitrate: Int) {
        self.width = width
        self.height = height
        self.bitrate = bitrate
        self.frameRate = frameRate
    }
}

/// An H.264 encoder whose packets are access units with 4-byte NAL unit lengths. Not thread-safe.
///
/// GOPs are closed and nothing but `send(forceIDR:)` and `maximumGOP` starts one. After each `send`, call `receive`
/// until it returns nil.
package struct VideoEncoder: ~Copyable {
    private let context: CodecContext
    /// A reference to the picture being sent, on which time and type are set.
    private let scratch: Frame

    package init(_ settings: VideoEncoderSettings) throws(FFmpegError) {
        guard let codec = avcodec_find_encoder_by_name("libx264") else {
            throw FFmpegError(code: sluice_averror_encoder_not_found, during: .openEncoder)
        }
        let context = try CodecContext(codec)
        let scratch = Frame(owning: try allocated(av_frame_alloc()))
        Self.apply(settings, to: context.pointer)
        var x264Parameters = [
            "annexb=0", "force-cfr=1", "scenecut=0", "open-gop=0", "nal-hrd=none",
            "keyint=\(settings.maximumGOP.map(String.init) ?? "infinite")",
        ]
        // As x264's tune zerolatency, which would also forbid B-frames.
        if settings.isLowLatency {
            x264Parameters += ["rc-lookahead=0", "sync-lookahead=0", "mbtree=0", "sliced-threads=1"]
        }
        let object = UnsafeMutableRawPointer(context.pointer)
        for (name, value) in [
            ("preset", settings.preset), ("profile", settings.profile), ("forced-idr", "1"),
            ("x264-params", x264Parameters.joined(separator: ":")),
        ] {
            try check(av_opt_set(object, name, value, AV_OPT_SEARCH_CHILDREN), .openEncoder)
        }
        try check(avcodec_open2(context.pointer, codec, nil), .openEncoder)
        self.context = context
        self.scratch = scratch
    }

    private static func apply(_ settings: VideoEncoderSettings, to context: UnsafeMutablePointer<AVCodecContext>) {
        let rate = settings.frameRate
        context.pointee.width = Int32(clamping: settings.width)
        context.pointee.height = Int32(clamping: settings.height)
        context.pointee.pix_fmt = AV_PIX_FMT_YUV420P
        context.pointee.sample_aspect_ratio = AVRational(num: 1, den: 1)
        context.pointee.time_base = AVRational(
            num: Int32(clamping: rate.denominator), den: Int32(clamping: rate.numerator))
        context.pointee.framerate = AVRational(
            num: Int32(clamping: rate.numerator), den: Int32(clamping: rate.denominator))
        context.pointee.bit_rate = Int64(settings.bitrate)
        let peak = settings.isConstantBitrate ? settings.bitrate : settings.bitrate / 2 * 3
        context.pointee.rc_max_rate = Int64(peak)
        context.pointee.rc_buffer_size = Int32(clamping: peak)
        context.pointee.max_b_frames = Int32(clamping: settings.bFrames)
        if settings.level > 0 { context.pointee.level = Int32(clamping: settings.level) }
        context.pointee.thread_count = Int32(clamping: settings.threads)
        context.pointee.flags |= Int32(bitPattern: sluice_flag_global_header | sluice_flag_closed_gop)
        context.pointee.color_range = AVCOL_RANGE_MPEG
        context.pointee.color_primaries = AVColorPrimaries(rawValue: settings.colour.primaries)
        context.pointee.color_trc = AVColorTransferCharacteristic(rawValue: settings.colour.transfer)
        context.pointee.colorspace = AVColorSpace(rawValue: settings.colour.matrix)
    }

    /// SPS and PPS, each behind its 4-byte length.
    package var parameterSets: [UInt8] { context.extradata }

    /// How many frames a packet may be decoded later than it is presented: 0 without B-frames, 2 with a pyramid.
    package var reorderFrames: Int { Int(context.pointer.pointee.has_b_frames) }

    /// Takes a picture of exactly the encoder's size in yuv420p.
    ///
    /// - Parameters:
    ///   - index: its place on the frame grid, rising by 1.
    ///   - isRepeated: the same picture as before; what belongs to its first showing (captions) is left out.
    package mutating func send(
        _ frame: Frame, at index: Int64, forceIDR: Bool, isRepeated: Bool = false
    ) throws(FFmpegError) {
        guard frame.width == context.pointer.pointee.width, frame.height == context.pointer.pointee.height,
            frame.pointer.pointee.format == AV_PIX_FMT_YUV420P.rawValue
        else { throw FFmpegError(code: sluice_averror_einval, during: .encode) }
        let scratch = scratch.pointer
        try check(av_frame_ref(scratch, frame.pointer), .encode)
        defer { av_frame_unref(scratch) }
        if isRepeated { av_frame_remove_side_data(scratch, AV_FRAME_DATA_A53_CC) }
        scratch.pointee.pts = index
        scratch.pointee.pict_type = forceIDR ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE
        try context.encode(scratch)
    }

    /// Nothing more comes: `receive` then gives what is held back.
    package mutating func sendEnd() throws(FFmpegError) {
        try context.encode(nil)
    }

    /// The next access unit in decode order; nil when another frame is needed, or at the end.
    package mutating func receive() throws(FFmpegError) -> EncodedPacket? {
        try context.nextPacket()
    }
}
