import FLV
import Foundation
import Media
import Testing

/// A file that FFmpeg muxed, taken apart here and by ffprobe.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/ffmpeg")), .timeLimit(.minutes(1)))
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
        for tag in tags(of: [UInt8](try Data(contentsOf: file))) {
            for event in try demuxer.read(type: tag.type, timestamp: tag.timestamp, payload: tag.body) {
                switch event {
                case .video(let dts, let offset, let isSync, let data):
                    found.append("video,\(dts + Int64(offset)),\(dts),\(data.count),\(isSync ? "K" : "_")_")
                case .audio(let pts, let data): found.append("audio,\(pts),\(pts),\(data.count),K_")
                case .videoConfiguration(let record):
                    configurations += 1
                    #expect(record.nalUnitLengthSize == 4)
                case .audioConfiguration(let configuration):
                    configurations += 1
                    #expect(configuration.sampleRate == 48000)
                case .metadata(let object): #expect(object["width"]?.number == 160)
                case .endOfSequence, .message, .unsupported: break
                }
            }
        }
        #expect(found.count > 130)
        #expect(found == expected)
        #expect(configurations == 2)
    }

    private func tags(of file: [UInt8]) -> [(type: UInt8, timestamp: UInt32, body: [UInt8])] {
        var tags: [(UInt8, UInt32, [UInt8])] = []
        func number(_ range: Range<Int>) -> Int { file[range].reduce(0) { $0 << 8 | Int($1) } }
        var offset = 13
        while offset + 11 <= file.count {
            let size = number(offset + 1..<offset + 4)
            let timestamp = UInt32(number(offset + 4..<offset + 7)) | UInt32(file[offset + 7]) << 24
            tags.append((file[offset], timestamp, Array(file[offset + 11..<offset + 11 + size])))
            offset += 11 + size + 4
        }
        return tags
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
