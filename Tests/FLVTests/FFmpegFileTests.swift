import FLV
import Foundation
import Media
import Testing

/// A file that FFmpeg muxed, taken apart here and by ffprobe.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/ffmpeg")), .timeLimit(.minutes(5)))
struct FFmpegFileTests {
    @Test func eventsAgreeWithFFprobe() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "flv-\(UUID().uuidString).flv")
        defer { try? FileManager.default.removeItem(at: file) }
        _ = try run(
            "/usr/bin/ffmpeg",
            "-v error -f lavfi -i testsrc2=size=160x90:rate=25 -f lavfi -i sine=sample_rate=48000 -t 2 "
                + "-c:v libx264 -preset veryfast -g 25 -bf 2 -pix_fmt yuv420p -c:a aac -f flv", file.path)
        let listing = try run(
            "/usr/bin/ffprobe", "-v error -show_entries packet=codec_type,pts,dts,size,flags -of csv=p=0", file.path)
        let expected = listing.split(separator: "\n").map(String.init)
        var demuxer = Demuxer()
        var found: [String] = []
        var configurations = 0
        for tag in RecordedTag.all(of: [UInt8](try Data(contentsOf: file))) {
            for event in try demuxer.read(type: tag.type, timestamp: tag.timestamp, payload: tag.body) {
                switch event {
                case .video(_, let dts, _, let offset, let isSync, let data):
                    found.append("video,\(dts + Int64(offset)),\(dts),\(data.count),\(isSync ? "K" : "_")_")
                case .audio(_, let pts, _, let data): found.append("audio,\(pts),\(pts),\(data.count),K_")
                case .videoConfiguration(let format, _):
                    configurations += 1
                    #expect(format == format.withFourByteLengths && format.name == "H.264")
                case .audioConfiguration(let format, _):
                    configurations += 1
                    #expect(format.sampleRate == 48000)
                case .metadata(let object): #expect(object["width"]?.number == 160)
                case .endOfSequence, .message, .unsupported: break
                }
            }
        }
        #expect(found.count > 130)
        #expect(found == expected)
        #expect(configurations == 2)
    }

    /// - Parameter arguments: split at blanks; `last` is one argument whatever it contains.
    private func run(_ program: String, _ arguments: String, _ last: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments.split(separator: " ").map(String.init) + [last]
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return String(decoding: data, as: UTF8.self)
    }
}
