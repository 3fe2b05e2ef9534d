import Foundation
import Media
import TestClips
import Testing
import Transcode

@Suite struct EncodedLadderTests {
    struct Rates: CustomTestStringConvertible, Sendable {
        var input: String
        var rungs: [(rate: FrameRate, gop: UInt32)]
        /// Frames of the input's five seconds that each rung must have, give or take the ends.
        var testDescription: String { "\(input) to \(rungs.map(\.rate))" }
    }

    static let rates = [
        Rates(input: "30", rungs: [(FrameRate(30), 30), (FrameRate(30), 60)]),
        Rates(input: "30000/1001", rungs: [(FrameRate(30000, 1001), 30), (FrameRate(30000, 1001), 60)]),
        Rates(input: "24000/1001", rungs: [(FrameRate(24000, 1001), 24)]),
        Rates(input: "25", rungs: [(FrameRate(25), 50), (FrameRate(50), 50)]),
        Rates(input: "60", rungs: [(FrameRate(60), 60), (FrameRate(30), 30)]),
        Rates(input: "25", rungs: [(FrameRate(30), 60)]),
    ]

    @Test(arguments: rates)
    func samplesLieOnTheGridAndSegmentsAgree(rates: Rates) throws {
        let clip = try Clip.testPicture(rate: rates.input, seconds: 5, gop: 50, bFrames: 2)
        let rungs = rates.rungs.enumerated().map { index, rung in
            VideoRung.quick("v\(index)", width: 160 - 32 * UInt16(index), rate: rung.rate, gop: rung.gop)
        }
        let run = try Run(Ladder(rungs, [.stereo]), clip)
        #expect(run.tracks.count == rungs.count + 1)
        var starts: [[UInt64]] = []
        for (index, rung) in rungs.enumerated() {
            let coded = try #require(run.samples[index])
            try expectOnGrid(coded, rung, try #require(run.tracks[index]), run.segments)
            starts.append(coded.filter(\.startsSegment).map(\.segmentNumber))
            // Five seconds of input are five seconds of output.
            let seconds = Double(coded.count) * Double(rung.frameRate!.denominator) / Double(rung.frameRate!.numerator)
            #expect(abs(seconds - 5) < 0.1)
            let times = try run.pictures(index).map(\.time)
            #expect(times == coded.map(\.sample.presentationTime).sorted())
        }
        #expect(Set(starts).count == 1)
        #expect(starts[0].count >= 3)
        try expectAudio(run, track: rungs.count, videoStart: try #require(run.samples[0]?.first).sample.decodeTime)
    }

    private func expectOnGrid(
        _ coded: [Run.Coded], _ rung: VideoRung, _ track: Track, _ segments: SegmentGrid
    ) throws {
        let rate = try #require(rung.frameRate)
        func time(_ index: Int64) -> Int64 {
            index * 90_000 * Int64(rate.denominator) / Int64(rate.numerator)
        }
        let first = try #require(coded.first)
        let frame = Double(90_000) * Double(rate.denominator) / Double(rate.numerator)
        let firstIndex = Int64((Double(first.sample.decodeTime) / frame).rounded())
        // Within half a frame of the wall clock given for the first sample, plus the source's own delay.
        #expect(abs(first.sample.decodeTime - Run.epochMilliseconds * 90) < 90_000 / 5)
        #expect(first.startsSegment && first.sample.isSync)
        var presentation: Set<Int64> = []
        for (offset, item) in coded.enumerated() {
            let index = firstIndex + Int64(offset)
            #expect(item.sample.decodeTime == time(index))
            #expect(Int64(item.sample.duration) == time(index + 1) - time(index))
            #expect(Int64(item.sample.compositionOffset) >= -Int64(track.reorderDelay))
            if item.sample.isSync { #expect(item.sample.compositionOffset == 0) }
            let isGOPStart = offset == 0 || index % Int64(rung.gopSize) == 0
            #expect(item.sample.isSync == isGOPStart)
            let boundary = segments.start(of: item.segmentNumber, timescale: 90_000)
            let next = segments.start(of: item.segmentNumber + 1, timescale: 90_000)
            #expect(item.sample.decodeTime >= boundary - 1 && item.sample.decodeTime < next - 1)
            let begins = offset == 0 || coded[offset - 1].segmentNumber != item.segmentNumber
            #expect(item.startsSegment == begins)
            if item.startsSegment { #expect(item.sample.isSync) }
            if offset > 0 { #expect(item.segmentNumber - coded[offset - 1].segmentNumber <= 1) }
            presentation.insert(item.sample.presentationTime)
        }
        #expect(presentation == Set(coded.map(\.sample.decodeTime)))
    }

    private func expectAudio(_ run: Run, track: Int, videoStart: Int64) throws {
        let coded = try #require(run.samples[track])
        let first = try #require(coded.first).sample.decodeTime
        #expect(first % 1024 == 0)
        let firstPossible = (videoStart * 48 + 89) / 90
        #expect(first >= firstPossible && first < firstPossible + 1024)
        for (offset, item) in coded.enumerated() {
            #expect(item.sample.decodeTime == first + Int64(offset) * 1024 && item.sample.duration == 1024)
            #expect(item.sample.decodeTime >= run.segments.start(of: item.segmentNumber, timescale: 48000))
            #expect(item.sample.decodeTime < run.segments.start(of: item.segmentNumber + 1, timescale: 48000))
            #expect(item.startsSegment == (offset == 0 || coded[offset - 1].segmentNumber != item.segmentNumber))
        }
        #expect(abs(coded.count * 1024 - 5 * 48000) < 4 * 1024)
    }

    @Test func jitterNeitherDoublesNorLosesPictures() throws {
        var clip = try Clip.testPicture(rate: "30", seconds: 6, gop: 60, bFrames: 0, audio: false)
        var state: UInt64 = 7
        for index in clip.samples.indices.dropFirst() {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            clip.samples[index].decodeMilliseconds += Int64(state >> 33) % 23 - 11
        }
        let run = try Run(Ladder([.quick("v", rate: FrameRate(30), gop: 60)]), clip)
        #expect(run.samples[0]?.count == 180)
        #expect(run.statistics.repeatedFrames == 0)
        #expect(run.statistics.droppedFrames == 0)
    }

    @Test func halvingTheRateKeepsEverySecondPicture() throws {
        let clip = try Clip.testPicture(rate: "60", seconds: 4, gop: 60, bFrames: 0, audio: false)
        let run = try Run(Ladder([.quick("v", rate: FrameRate(30), gop: 60)]), clip)
        // The last picture lies between two places and may get one of its own.
        let count = try #require(run.samples[0]).count
        #expect(count == 120 || count == 121)
        #expect(run.statistics.repeatedFrames == 0)
        #expect(run.statistics.droppedFrames == 240 - UInt64(count))
    }

    @Test func holesAreFilledWithTheLastPicture() throws {
        var clip = try Clip.testPicture(rate: "30", seconds: 6, gop: 30, bFrames: 0, audio: false)
        clip.samples.removeSubrange(45..<90)
        let run = try Run(Ladder([.quick("v", rate: FrameRate(30), gop: 30)]), clip)
        #expect(run.samples[0]?.count == 180)
        #expect(run.statistics.repeatedFrames == 45)
        let pictures = try run.pictures(0)
        #expect(pictures.count == 180)
    }

    @Test func aJumpOfTheClockIsRefusedBeforeTheSampleIsTaken() throws {
        let clip = try Clip.testPicture(rate: "30", seconds: 2, gop: 30, bFrames: 0, audio: false)
        let session = try TranscodeSession(
            ladder: Ladder([.quick("v", rate: FrameRate(30), gop: 30)]),
            anchor: TimeAnchor(inputMilliseconds: 0, epochMilliseconds: Run.epochMilliseconds))
        try session.configure(video: .avc(AVCDecoderConfigurationRecord(parsing: clip.videoConfiguration)))
        var outputs: [TranscodeOutput] = []
        for sample in clip.video { outputs += try session.push(video: sample.input) }
        var late = try #require(clip.video.first).input
        late.decodeMilliseconds = 3_600_000
        let last = try #require(clip.video.last).decodeMilliseconds
        #expect(throws: TranscodeError.inputJump(from: last, to: 3_600_000)) { try session.push(video: late) }
        late.decodeMilliseconds = last - 1500
        #expect(throws: TranscodeError.inputJump(from: last, to: last - 1500)) { try session.push(video: late) }
        outputs += try session.finish()
        let samples = outputs.count { if case .sample = $0 { true } else { false } }
        #expect(samples == 60)
    }

    @Test func nothingComesOutForSegmentsThatAreNotAllowed() throws {
        let clip = try Clip.testPicture(rate: "30", seconds: 6, gop: 30, bFrames: 2)
        let current = UInt64(Run.epochMilliseconds / 2000)
        let run = try Run(
            Ladder([.quick("v", rate: FrameRate(30), gop: 30)], [.stereo]), clip,
            anchor: TimeAnchor(
                inputMilliseconds: 0, epochMilliseconds: Run.epochMilliseconds, firstAllowedSegment: current + 1))
        let first = try #require(run.samples[0]?.first)
        #expect(first.segmentNumber == current + 1 && first.startsSegment)
        #expect(first.sample.decodeTime == Int64(current + 1) * 180_000)
        let sound = try #require(run.samples[1]?.first)
        #expect(sound.segmentNumber == current + 1)
        #expect(sound.sample.decodeTime >= Int64(current + 1) * 96_000)
        #expect(sound.sample.decodeTime < Int64(current + 1) * 96_000 + 1024)
    }

    @Test func brokenSamplesCostThemselvesOnly() throws {
        var clip = try Clip.testPicture(rate: "30", seconds: 4, gop: 30, bFrames: 0)
        var state: UInt64 = 99
        for index in clip.samples.indices where index % 7 == 3 {
            for position in clip.samples[index].data.indices where position % 5 == 0 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                clip.samples[index].data[position] = UInt8(truncatingIfNeeded: state >> 40)
            }
        }
        clip.samples[20].compositionMilliseconds = 8_000_000
        let run = try Run(Ladder([.quick("v", rate: FrameRate(30), gop: 30)], [.stereo]), clip)
        #expect(run.statistics.brokenSamples > 5)
        #expect(try #require(run.samples[0]).count > 90)
        #expect(try #require(run.samples[1]).count > 150)
    }

    @Test func aNewPictureSizeInMidStreamGoesOnOnTheSameGrid() throws {
        let first = try Clip.testPicture(rate: "30", seconds: 2, gop: 30, bFrames: 2, audio: false)
        let second = try Clip.testPicture(rate: "30", seconds: 2, gop: 30, bFrames: 2, audio: false, size: "640x360")
        let session = try TranscodeSession(
            ladder: Ladder([.quick("v", rate: FrameRate(30), gop: 30)]),
            anchor: TimeAnchor(inputMilliseconds: 0, epochMilliseconds: Run.epochMilliseconds))
        var outputs: [TranscodeOutput] = []
        try session.configure(video: .avc(AVCDecoderConfigurationRecord(parsing: first.videoConfiguration)))
        for sample in first.video { outputs += try session.push(video: sample.input) }
        try session.configure(video: .avc(AVCDecoderConfigurationRecord(parsing: second.videoConfiguration)))
        for sample in second.video {
            var input = sample.input
            input.decodeMilliseconds += 2000
            outputs += try session.push(video: input)
        }
        outputs += try session.finish()
        let samples = outputs.count { if case .sample = $0 { true } else { false } }
        #expect(samples == 120)
        #expect(outputs.count == 121)
    }

    /// ffprobe reads the elementary stream, parameter sets first, as any decoder would.
    @Test func anotherReaderFindsWhatTheLadderAskedFor() throws {
        let clip = try Clip.testPicture(rate: "30", seconds: 4, gop: 50, bFrames: 2, audio: false, size: "1280x720")
        var rung = VideoRung.quick("v", width: 320, height: 180, rate: FrameRate(30), gop: 30)
        rung.profile = .high
        rung.level = 31
        let run = try Run(Ladder([rung]), clip)
        guard case .avc(let record, _, _) = run.tracks[0]?.codec else {
            Issue.record("not H.264")
            return
        }
        var stream: [UInt8] = []
        for set in record.sequenceParameterSets + record.pictureParameterSets { stream += [0, 0, 0, 1] + set }
        for coded in try #require(run.samples[0]) {
            var rest = coded.sample.data[...]
            while rest.count >= 4 {
                let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
                stream += [0, 0, 0, 1] + rest.dropFirst(4).prefix(length)
                rest = rest.dropFirst(4 + length)
            }
        }
        let text = String(
            decoding: try Clip.run(
                [
                    "ffprobe", "-v", "error", "-f", "h264", "-count_frames", "-show_entries",
                    "stream=profile,width,height,level,has_b_frames,color_range,color_space,nb_read_frames:frame=key_frame",
                    "-of", "compact", "-i", "/dev/stdin",
                ], input: Data(stream)), as: UTF8.self)
        let lines = text.split(separator: "\n")
        let keys = lines.indices.filter { lines[$0].hasPrefix("frame|key_frame=1") }
        let expected = try run.samples[0]!.filter(\.sample.isSync).map { key in
            try #require(run.pictures(0).firstIndex { $0.time == key.sample.decodeTime })
        }
        #expect(keys == expected)
        let description = try #require(lines.last { $0.hasPrefix("stream|") })
        for field in [
            "profile=High", "width=320", "height=180", "level=31", "has_b_frames=2", "color_range=tv",
            // Unspecified in a source of 720 lines: what players take that for, kept in the smaller rung.
            "color_space=bt709", "nb_read_frames=120",
        ] { #expect(description.contains(field), "\(field) in \(description)") }
    }
}
