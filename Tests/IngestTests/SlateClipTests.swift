import ChunkStream
import FFmpeg
import Glibc
import ISOBMFF
import Ingest
import Media
import Slate
import TestClips
import Testing
import Timeline

/// From a clip's file to what viewers decode, over many rounds.
@Suite(.timeLimit(.minutes(5))) struct SlateClipTests {
    private static func ladder(_ rate: FrameRate, gop: UInt32, sampleRate: UInt32) -> Ladder {
        Ladder(
            video: [
                VideoRung(
                    name: "low", codec: .h264, width: 96, height: 54, frameRate: rate, bitrate: 100_000,
                    profile: .main, gopSize: gop, preset: "superfast")
            ], audio: [AudioRung(name: "mono", codec: .aac, bitrate: 64_000, sampleRate: sampleRate, channels: 1)],
            segmentDurationSeconds: 2, partDurationMilliseconds: 1000)
    }

    private struct Made {
        var slate: Slate?
        var events: [String] = []
        var reason: String?
    }

    /// What the worker says; it is read while it speaks.
    private static func run(
        _ ladder: Ladder, work: WorkerArguments.Work = .slate, files: [UInt8], soundOffset: Int? = nil
    ) throws -> Made {
        var pair: [CInt] = [-1, -1]
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0)
        defer { close(pair[0]) }
        var size: CInt = 8 << 20
        for end in pair { setsockopt(end, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<CInt>.size)) }
        let bytes = try DaemonMessage.accept(ladder, firstSegment: 0).serialize()
        try #require(write(pair[0], bytes, bytes.count) == bytes.count)
        var job = SlateJob(
            link: DaemonLink(descriptor: pair[1]), work: work, files: files, soundOffset: soundOffset)
        try job.run()
        close(pair[1])
        var frames = FrameReader()
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(pair[0], &block, block.count)
            guard count > 0 else { break }
            block[..<count].withUnsafeBytes { frames.append($0) }
        }
        var made = Made()
        var tracks: [TrackDescription] = []
        var chunks: [[[UInt8]]] = []
        while let frame = try frames.next() {
            switch try WorkerMessage(type: frame.type, body: frame.body) {
            case .tracks(let found):
                tracks = found
                chunks = found.map { _ in [] }
            case .chunk(let chunk): chunks[Int(chunk.track)].append(chunk.bytes)
            case .event(let event): made.events.append(event.text)
            case .end(let reason): made.reason = reason
            default: break
            }
        }
        if !tracks.isEmpty { made.slate = try Slate(recipe: "", tracks: tracks, chunks: chunks) }
        return made
    }

    private static let first: UInt64 = 883_612_800

    /// So many segments of a slate from its beginning on, decoded.
    private static func played(
        _ slate: Slate, segments: Int, seconds: (value: Int64, timescale: UInt32)
    ) throws -> (lumas: [Int], sound: [Float]) {
        let origin = Ticks(Int64(first) * seconds.value, timescale: seconds.timescale)
        func samples(_ track: SlateTrack) throws -> [[UInt8]] {
            try (0..<segments).flatMap { index in
                let start = Ticks(origin.value + Int64(index) * seconds.value, timescale: seconds.timescale)
                let end = Ticks(start.value + seconds.value, timescale: seconds.timescale)
                let bytes = try #require(
                    track.media(number: first + UInt64(index), from: start, to: end, origin: origin))
                return try MovieFragmentTable(parsing: bytes.span).fragments.flatMap(\.samples).map {
                    Array(bytes[$0.offset..<$0.offset + $0.size])
                }
            }
        }
        var lumas: [Int] = []
        var sound: [Float] = []
        for track in slate.tracks {
            switch track.stored.track.codec {
            case .avc(let record, _, _):
                var decoder = try Decoder(.avc(record), threads: 1)
                for (index, sample) in try samples(track).enumerated() {
                    try decoder.send(sample, presentationTime: Int64(index))
                    while let frame = try decoder.receive() { lumas.append(frame.meanLuma ?? 0) }
                }
                try decoder.sendEnd()
                while let frame = try decoder.receive() { lumas.append(frame.meanLuma ?? 0) }
            case .aac(let configuration):
                var decoder = try Decoder(.aac(configuration))
                var resampler = Resampler(
                    sampleRate: Int(track.stored.track.timescale), channels: 1)
                for (index, sample) in try samples(track).enumerated() {
                    try decoder.send(sample, presentationTime: Int64(index))
                    while let frame = try decoder.receive() { sound += try resampler.convert(frame).channels[0] }
                }
            default: Issue.record("an unexpected codec")
            }
        }
        return (lumas, sound)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var rate: FrameRate
        var gop: UInt32
        var sampleRate: UInt32
        var seconds: Double
        /// Of the loop, in pictures.
        var pictures: Int
        var testDescription: String { "\(rate) fps, \(sampleRate) Hz, \(seconds) s" }
    }

    static let cases = [
        Case(rate: FrameRate(30), gop: 60, sampleRate: 48_000, seconds: 3, pictures: 90),
        Case(rate: FrameRate(30), gop: 60, sampleRate: 44_100, seconds: 2.7, pictures: 75),
        Case(rate: FrameRate(25), gop: 50, sampleRate: 48_000, seconds: 3, pictures: 70),
        Case(rate: FrameRate(30000, 1001), gop: 60, sampleRate: 48_000, seconds: 3, pictures: 90),
    ]

    @Test(arguments: cases) func pictureAndSoundGoRoundTogether(example: Case) throws {
        // FFmpeg's AAC would have its own faults in it already.
        let file = try MediaFiles.colours(
            format: "mov", seconds: example.seconds,
            codecs: ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "pcm_s16le"])
        let made = try Self.run(
            Self.ladder(example.rate, gop: example.gop, sampleRate: example.sampleRate), files: file)
        let slate = try #require(made.slate)
        #expect(made.reason == "" && !made.events.contains { $0.contains("black") })
        let frames = Int(2 * example.rate.numerator + example.rate.denominator / 2) / Int(example.rate.denominator)
        let (lumas, sound) = try Self.played(
            slate, segments: 12,
            seconds: (Int64(frames) * Int64(example.rate.denominator), example.rate.numerator))
        #expect(lumas.count == frames * 12)
        // Every picture of every round has the colour of its second; the two around a change may have either.
        let second = Int(example.rate.numerator) / Int(example.rate.denominator)
        for (index, luma) in lumas.enumerated() {
            let place = index % example.pictures
            let expected = [81, 145, 41][min(place * Int(example.rate.denominator) / Int(example.rate.numerator), 2)]
            guard place % second > 0, place % second < second - 1 || place > 2 * second else { continue }
            #expect(abs(luma - expected) <= 4, "picture \(index), \(place) of its round")
        }
        try Self.expectTone(sound, sampleRate: Double(example.sampleRate))
    }

    /// 1 kHz all the time: no hole, and no step that it does not have itself.
    private static func expectTone(_ sound: [Float], sampleRate: Double) throws {
        // The first frame is heard without the one before it.
        let heard = Array(sound.dropFirst(2048))
        try #require(heard.count > Int(sampleRate) * 20)
        let slope = Float(0.5 * 2 * Double.pi * 1000 / sampleRate)
        let steps = zip(heard, heard.dropFirst()).map { abs($0 - $1) }
        #expect((steps.max() ?? 0) < 2 * slope, "\(steps.max() ?? 0) beside \(slope)")
        // Of windows of 10 ms, nearly all are as loud as the tone; where a round ends two waves may meet.
        let window = Int(sampleRate / 100)
        let levels = stride(from: 0, to: heard.count - window, by: window).map { start in
            heard[start..<start + window].reduce(0) { max($0, abs($1)) }
        }
        #expect(levels.allSatisfy { $0 < 0.8 })
        #expect(levels.count { $0 < 0.45 } <= levels.count / 50, "\(levels.count { $0 < 0.45 }) of \(levels.count)")
        // No faster and no slower.
        let crossings = zip(heard, heard.dropFirst()).count { $0 < 0 && $1 >= 0 }
        #expect(abs(Double(crossings) / Double(heard.count) * sampleRate - 1000) < 3)
    }

    @Test func anImageMayHaveSound() throws {
        let sound = try MediaFiles.tone(format: "wav", seconds: 2.5)
        let ladder = Self.ladder(FrameRate(30), gop: 60, sampleRate: 48_000)
        let slate = try #require(try Self.run(ladder, files: sound, soundOffset: 0).slate)
        let (lumas, heard) = try Self.played(slate, segments: 12, seconds: (2, 1))
        #expect(lumas.count == 720 && lumas.allSatisfy { $0 == 16 })
        try Self.expectTone(heard, sampleRate: 48_000)
        // What is no sound: black, silent, and said.
        let wrong = try Self.run(ladder, files: Array("no sound".utf8), soundOffset: 0)
        #expect(wrong.slate?.byteCount ?? .max < 20_000 && wrong.events.contains { $0.contains("black") })
    }

    @Test func whatCannotBeASlateIsSaid() throws {
        let ladder = Self.ladder(FrameRate(30), gop: 60, sampleRate: 48_000)
        func inspected(_ files: [UInt8], soundOffset: Int? = nil) throws -> Made {
            try Self.run(ladder, work: .inspect, files: files, soundOffset: soundOffset)
        }
        let good = try inspected(try MediaFiles.colours())
        #expect(good.reason == "" && good.slate == nil && good.events == [])
        let cut = try inspected(try MediaFiles.colours(seconds: 2.7))
        #expect(cut.reason == "" && cut.events.first?.contains("200 ms of the clip are not shown") == true, "\(cut)")
        let short = try inspected(try MediaFiles.colours(seconds: 1))
        #expect(short.reason?.contains("1.0 s; 2 to 60 s are possible") == true, "\(short)")
        let long = try inspected(try MediaFiles.tone(format: "wav", seconds: 61), soundOffset: 0)
        #expect(long.reason?.contains("61.0 s") == true)
        let sound = try inspected(try MediaFiles.tone(format: "mp3", seconds: 3))
        #expect(sound.reason?.contains("no picture that moves") == true)
        #expect(try inspected(try MediaFiles.colours(hertz: nil), soundOffset: 0).reason == "it has no sound")
        #expect(try inspected(Array("text".utf8)).reason?.contains("no media file") == true)
    }
}
