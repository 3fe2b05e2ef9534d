import CFFmpeg

/// What there is in a media file, and for how long: read, not decoded.
package struct MediaFileMeasure: Sendable, Equatable {
    /// Of one stream, in ticks of 90 kHz.
    package struct Span: Sendable, Equatable {
        /// By the file's own clock.
        package var start: Int64
        package var duration: Int64
        /// FFmpeg's name of the codec.
        package var codec: String
    }

    package struct Picture: Sendable, Equatable {
        package var width: Int
        package var height: Int
    }

    /// Nil: no picture that moves.
    package private(set) var video: Span?
    package private(set) var picture: Picture?
    package private(set) var audio: Span?

    /// - Parameter file: the whole of it.
    /// - Throws: an error of `readFile` where no demuxer knows it.
    package init(_ file: [UInt8]) throws(FFmpegError) {
        let opened = try MediaFile(file)
        if let stream = opened.video {
            let parameters = stream.pointee.codecpar.pointee
            picture = Picture(width: Int(parameters.width), height: Int(parameters.height))
        }
        var meters = [opened.video, opened.audio].compactMap { $0 }.map(Meter.init)
        while av_read_frame(opened.format, opened.packet) >= 0 {
            for index in meters.indices { meters[index].add(opened.packet) }
            av_packet_unref(opened.packet)
        }
        for meter in meters {
            if meter.stream == opened.video { video = meter.span } else { audio = meter.span }
        }
    }

    /// The first and the last time of a stream's packets.
    private struct Meter {
        let stream: UnsafeMutablePointer<AVStream>
        private var first = Int64.max
        private var last = Int64.min
        private var lastDuration: Int64 = 0
        private var count: Int64 = 0

        init(_ stream: UnsafeMutablePointer<AVStream>) { self.stream = stream }

        mutating func add(_ packet: UnsafeMutablePointer<AVPacket>) {
            guard packet.pointee.stream_index == stream.pointee.index,
                packet.pointee.flags & sluice_packet_is_discarded == 0
            else { return }
            let stated = packet.pointee.pts == sluice_no_pts ? packet.pointee.dts : packet.pointee.pts
            guard stated != sluice_no_pts else { return }
            let time = stream.ticks(stated)
            count += 1
            first = min(first, time)
            guard time >= last else { return }
            last = time
            lastDuration = max(stream.ticks(packet.pointee.duration), 0)
        }

        var span: Span? {
            guard count > 0, last >= first else { return nil }
            let (length, overflow) = last.subtractingReportingOverflow(first)
            guard !overflow, length < 1 << 50 else { return nil }
            let tail = lastDuration > 0 ? min(lastDuration, 1 << 50) : count > 1 ? length / (count - 1) : 0
            return Span(
                start: first, duration: length + tail,
                codec: String(cString: avcodec_get_name(stream.pointee.codecpar.pointee.codec_id)))
        }
    }
}

extension UnsafeMutablePointer<AVStream> {
    /// From the stream's own unit to ticks of 90 kHz.
    func ticks(_ time: Int64) -> Int64 {
        av_rescale_q(time, pointee.time_base, AVRational(num: 1, den: 90_000))
    }
}
