package import Foundation

/// A short recording made by the installed ffmpeg from lavfi sources, taken apart into the samples of an FLV file.
package struct Clip: Sendable {
    package struct Sample: Sendable {
        package var isVideo: Bool
        package var decodeMilliseconds: Int64
        package var compositionMilliseconds: Int32
        package var isSync: Bool
        package var data: [UInt8]
    }

    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    /// The avcC record; empty without video.
    package private(set) var videoConfiguration: [UInt8] = []
    /// The AudioSpecificConfig; empty without audio.
    package private(set) var audioConfiguration: [UInt8] = []
    /// In file order.
    package var samples: [Sample] = []

    package var video: [Sample] { samples.filter(\.isVideo) }
    package var audio: [Sample] { samples.filter { !$0.isVideo } }

    /// - Parameter arguments: inputs, filters and codecs of an ffmpeg command line; the output is added.
    package init(ffmpeg arguments: [String]) throws {
        try self.init(
            flv: Self.run(
                ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin"] + arguments + ["-f", "flv", "-"]))
    }

    /// Adobe Flash Video File Format Specification 10.1, annex E: file header, then tags with their length behind.
    package init(flv file: Data) throws {
        let bytes = [UInt8](file)
        func number(_ offset: Int, _ count: Int) -> Int {
            bytes[offset..<offset + count].reduce(0) { $0 << 8 | Int($1) }
        }
        guard bytes.count > 13, bytes.starts(with: Array("FLV".utf8)) else { throw Failure(description: "not FLV") }
        var offset = number(5, 4) + 4
        while offset + 11 <= bytes.count {
            let size = number(offset + 1, 3)
            let time = Int64(number(offset + 4, 3) | number(offset + 7, 1) << 24)
            guard offset + 11 + size <= bytes.count else { throw Failure(description: "cut off in a tag") }
            try add(bytes[offset], Array(bytes[offset + 11..<offset + 11 + size]), time)
            offset += 11 + size + 4
        }
    }

    private mutating func add(_ type: UInt8, _ body: [UInt8], _ time: Int64) throws {
        switch type {
        case 8 where body.count >= 2 && body[0] >> 4 == 10:
            let data = Array(body[2...])
            if body[1] == 0 {
                audioConfiguration = data
            } else {
                samples.append(
                    Sample(
                        isVideo: false, decodeMilliseconds: time, compositionMilliseconds: 0, isSync: true, data: data))
            }
        case 9 where body.count >= 5 && body[0] & 15 == 7:
            let data = Array(body[5...])
            if body[1] == 0 {
                videoConfiguration = data
            } else if body[1] == 1 {
                let raw = Int32(body[2]) << 16 | Int32(body[3]) << 8 | Int32(body[4])
                samples.append(
                    Sample(
                        isVideo: true, decodeMilliseconds: time, compositionMilliseconds: (raw << 8) >> 8,
                        isSync: body[0] >> 4 == 1, data: data))
            }
        default: break
        }
    }

    /// The standard output of a program, which must succeed.
    package static func run(_ command: [String], input: Data? = nil) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        let output = Pipe()
        process.standardOutput = output
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        if let input {
            try input.write(to: file)
            process.standardInput = try FileHandle(forReadingFrom: file)
        }
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(command.joined(separator: " ")) ended with \(process.terminationStatus)")
        }
        return data
    }
}
