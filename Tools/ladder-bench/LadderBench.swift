import FFmpeg
import FLV
import Foundation
import Glibc
import Media
import Transcode

/// Runs an FLV file through a TranscodeSession as fast as it goes and says what that cost.
///
///     ladder-bench INPUT.flv [PRESET [WIDTHxHEIGHT@BITRATE[:main|high]]...]
///
/// All rungs have 30 frames a second, GOPs of 90 frames and segments of six seconds; sound is AAC at 128 kb/s.
@main
struct LadderBench {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let path = arguments.first else {
            FileHandle.standardError.write(
                Data("usage: ladder-bench INPUT.flv [PRESET [WIDTHxHEIGHT@BITRATE[:main|high]]...]\n".utf8))
            exit(2)
        }
        let preset = arguments.count > 1 ? arguments[1] : "veryfast"
        let rungs = arguments.count > 2 ? Array(arguments[2...]) : ["1280x720@3000000:high", "854x480@1500000:main"]
        let ladder = Ladder(
            video: try rungs.map { try rung($0, preset: preset) },
            audio: [AudioRung(name: "stereo", codec: .aac, bitrate: 128_000, sampleRate: 48000, channels: 2)],
            segmentDurationSeconds: 6, partDurationMilliseconds: 1000)
        let events = try read(path)
        FFmpegLog.install(upTo: .error) { _, line in FileHandle.standardError.write(Data((line + "\n").utf8)) }

        let session = try TranscodeSession(
            ladder: ladder, anchor: TimeAnchor(inputMilliseconds: 0, epochMilliseconds: 1_767_225_600_000))
        let start = ContinuousClock.now
        let startCPU = processorSeconds()
        var bytes = 0
        var frames = 0
        var first: Int64?
        var last: Int64 = 0
        func count(_ outputs: [TranscodeOutput]) {
            for case .sample(let track, let sample, _, _) in outputs {
                bytes += sample.data.count
                if track == 0 { frames += 1 }
            }
        }
        for event in events {
            switch event {
            case .videoConfiguration(let format, let track): try session.configure(video: format, track: track)
            case .audioConfiguration(let format, let track): try session.configure(audio: format, track: track)
            case .video(let track, let dts, _, let offset, let isSync, let data):
                first = first ?? dts
                last = dts
                count(
                    try session.push(
                        video: InputSample(
                            decodeMilliseconds: dts, compositionMilliseconds: offset, isSync: isSync, data: data),
                        track: track))
            case .audio(let track, let pts, _, let data):
                count(try session.push(audio: InputSample(decodeMilliseconds: pts, data: data), track: track))
            case .endOfSequence, .metadata, .message, .unsupported: break
            }
        }
        count(try session.finish())
        let cpu = processorSeconds() - startCPU
        let wall = ContinuousClock.now - start
        let wallSeconds = Double(wall.components.seconds) + Double(wall.components.attoseconds) / 1e18
        let media = Double(last - (first ?? 0)) / 1000 + 1.0 / 30
        print(
            String(
                format: "sluice wall=%.2f cpu=%.2f media_s=%.2f x_realtime=%.2f cpu/media_s=%.3f frames=%d bytes=%d",
                wallSeconds, cpu, media, media / wallSeconds, cpu / media, frames, bytes))
    }

    struct BadRung: Error, CustomStringConvertible {
        var description: String
    }

    private static func rung(_ text: String, preset: String) throws -> VideoRung {
        let parts = text.split { "x@:".contains($0) }.map(String.init)
        guard parts.count >= 3, let width = UInt16(parts[0]), let height = UInt16(parts[1]),
            let bitrate = UInt32(parts[2])
        else { throw BadRung(description: "not WIDTHxHEIGHT@BITRATE: \(text)") }
        return VideoRung(
            name: "v\(height)", codec: .h264, width: width, height: height, frameRate: FrameRate(30), bitrate: bitrate,
            profile: parts.last == "main" ? .main : .high, gopSize: 90, bFrames: 3, preset: preset)
    }

    /// Tags of an FLV file: Adobe Flash Video File Format Specification 10.1, annex E.
    private static func read(_ path: String) throws -> [Event] {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        func number(_ offset: Int, _ count: Int) -> Int {
            bytes[offset..<offset + count].reduce(0) { $0 << 8 | Int($1) }
        }
        var demuxer = Demuxer()
        var events: [Event] = []
        var offset = 13
        while offset + 11 <= bytes.count {
            let size = number(offset + 1, 3)
            guard offset + 11 + size <= bytes.count else { break }
            let time = UInt32(number(offset + 4, 3) | number(offset + 7, 1) << 24)
            events += try demuxer.read(
                type: bytes[offset], timestamp: time, payload: Array(bytes[offset + 11..<offset + 11 + size]))
            offset += 11 + size + 4
        }
        return events
    }

    /// User and system time of all threads.
    private static func processorSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }
}
