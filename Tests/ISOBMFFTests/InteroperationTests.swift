import Foundation
import ISOBMFF
import Media
import Testing

/// FFmpeg's muxer read by ours, and ours read by its demuxer and decoders. Skipped where it is not installed.
@Suite(.enabled(if: FFmpeg.isInstalled), .timeLimit(.minutes(5))) struct InteroperationTests {
    private static let video = [
        "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-t", "4", "-c:v", "libx264", "-preset", "veryfast",
        "-bf", "2",
        "-g", "30", "-pix_fmt", "yuv420p", "-video_track_timescale", "90000", "-movflags",
        "frag_keyframe+empty_moov+default_base_moof+skip_trailer+negative_cts_offsets",
    ]
    private static let audio = [
        "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", "4", "-c:a", "aac", "-ac", "2",
        "-metadata:s:a", "language=fin", "-movflags", "empty_moov+default_base_moof+skip_trailer", "-frag_duration",
        "1000000",
    ]

    /// What FFmpeg wrote, taken apart.
    private func read(_ file: URL) throws -> (header: CMAFHeader, samples: [Sample]) {
        let bytes = [UInt8](try Data(contentsOf: file))
        let start = try #require(bytes.firstRange(of: Array("moof".utf8))).lowerBound - 4
        let header = try CMAFHeader(parsing: bytes.span.extracting(0..<start))
        let segment = Array(bytes[start...])
        let table = try MovieFragmentTable(parsing: segment.span, defaults: header.defaults)
        return (header, try table.fragments.flatMap { try $0.mediaSamples(in: segment.span) })
    }

    /// The same samples in our boxes, in chunks of half a second, at times since the epoch.
    private func write(_ header: CMAFHeader, _ samples: [Sample], chunk: Int, to file: URL) throws {
        var bytes = CMAFHeader(track: header.track).serialize()
        let origin = Int64(1_750_000_000) * Int64(header.track.timescale)
        let moved = samples.map { sample in
            var sample = sample
            sample.decodeTime += origin
            return sample
        }
        var number: UInt32 = 0
        for start in stride(from: 0, to: moved.count, by: chunk) {
            number += 1
            bytes += CMAFChunk.serialize(
                sequenceNumber: number, samples: Array(moved[start..<min(start + chunk, moved.count)]))
        }
        try Data(bytes).write(to: file)
    }

    @Test func videoThereAndBack() throws {
        try FFmpeg.inDirectory { directory in
            let theirs = directory.appending(path: "theirs.mp4")
            let ours = directory.appending(path: "ours.mp4")
            try FFmpeg.run("ffmpeg", ["-v", "error", "-y"] + Self.video + [theirs.path])
            let (header, samples) = try read(theirs)
            guard case .avc(_, 320, 180) = header.track.codec else {
                Issue.record("not the picture that was encoded: \(header.track.codec.rfc6381)")
                return
            }
            #expect(header.track.timescale == 90000)
            #expect(samples.count == 120)
            #expect(samples.indices.filter { samples[$0].isSync } == [0, 30, 60, 90])
            #expect(samples.allSatisfy { $0.duration == 3000 })
            #expect(samples[0].compositionOffset == 0)
            #expect(samples.contains { $0.compositionOffset < 0 })
            try write(header, samples, chunk: 15, to: ours)

            #expect(try FFmpeg.decoded(ours) == FFmpeg.decoded(theirs))
            let probed = try FFmpeg.run(
                "ffprobe",
                [
                    "-v", "error", "-count_frames", "-show_entries",
                    "stream=codec_name,codec_tag_string,width,height,time_base,nb_read_frames", "-of",
                    "default=nw=1", ours.path,
                ])
            for line in [
                "codec_name=h264", "codec_tag_string=avc1", "width=320", "height=180", "time_base=1/90000",
                "nb_read_frames=120",
            ] {
                #expect(probed.contains(line), "\(probed)")
            }
            // Decode times only: FFmpeg moves presentation times on by the most negative offset, in its own files too.
            let first = try FFmpeg.run(
                "ffprobe",
                ["-v", "error", "-show_entries", "packet=dts", "-of", "csv=p=0", "-read_intervals", "%+#1", ours.path])
            #expect(first.hasPrefix("157500000000000"), "\(first)")
        }
    }

    @Test func audioThereAndBack() throws {
        try FFmpeg.inDirectory { directory in
            let theirs = directory.appending(path: "theirs.mp4")
            let ours = directory.appending(path: "ours.mp4")
            try FFmpeg.run("ffmpeg", ["-v", "error", "-y"] + Self.audio + ["-f", "mp4", theirs.path])
            let (header, samples) = try read(theirs)
            guard case .aac(let configuration) = header.track.codec else {
                Issue.record("not the sound that was encoded: \(header.track.codec.rfc6381)")
                return
            }
            #expect(configuration.channels == 2 && configuration.sampleRate == 48000)
            #expect(header.track.timescale == 48000)
            #expect(header.track.language == "fi")
            try write(header, samples, chunk: 24, to: ours)

            #expect(try FFmpeg.decoded(ours) == FFmpeg.decoded(theirs))
            let probed = try FFmpeg.run(
                "ffprobe",
                [
                    "-v", "error", "-count_packets", "-show_entries",
                    "stream=codec_name,profile,sample_rate,channels,nb_read_packets:stream_tags=language", "-of",
                    "default=nw=1", ours.path,
                ])
            for line in [
                "codec_name=aac", "profile=LC", "sample_rate=48000", "channels=2", "nb_read_packets=\(samples.count)",
                "language=fin",
            ] {
                #expect(probed.contains(line), "\(probed)")
            }
        }
    }
}

/// FFmpeg's programs, run with a deadline by the suite and judged by what they print.
private enum FFmpeg {
    static let isInstalled = ["ffmpeg", "ffprobe"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)")
    }

    struct Failure: Error { let text: String }

    /// Standard output; anything on standard error is a failure, as is another exit code than 0.
    @discardableResult
    static func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/\(program)")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        let complaints = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0, complaints.isEmpty else {
            throw Failure(text: "\(program) \(process.terminationStatus): \(complaints)")
        }
        return text
    }

    /// The MD5 of all decoded pictures or sound; decoding must not complain.
    static func decoded(_ file: URL) throws -> String {
        try run("ffmpeg", ["-v", "warning", "-xerror", "-i", file.path, "-f", "md5", "-"])
    }

    static func inDirectory(_ body: (URL) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "isobmff-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try body(directory)
    }
}
