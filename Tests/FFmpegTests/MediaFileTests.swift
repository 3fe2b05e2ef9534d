import FFmpeg
import Foundation
import TestClips
import Testing

/// Files in memory, in every container that a slate may be in.
@Suite struct MediaFileTests {
    struct Container: CustomTestStringConvertible, Sendable {
        var format: String
        var codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"]
        var testDescription: String { "\(format) \(codecs[1])" }
    }

    static let containers = [
        Container(format: "mp4"), Container(format: "mov"), Container(format: "matroska"), Container(format: "flv"),
        Container(format: "mpegts"),
        Container(format: "webm", codecs: ["-c:v", "libvpx-vp9", "-cpu-used", "8", "-c:a", "libopus"]),
        Container(format: "matroska", codecs: ["-c:v", "libx265", "-preset", "ultrafast", "-c:a", "ac3"]),
    ]

    @Test(arguments: containers) func pictureAndSoundComeOutWhole(container: Container) throws {
        let file = try MediaFiles.colours(format: container.format, codecs: container.codecs)
        let measure = try MediaFileMeasure(file)
        #expect(measure.picture?.width == 160 && measure.picture?.height == 90)
        let (video, audio) = (try #require(measure.video), try #require(measure.audio))
        #expect(abs(video.duration - 270_000) <= 3000, "\(video)")
        #expect(abs(audio.duration - 270_000) <= 9000, "\(audio)")

        var reader = try MediaFileReader(file, .video)
        var times: [Int64] = []
        var lumas: [Int] = []
        while let (frame, time) = try reader.next() {
            times.append(try #require(time) - video.start)
            lumas.append(frame.meanLuma ?? 0)
        }
        #expect(times.count == 90 && times.first == 0 && zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
        // BT.601's red, green and blue.
        for (place, luma) in [(10, 81), (45, 145), (75, 41)] { #expect(abs(lumas[place] - luma) <= 3) }

        var sound = try MediaFileReader(file, .audio)
        var samples = 0
        while let (frame, _) = try sound.next() { samples += frame.sampleCount }
        #expect(abs(samples - 3 * 48_000) <= 3000)
    }

    @Test func whatIsNoMediaFileIsRefused() throws {
        let file = try MediaFiles.colours(hertz: nil)
        #expect(try MediaFileMeasure(file).audio == nil)
        #expect(throws: FFmpegError.self) { _ = try MediaFileReader(file, .audio) }
        for bytes in [[], Array("no file".utf8), [UInt8](repeating: 0x47, count: 4), Array(file.prefix(100))] {
            #expect(throws: FFmpegError.self) { try MediaFileMeasure(bytes) }
        }
        // A list of files is none itself: nothing is opened beside it.
        for text in ["ffconcat version 1.0\nfile /etc/passwd\n", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n/etc/passwd\n"] {
            #expect(throws: FFmpegError.self) { try MediaFileMeasure(Array(text.utf8)) }
        }
    }

    @Test func whatIsBrokenEndsOrIsPassedOver() throws {
        for format in ["mp4", "mpegts"] {
            var file = try MediaFiles.colours(format: format)
            for place in stride(from: file.count / 4, to: file.count, by: 211) { file[place] ^= 0x55 }
            // Whatever is left of it.
            guard let measure = try? MediaFileMeasure(file), measure.video != nil else { continue }
            var reader = try MediaFileReader(file, .video)
            while try reader.next() != nil {}
        }
    }
}
