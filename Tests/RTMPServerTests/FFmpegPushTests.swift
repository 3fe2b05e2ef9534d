import FLV
import Foundation
import Glibc
import RTMPServer
import TestSupport
import Testing

/// FFmpeg as the encoder, ffprobe as the judge of what was sent.
@Suite(
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/ffmpeg")), .serialized, .timeLimit(.minutes(5)))
struct FFmpegPushTests {
    /// One line per sample: kind, presentation time, decode time, bytes.
    private static func pushAndCollect(_ listener: borrowing Listener) throws -> (PublishRequest, [String], AMF0?) {
        var session = try RTMPSession(socket: try listener.acceptOne())
        let request = try session.awaitPublish()
        try session.acceptPublish()
        var demuxer = Demuxer()
        var samples: [String] = []
        var metadata: AMF0?
        while let message = try session.nextMessage() {
            for event in try demuxer.read(
                type: message.type, timestamp: message.timestamp, payload: message.payload)
            {
                switch event {
                case .video(_, let dts, _, let offset, _, let data):
                    samples.append("video,\(dts + Int64(offset)),\(dts),\(data.count)")
                case .audio(_, let pts, _, let data): samples.append("audio,\(pts),\(pts),\(data.count)")
                case .metadata(let object): metadata = object
                case .videoConfiguration, .audioConfiguration, .endOfSequence, .message: break
                case .unsupported(let text, _, _): Issue.record("\(text)")
                }
            }
        }
        return (request, samples, metadata)
    }

    private static func ffmpeg(_ arguments: String, _ last: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/ffmpeg")
        process.arguments = ["-v", "error", "-nostdin"] + arguments.split(separator: " ").map(String.init) + [last]
        process.standardInput = FileHandle.nullDevice
        return process
    }

    private static let source =
        "-f lavfi -i testsrc2=size=320x180:rate=25 -f lavfi -i sine=sample_rate=48000 -t 4 "
        + "-c:v libx264 -preset veryfast -g 50 -bf 2 -b:v 3M -pix_fmt yuv420p -c:a aac -f flv"

    /// Every sample of a file arrives with its times and its size; once from the start, once over 0xFFFFFF.
    @Test(arguments: [0, 16_775]) func everySampleArrives(offset: Int) async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "push-\(UUID().uuidString).flv").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        let (request, samples, metadata) = try await onOwnThread {
            let encoding = try Self.ffmpeg("\(Self.source) -output_ts_offset \(offset)", file)
            try encoding.run()
            encoding.waitUntilExit()
            try #require(encoding.terminationStatus == 0)
            let listener = try Listener()
            let push = try Self.ffmpeg(
                "-copyts -i \(file) -c copy -f flv", "rtmp://127.0.0.1:\(listener.port)/news/KEY?user=1")
            try push.run()
            defer { push.terminate() }
            return try Self.pushAndCollect(listener)
        }
        #expect(request.app == "news")
        #expect(request.streamKey.value == "KEY")
        #expect(request.flashVersion.contains("Lavf"))
        #expect(request.peer.hasPrefix("127.0.0.1:"))
        #expect(metadata?["width"]?.number == 320)
        let expected = try await onOwnThread {
            let probe = Process()
            probe.executableURL = URL(filePath: "/usr/bin/ffprobe")
            probe.arguments =
                ["-v", "error", "-show_entries", "packet=codec_type,pts,dts,size", "-of", "csv=p=0", file]
            let output = Pipe()
            probe.standardOutput = output
            try probe.run()
            let listing = output.fileHandleForReading.readDataToEndOfFile()
            probe.waitUntilExit()
            return String(decoding: listing, as: UTF8.self).split(separator: "\n").map(String.init)
        }
        #expect(samples.count { $0.hasPrefix("video") } == 100)
        #expect(samples.count { $0.hasPrefix("audio") } > 187)
        #expect(samples.sorted() == expected.sorted())
    }

    @Test func aRefusalIsAnErrorWithItsReason() async throws {
        let (status, text) = try await onOwnThread {
            let listener = try Listener()
            let push = try Self.ffmpeg(
                "-re -f lavfi -i testsrc2=size=160x90:rate=25 -t 20 -c:v libx264 -f flv",
                "rtmp://127.0.0.1:\(listener.port)/news/wrong")
            let errors = Pipe()
            push.standardError = errors
            try push.run()
            defer { push.terminate() }
            do {
                var session = try RTMPSession(socket: try listener.acceptOne())
                _ = try session.awaitPublish()
                session.rejectPublish(.badName, description: "Unknown stream key for this channel.")
            }
            let text = errors.fileHandleForReading.readDataToEndOfFile()
            push.waitUntilExit()
            return (push.terminationStatus, String(decoding: text, as: UTF8.self))
        }
        #expect(status != 0)
        #expect(text.contains("Unknown stream key for this channel."))
    }
}
