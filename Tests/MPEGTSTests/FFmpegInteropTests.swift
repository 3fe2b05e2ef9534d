import Foundation
import MPEGTS
import Media
import Testing

/// What another demuxer and real decoders say of our segments, with pictures and sound from real encoders.
@Suite(.enabled(if: FFmpeg.isInstalled), .timeLimit(.minutes(5))) struct FFmpegInteropTests {
    @Test(
        arguments: [(.h264, .aac), (.hevc, .eac3), (.h264, .ac3)]
            as [(EncodedSource.VideoCodec, EncodedSource.AudioCodec)])
    func demuxedAndDecodedWithoutAWord(
        _ videoCodec: EncodedSource.VideoCodec, _ audioCodec: EncodedSource.AudioCodec
    ) throws {
        let source = try EncodedSource(base: 1_763_000_000, videoCodec, audioCodec)
        let tracks = [source.video, source.audio]
        #expect(source.video.reorderDelay > 0, "the encoder used B-frames")
        let muxer = try TransportStreamMuxer(tracks: tracks)
        let video = source.videoSegments
        var audio = source.audioSegments(startingWith: video)
        try #require(video.count == 3 && audio.count == 3)
        // Nothing may depend on where a segment's bytes lie.
        audio[1].array.insert(0, at: 0)
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
        #expect(try codecs(file) == ["\(videoCodec)", "\(audioCodec)"])
        for (stream, original) in [("v", "video.\(videoCodec)"), ("a", "audio.\(audioCodec)")] {
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

    /// Each stream is told of twice: in its program too.
    private func codecs(_ file: String) throws -> Set<String> {
        let text = try FFmpeg.run(
            "ffprobe", "-v", "warning", "-show_entries", "stream=codec_name", "-of", "csv=p=0", file)
        return Set(text.split(whereSeparator: \.isWhitespace).map { String($0) })
    }

    private func digest(_ file: String, _ stream: String) throws -> String {
        try FFmpeg.run("ffmpeg", "-v", "error", "-i", file, "-map", "0:\(stream)", "-f", "md5", "-")
    }
}
