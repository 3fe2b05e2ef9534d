import CFFmpeg
package import Media

/// Pictures that do not move: black, or the one in a PNG or JPEG file.
package enum StillPicture {
    /// Black in yuv420p with limited range.
    ///
    /// - Parameters: width, height: even, at least 2.
    package static func black(width: Int, height: Int) throws(FFmpegError) -> Frame {
        try plain(width: width, height: height, y: 16, cb: 128, cr: 128, matrix: AVCOL_SPC_UNSPECIFIED.rawValue)
    }

    /// One colour all over, in yuv420p with limited range.
    ///
    /// - Parameters:
    ///   - width, height: even, at least 2.
    ///   - matrix: by the code points of ISO/IEC 23091-2, clause 8.3.
    package static func plain(
        width: Int, height: Int, y: UInt8, cb: UInt8, cr: UInt8, matrix: UInt32
    ) throws(FFmpegError) -> Frame {
        let frame = Frame(owning: try allocated(av_frame_alloc()))
        frame.pointer.pointee.format = AV_PIX_FMT_YUV420P.rawValue
        frame.pointer.pointee.width = Int32(clamping: width)
        frame.pointer.pointee.height = Int32(clamping: height)
        frame.pointer.pointee.color_range = AVCOL_RANGE_MPEG
        frame.pointer.pointee.colorspace = AVColorSpace(rawValue: matrix)
        try check(av_frame_get_buffer(frame.pointer, 0), .allocate)
        for plane in 0..<3 {
            let (start, stride) = frame.plane(plane)
            let rows = plane == 0 ? height : height / 2
            start?.initialize(repeating: plane == 0 ? y : plane == 1 ? cb : cr, count: stride * rows)
        }
        return frame
    }

    /// Whether a file begins as PNG or JPEG does.
    package static func isImage(_ file: [UInt8]) -> Bool { codec(of: file) != nil }

    private static func codec(of file: [UInt8]) -> AVCodecID? {
        if file.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return AV_CODEC_ID_PNG }
        return file.starts(with: [0xFF, 0xD8, 0xFF]) ? AV_CODEC_ID_MJPEG : nil
    }

    /// The picture in a file, which is told by its first bytes.
    ///
    /// - Throws: an error whose `isBadInput` is true for what is neither PNG nor JPEG, broken, or larger than
    ///   `Decoder.maximumPixels`.
    package static func decode(_ file: [UInt8]) throws(FFmpegError) -> Frame {
        guard let id = codec(of: file) else {
            throw FFmpegError(code: sluice_averror_invalid_data, during: .decode)
        }
        guard let codec = avcodec_find_decoder(id) else {
            throw FFmpegError(code: sluice_averror_decoder_not_found, during: .openDecoder)
        }
        let context = try CodecContext(codec)
        context.pointer.pointee.thread_count = 1
        context.pointer.pointee.max_pixels = Decoder.maximumPixels
        try check(avcodec_open2(context.pointer, codec, nil), .openDecoder)
        try check(av_new_packet(context.packet, Int32(clamping: file.count)), .allocate)
        UnsafeMutableRawPointer(context.packet.pointee.data).copyMemory(from: file, byteCount: file.count)
        try check(avcodec_send_packet(context.pointer, context.packet), .decode)
        try check(avcodec_send_packet(context.pointer, nil), .decode)
        let frame = Frame(owning: try allocated(av_frame_alloc()))
        try check(avcodec_receive_frame(context.pointer, frame.pointer), .decode)
        frame.pointer.pointee.pts = sluice_no_pts
        if id == AV_CODEC_ID_PNG {
            // RGB says no matrix: this one is used to make YUV of it, and is said of what is encoded.
            frame.pointer.pointee.colorspace = AVCOL_SPC_BT709
            frame.pointer.pointee.color_primaries = AVCOL_PRI_BT709
            frame.pointer.pointee.color_trc = AVCOL_TRC_BT709
        }
        return frame
    }

    /// The picture that is shown last of those that begin with a sync sample; nil where none can be decoded.
    ///
    /// - Parameter samples: in decode order; broken ones are passed over.
    package static func last(of samples: [[UInt8]], _ format: VideoFormat) throws(FFmpegError) -> Frame? {
        var decoder = try Decoder(format, threads: 1)
        var last: Frame?
        for (index, sample) in samples.enumerated() {
            try decoder.sendUnlessBroken(sample, presentationTime: Int64(index))
            if let frame = try decoder.receiveLast() { last = frame }
        }
        try decoder.sendEnd()
        if let frame = try decoder.receiveLast() { last = frame }
        return last
    }

    /// The picture as large as it fits, in the middle of black.
    ///
    /// - Parameters: width, height: even, at least 2.
    package static func fitted(_ picture: Frame, width: Int, height: Int) throws(FFmpegError) -> Frame {
        var fit = PictureFit(width: width, height: height)
        return try fit.fit(picture)
    }
}

extension Frame {
    func plane(_ index: Int) -> (start: UnsafeMutablePointer<UInt8>?, stride: Int) {
        switch index {
        case 0: (pointer.pointee.data.0, Int(pointer.pointee.linesize.0))
        case 1: (pointer.pointee.data.1, Int(pointer.pointee.linesize.1))
        default: (pointer.pointee.data.2, Int(pointer.pointee.linesize.2))
        }
    }
}

extension Decoder {
    fileprivate mutating func sendUnlessBroken(_ data: [UInt8], presentationTime: Int64) throws(FFmpegError) {
        do throws(FFmpegError) {
            try send(data, presentationTime: presentationTime)
        } catch {
            if !error.isBadInput { throw error }
        }
    }

    /// The last of the frames that are there.
    fileprivate mutating func receiveLast() throws(FFmpegError) -> Frame? {
        var last: Frame?
        while let frame = try receive() { last = frame }
        return last
    }
}
