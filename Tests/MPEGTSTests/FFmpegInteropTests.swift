import Foundation
import MPEGTS
import Media
import Testing

/// What another demuxer and real decoders say of our segments, with pictures and sound from real encoders.
@Suite(.enabled(if: FFmpeg.isInstalled), .timeLimit(.minutes(2))) struct FFmpegInteropTests {
    @Test func demuxedAndDecodedWithoutAWord() throws {
        let source = try EncodedSource(base: 1_763_000_000)
        let tracks = [source.video, source.audio]
        #expect(source.video.reorderDelay > 0, "the encoder used B-frames")
        let muxer = try TransportStreamMuxer(tracks: tracks)
        let video = source.videoSegments
        var audio = source.audioSegments(startingWith: video)
        try #require(video.count == 3 && audio.count == 3)
        // Nothing may depend on where a segment's bytes lie.
        audio[1].source.insert(0, at: 0)
        for index in audio[1].samples.indices { audio[1].samples[index].offset += 1 }

        var bytes: [UInt8] = []
        for index in video.indices { bytes += try muxer.mux([video[index], audio[index]]) }
        #expect(TransportStreamReader(bytes).problems.isEmpty)
        let file = source.directory.appending(path: "joined.ts").path
        try Data(bytes).write(to: URL(filePath: file))

        #expect(try FFmpeg.run("ffmpeg", "-v", "warning", "-i", file, "-f", "null", "-") == "")
        let expectedVideo = video.flatMap(\.samples).map { sample in
            let decodeTime = sample.decodeTime - Int64(source.video.reorderDelay)
            return "\((sample.decodeTime + Int64(sample.compositionOffset)) & 0x1_FFFF_FFFF),"
                + "\(decodeTime & 0x1_FFFF_FFFF),\(sample.isSync ? "K" : "_")"
        }
        #expect(try packets(file, "v") == expectedVideo)
        let expectedAudio = audio.flatMap(\.samples).map { sample in
            let time = sample.decodeTime * 15 / 8 & 0x1_FFFF_FFFF
            return "\(time),\(time),K"
        }
        #expect(try packets(file, "a") == expectedAudio)
        for (stream, original) in [("v", "video.h264"), ("a", "audio.aac")] {
            let reference = source.directory.appending(path: original).path
            #expect(try digest(file, stream) == digest(reference, stream))
        }
    }

    @Test(arguments: ["v", "a"]) func eachTrackAlone(_ stream: String) throws {
        let source = try EncodedSource(base: 1_763_000_000)
        let video = source.videoSegments
        let segments = stream == "v" ? video : source.audioSegments(startingWith: video)
        let muxer = try TransportStreamMuxer(tracks: [stream == "v" ? source.video : source.audio])
        let bytes = try segments.flatMap { try muxer.mux([$0]) }
        let file = source.directory.appending(path: "alone.ts").path
        try Data(bytes).write(to: URL(filePath: file))
        #expect(try FFmpeg.run("ffmpeg", "-v", "warning", "-i", file, "-f", "null", "-") == "")
        #expect(try packets(file, stream).count == segments.reduce(0) { $0 + $1.samples.count })
    }

    @Test func decodedOverTheWrapOf33Bits() throws {
        // The second of the epoch whose 90 kHz count is a little before the 18,500th multiple of 2^33.
        let source = try EncodedSource(base: (18_500 << 33) / 90_000 - 3)
        let video = source.videoSegments
        let audio = source.audioSegments(startingWith: video)
        let muxer = try TransportStreamMuxer(tracks: [source.video, source.audio])
        var bytes: [UInt8] = []
        for index in video.indices { bytes += try muxer.mux([video[index], audio[index]]) }
        let file = source.directory.appending(path: "wrap.ts").path
        try Data(bytes).write(to: URL(filePath: file))
        #expect(try FFmpeg.run("ffmpeg", "-v", "warning", "-i", file, "-f", "null", "-") == "")
    }

    private func packets(_ file: String, _ stream: String) throws -> [String] {
        try FFmpeg.run(
            "ffprobe", "-v", "warning", "-select_streams", stream, "-show_entries", "packet=pts,dts,flags",
            "-of", "csv=p=0", file
        ).split(separator: "\n").map { line in
            let fields = line.split(separator: ",")
            return "\(fields[0]),\(fields[1]),\(fields[2].prefix(1))"
        }
    }

    private func digest(_ file: String, _ stream: String) throws -> String {
        try FFmpeg.run("ffmpeg", "-v", "error", "-i", file, "-map", "0:\(stream)", "-f", "md5", "-")
    }
}

enum FFmpeg {
    static let isInstalled = ["ffmpeg", "ffprobe"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)")
    }

    struct Failure: Error { var output: String }

    /// Runs a program and returns what it wrote, warnings included.
    @discardableResult static func run(_ program: String, _ arguments: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/\(program)")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let output = String(decoding: data, as: UTF8.self)
        guard process.terminationStatus == 0 else { throw Failure(output: output) }
        return output
    }
}

/// Six seconds of test picture and tone, encoded by x264 with B-frames and by FFmpeg's AAC encoder.
final class EncodedSource {
    let directory: URL
    let video: Track
    let audio: Track
    private var videoSamples: [(reference: SampleReference, data: [UInt8])] = []
    private var audioSamples: [(reference: SampleReference, data: [UInt8])] = []

    /// - Parameter base: the second of the epoch at which the first picture is shown.
    init(base: Int64) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "mpegts-\(UUID().uuidString)")
        self.directory = directory
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let (mp4, h264, aac) = ("source.mp4", "video.h264", "audio.aac")
        func path(_ name: String) -> String { directory.appending(path: name).path }
        try FFmpeg.run(
            "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-f", "lavfi", "-i",
            "sine=frequency=440:sample_rate=48000", "-t", "6", "-c:v", "libx264", "-preset", "veryfast", "-bf", "3",
            "-g", "60", "-sc_threshold", "0", "-video_track_timescale", "90000", "-c:a", "aac", "-b:a", "128k",
            "-ac", "2", path(mp4))
        try FFmpeg.run(
            "ffmpeg", "-v", "error", "-i", path(mp4), "-map", "0:v", "-c", "copy", "-bsf:v",
            "h264_mp4toannexb,h264_metadata=aud=insert", path(h264))
        try FFmpeg.run("ffmpeg", "-v", "error", "-i", path(mp4), "-map", "0:a", "-c", "copy", path(aac))
        let times = try FFmpeg.run(
            "ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts,dts,flags", "-of",
            "csv=p=0", path(mp4)
        ).split(separator: "\n").map { $0.split(separator: ",") }
        let units = Self.accessUnits(Array(try Data(contentsOf: directory.appending(path: h264))))
        let first = Int64(times[0][1]) ?? 0
        var parameterSets: [UInt8: [UInt8]] = [:]
        for (unit, fields) in zip(units, times) {
            guard let pts = Int64(fields[0]), let dts = Int64(fields[1]) else { continue }
            for nal in unit where [7, 8].contains(nal[0] & 0x1F) { parameterSets[nal[0] & 0x1F] = nal }
            let data = unit.filter { ![7, 8, 9].contains($0[0] & 0x1F) }.flatMap { nal in
                [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: nal.count >> $0) } + nal
            }
            videoSamples.append(
                (
                    SampleReference(
                        decodeTime: base * 90_000 + dts - first, compositionOffset: Int32(pts - (dts - first)),
                        duration: 3_000, isSync: fields[2].hasPrefix("K"), offset: 0, size: data.count), data
                ))
        }
        var decodeTime = (base * 48_000 + 1023) / 1024 * 1024
        var rest = Array(try Data(contentsOf: directory.appending(path: aac)))[...]
        while rest.count > 7 {
            let head = rest.prefix(7).map { Int($0) }
            let length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
            let data = Array(rest.prefix(length).dropFirst(7))
            audioSamples.append(
                (
                    SampleReference(decodeTime: decodeTime, duration: 1024, isSync: true, offset: 0, size: data.count),
                    data
                ))
            decodeTime += 1024
            rest = rest.dropFirst(length)
        }
        video = Track(
            name: "v", timescale: 90_000,
            codec: .avc(
                try AVCDecoderConfigurationRecord(
                    sequenceParameterSets: [parameterSets[7] ?? []], pictureParameterSets: [parameterSets[8] ?? []]),
                width: 320, height: 180), reorderDelay: UInt32(-first), frameRate: FrameRate(30))
        audio = Track(
            name: "a", timescale: 48_000, codec: .aac(try AudioSpecificConfig(parsing: [0x11, 0x90])),
            language: "en")
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
        var segment = TrackSegment(samples: [], source: [])
        for (reference, data) in samples {
            var reference = reference
            reference.offset = segment.source.count
            segment.samples.append(reference)
            segment.source += data
        }
        return segment
    }

    /// The NAL units of each access unit of a byte stream in which every one starts with a delimiter.
    private static func accessUnits(_ stream: [UInt8]) -> [[[UInt8]]] {
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
            if nal[0] & 0x1F == 9 { units.append([]) }
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
