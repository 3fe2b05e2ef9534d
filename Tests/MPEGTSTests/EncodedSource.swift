import Foundation
import MPEGTS
import Media
import Testing

/// Six seconds of test picture and tone, by FFmpeg's encoders, with B-frames.
final class EncodedSource {
    enum VideoCodec: String { case h264, hevc }
    enum AudioCodec: String { case aac, ac3, eac3 }

    let directory: URL
    let video: Track
    let audio: Track
    private var videoSamples: [(reference: SampleReference, data: [UInt8])] = []
    private var audioSamples: [(reference: SampleReference, data: [UInt8])] = []

    /// - Parameter base: the second of the epoch at which the first picture is shown.
    init(base: Int64, _ videoCodec: VideoCodec = .h264, _ audioCodec: AudioCodec = .aac) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "mpegts-\(UUID().uuidString)")
        self.directory = directory
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let (mp4, byteStream, frames) = ("source.mp4", "video.\(videoCodec)", "audio.\(audioCodec)")
        func path(_ name: String) -> String { directory.appending(path: name).path }
        let encoder =
            videoCodec == .h264
            ? ["libx264", "-preset", "veryfast", "-bf", "3", "-g", "60", "-sc_threshold", "0"]
            : [
                "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params",
                "log-level=error:keyint=60:min-keyint=60:scenecut=0:bframes=3:open-gop=0",
            ]
        try FFmpeg.run(
            "ffmpeg",
            [
                "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-f", "lavfi", "-i",
                "sine=frequency=440:sample_rate=48000", "-t", "6", "-video_track_timescale", "90000", "-c:v",
            ] + encoder + ["-c:a", "\(audioCodec)", "-b:a", "128k", "-ac", "2", path(mp4)])
        try FFmpeg.run(
            "ffmpeg", "-v", "error", "-i", path(mp4), "-map", "0:v", "-c", "copy", "-bsf:v",
            "\(videoCodec)_mp4toannexb,\(videoCodec)_metadata=aud=insert", path(byteStream))
        try FFmpeg.run("ffmpeg", "-v", "error", "-i", path(mp4), "-map", "0:a", "-c", "copy", path(frames))
        let times = try FFmpeg.run(
            "ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts,dts,flags", "-of",
            "csv=p=0", path(mp4)
        ).split(separator: "\n").map { $0.split(separator: ",") }
        let boxes = Array(try Data(contentsOf: directory.appending(path: mp4)))
        let first = Int64(times[0][1]) ?? 0
        let type = { (nal: [UInt8]) in videoCodec == .h264 ? nal[0] & 0x1F : nal[0] >> 1 & 0x3F }
        let parameterSets: Set<UInt8> = videoCodec == .h264 ? [7, 8] : [32, 33, 34]
        let units = Self.accessUnits(
            Array(try Data(contentsOf: directory.appending(path: byteStream))),
            startingWith: { type($0) == (videoCodec == .h264 ? 9 : 35) })
        for (unit, fields) in zip(units, times) {
            guard let pts = Int64(fields[0]), let dts = Int64(fields[1]) else { continue }
            let data = unit.dropFirst().filter { !parameterSets.contains(type($0)) }.flatMap { nal in
                [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: nal.count >> $0) } + nal
            }
            videoSamples.append(
                (
                    SampleReference(
                        decodeTime: base * 90_000 + dts - first, compositionOffset: Int32(pts - (dts - first)),
                        duration: 3_000, isSync: fields[2].hasPrefix("K"), offset: 0, size: data.count), data
                ))
        }
        let duration: Int64 = audioCodec == .aac ? 1024 : 1536
        var decodeTime = (base * 48_000 + duration - 1) / duration * duration
        var rest = Array(try Data(contentsOf: directory.appending(path: frames)))[...]
        while rest.count > 7 {
            let head = rest.prefix(7).map { Int($0) }
            let length =
                switch audioCodec {
                case .aac: (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
                case .ac3: 512  // 128 kbit/s at 48 kHz
                case .eac3: ((head[2] & 7) << 8 | head[3]) * 2 + 2
                }
            let data = Array(rest.prefix(length).dropFirst(audioCodec == .aac ? 7 : 0))
            audioSamples.append(
                (
                    SampleReference(
                        decodeTime: decodeTime, duration: UInt32(duration), isSync: true, offset: 0, size: data.count),
                    data
                ))
            decodeTime += duration
            rest = rest.dropFirst(length)
        }
        let picture: CodecConfiguration =
            switch videoCodec {
            case .h264:
                .avc(try AVCDecoderConfigurationRecord(parsing: Self.box("avcC", in: boxes)), width: 320, height: 180)
            case .hevc:
                .hevc(try HEVCDecoderConfigurationRecord(parsing: Self.box("hvcC", in: boxes)), width: 320, height: 180)
            }
        let sound: CodecConfiguration =
            switch audioCodec {
            case .aac: .aac(try AudioSpecificConfig(parsing: [0x11, 0x90]))
            case .ac3: .ac3(try AC3Configuration(parsing: Self.box("dac3", in: boxes)))
            case .eac3: .eac3(try EAC3Configuration(parsing: Self.box("dec3", in: boxes)))
            }
        video = Track(
            name: "v", timescale: 90_000, codec: picture, reorderDelay: UInt32(-first), frameRate: FrameRate(30))
        audio = Track(name: "a", timescale: 48_000, codec: sound, language: "en")
    }

    /// The payload of the first box of that name.
    private static func box(_ name: String, in bytes: [UInt8]) throws -> [UInt8] {
        let name = Array(name.utf8)
        let start = try #require(
            bytes.indices.dropFirst(4).dropLast(4).first { bytes[$0..<$0 + 4].elementsEqual(name) })
        let size = bytes[start - 4..<start].reduce(0) { $0 << 8 | Int($1) }
        return Array(bytes[start + 4..<start - 4 + size])
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// Cut at each IDR.
    var videoSegments: [TrackSegment] {
        videoSamples.split(startingWhere: { $0.reference.isSync }).map(Self.segment)
    }

    /// Each frame belongs to the segment that has begun by then.
    func audioSegments(startingWith video: [TrackSegment]) -> [TrackSegment] {
        let starts = video.compactMap { $0.samples.first.map { $0.decodeTime * 8 / 15 } } + [.max]
        return zip(starts, starts.dropFirst()).map { start, end in
            Self.segment(audioSamples.filter { $0.reference.decodeTime >= start && $0.reference.decodeTime < end }[...])
        }
    }

    private static func segment(_ samples: ArraySlice<(reference: SampleReference, data: [UInt8])>) -> TrackSegment {
        var segment = TrackSegment(samples: [], array: [])
        for (reference, data) in samples {
            var reference = reference
            reference.offset = segment.array.count
            segment.samples.append(reference)
            segment.array += data
        }
        return segment
    }

    /// The NAL units of each access unit of a byte stream in which every one starts with a delimiter.
    private static func accessUnits(
        _ stream: [UInt8], startingWith isDelimiter: ([UInt8]) -> Bool
    ) -> [[[UInt8]]] {
        var starts: [Int] = []
        var index = 0
        while index + 3 <= stream.count {
            if stream[index + 2] > 1 {
                index += 3
            } else if stream[index] == 0, stream[index + 1] == 0, stream[index + 2] == 1 {
                starts.append(index + 3)
                index += 3
            } else {
                index += 1
            }
        }
        var units: [[[UInt8]]] = []
        for (start, next) in zip(starts, starts.dropFirst().map { $0 - 3 } + [stream.count]) {
            var end = next
            while end > start, stream[end - 1] == 0 { end -= 1 }
            let nal = Array(stream[start..<end])
            if isDelimiter(nal) { units.append([]) }
            units[units.count - 1].append(nal)
        }
        return units
    }
}

extension Array {
    /// Runs that each begin where the condition holds.
    fileprivate func split(startingWhere begins: (Element) -> Bool) -> [ArraySlice<Element>] {
        let starts = indices.filter { begins(self[$0]) }
        return zip(starts, Array<Int>(starts.dropFirst()) + [count]).map { self[$0..<$1] }
    }
}
