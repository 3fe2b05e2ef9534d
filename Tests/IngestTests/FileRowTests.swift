import ChunkStream
import FFmpeg
import Media
import RTMPServer
import TestClips
import Testing
import Timeline

@testable import Ingest

/// Real files through a real ladder into the daemon's timeline.
@Suite struct FileRowTests {
    struct Container: CustomTestStringConvertible, Sendable {
        var format: String
        var codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "30", "-c:a", "aac"]
        var testDescription: String { "\(format) \(codecs[1])" }
    }

    static let encoded = Ladder(
        video: [
            VideoRung(
                name: "low", codec: .h264, width: 64, height: 36, frameRate: FrameRate(30), bitrate: 100_000,
                profile: .main, gopSize: 60, preset: "ultrafast")
        ],
        audio: [AudioRung(name: "stereo", codec: .aac, bitrate: 64000, sampleRate: 48000, channels: 2)],
        segmentDurationSeconds: 2, partDurationMilliseconds: 500)
    static let copied = Ladder(
        video: [VideoRung(name: "source", codec: .copy)], audio: [AudioRung(name: "sound", codec: .copy)],
        segmentDurationSeconds: 2, partDurationMilliseconds: 500)

    static let containers = [
        Container(format: "mp4"), Container(format: "matroska"), Container(format: "flv"), Container(format: "mpegts"),
        Container(
            format: "mpegts",
            codecs: [
                "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=30:open-gop=0",
                "-c:a", "ac3",
            ]),
        Container(format: "webm", codecs: ["-c:v", "libvpx-vp9", "-cpu-used", "8", "-g", "30", "-c:a", "libopus"]),
    ]

    /// Plays files one after the other, each packet at its time; returns how each ended.
    private func play(_ files: [[UInt8]], _ bench: inout Bench, start: UInt64 = 0) throws -> [FileEnd] {
        var row = FileRow(ladder: bench.line.ladder)
        var ends: [FileEnd] = []
        var waiting = files[...]
        var origin: Int64?
        var stretch: UInt64 = 0
        while true {
            while !row.isFull, row.isOpen || !waiting.isEmpty {
                if row.isOpen {
                    if let end = row.read() { ends.append(end) }
                } else if let file = waiting.popFirst() {
                    let offer = FileOffer(file: UInt64(files.count - waiting.count), startMilliseconds: start)
                    do throws(FFmpegError) {
                        let packets = try MediaFilePackets(file)
                        do throws(FileFit.Refusal) { bench.events += try row.open(packets, offer) } catch {
                            ends.append(FileEnd(file: offer.file, reason: error.description))
                        }
                    } catch {
                        ends.append(FileEnd(file: offer.file, reason: "no media file"))
                    }
                }
            }
            guard let item = row.popFirst() else { return ends }
            if item.stretch != stretch { bench.line.join() }
            stretch = item.stretch
            origin = origin ?? item.time
            try bench.give(item.messages, wall: Bench.wall + (item.time - (origin ?? 0)) / 1_000_000)
        }
    }

    /// What is missing, or comes twice, between two samples of a track.
    private func holes(_ bench: borrowing Bench, track: Int) -> [Int64] {
        let segments = bench.timeline.snapshot.segments
        return zip(segments, segments.dropFirst()).map {
            $1.tracks[track].decodeTime - $0.tracks[track].decodeTime - $0.tracks[track].duration
        }
    }

    @Test(arguments: containers) func threeRoundsOfAFileHaveNoSeam(container: Container) throws {
        let file = try MediaFiles.colours(format: container.format, codecs: container.codecs)
        for ladder in container.format == "webm" ? [Self.encoded] : [Self.encoded, Self.copied] {
            var bench = try Bench(ladder: ladder)
            let ends = try play([file, file, file], &bench)
            try bench.finish()
            #expect(ends.map(\.reason) == ["", "", ""] && bench.events == [] && bench.sets == 1)
            #expect((2950...3100).contains(ends[0].at) && (8900...9150).contains(ends[2].at), "\(ends)")
            #expect(bench.numbers.first == 0 && bench.numbers.last == 4, "\(bench.numbers)")
            #expect(holes(bench, track: 0).allSatisfy { $0 == 0 })
            #expect(holes(bench, track: 1).allSatisfy { $0 == 0 })
            var statistics = IngestStatistics()
            bench.line.fill(&statistics)
            #expect((268...270).contains(statistics.videoSamplesReceived), "\(statistics)")
            #expect(
                statistics.framesRepeated + statistics.framesDropped <= 4 && statistics.decodeErrors == 0,
                "\(statistics)")
        }
    }

    /// One codec after another, a size after another: an encoded ladder goes on, a copied one says a discontinuity.
    @Test func differentFilesFollowEachOther() throws {
        let first = try MediaFiles.colours(
            format: "mp4", codecs: ["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-c:a", "aac"])
        let second = try MediaFiles.colours(
            format: "matroska", rate: "25",
            codecs: ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-s", "128x72", "-c:a", "libopus"])
        for (ladder, sets) in [(Self.encoded, 1), (Self.copied, 2)] {
            var bench = try Bench(ladder: ladder)
            #expect(try play([first, second], &bench).map(\.reason) == ["", ""])
            try bench.finish()
            #expect(bench.sets == sets, "\(bench.events)")
            #expect(bench.events.count == sets - 1)
        }
    }

    @Test func whatCannotBePlayedIsSaidAndTheNextBegins() throws {
        let good = try MediaFiles.colours(format: "mp4")
        let silent = try MediaFiles.colours(format: "mp4", hertz: nil)
        let tone = try MediaFiles.tone(format: "mp3", seconds: 1)
        let other = try MediaFiles.colours(format: "mpegts", codecs: ["-c:v", "mpeg2video", "-c:a", "mp2"])
        let junk = [UInt8](repeating: 0x47, count: 5000)
        let torn = Array(good.prefix(good.count / 2))
        var bench = try Bench(ladder: Self.encoded)
        let ends = try play([good, junk, tone, other, torn, silent, good], &bench)
        try bench.finish()
        #expect(ends.map(\.file) == [1, 2, 3, 4, 5, 6, 7])
        #expect(ends[0].reason == "" && ends[5].reason == "" && ends[6].reason == "")
        #expect(ends[1].reason == "no media file" && ends[4].reason == "no media file")
        #expect(ends[2].reason == "it has no picture for the rung 'low'")
        #expect(ends[3].reason == "its picture is mpeg2video; H.264, HEVC, AV1 and VP9 are taken")
        #expect(bench.events == ["it has no sound for the rung 'stereo', which is silent"])
        #expect(bench.sets == 1 && bench.numbers == [0, 1, 2, 3, 4])
        #expect(holes(bench, track: 0) + holes(bench, track: 1) == [0, 0, 0, 0, 0, 0, 0, 0])
        var copies = try Bench(ladder: Self.copied)
        let vp9 = try MediaFiles.colours(
            format: "webm", codecs: ["-c:v", "libvpx-vp9", "-cpu-used", "8", "-c:a", "libopus"])
        #expect(
            try play([silent, vp9], &copies).map(\.reason) == [
                "it has no sound for the rung 'sound'",
                "its picture is VP9, which the rung 'source' with codec copy cannot pass on",
            ])
    }

    /// As after a worker's end: at the key frame before.
    @Test func goesOnInTheMiddleOfAFile() throws {
        let file = try MediaFiles.colours(
            format: "mp4", codecs: ["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-c:a", "aac"])
        var bench = try Bench(ladder: Self.copied)
        let ends = try play([file], &bench, start: 1500)
        try bench.finish()
        #expect(ends.map(\.reason) == [""])
        var statistics = IngestStatistics()
        bench.line.fill(&statistics)
        #expect(statistics.videoSamplesReceived == 60)
    }
}
