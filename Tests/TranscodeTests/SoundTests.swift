import FFmpeg
import Media
import TestClips
import Testing
import Transcode

@Suite struct SoundTests {
    /// Onsets of beeps in seconds since the epoch's `origin`.
    private static func beeps(_ run: Run, _ track: Int, origin: Double) throws -> [Double] {
        let samples = try run.sound(track)
        let rate = Double(run.tracks[track]?.timescale ?? 1)
        let start = Double(run.samples[track]?.first?.sample.decodeTime ?? 0) / rate - origin
        var onsets: [Double] = []
        var quiet = 100_000
        for (index, sample) in samples.enumerated() {
            if abs(sample) > 0.2 {
                if quiet > Int(rate) { onsets.append(start + Double(index) / rate) }
                quiet = 0
            } else {
                quiet += 1
            }
        }
        return onsets
    }

    private static func flashes(_ run: Run, _ track: Int, origin: Double) throws -> [Double] {
        var onsets: [Double] = []
        var wasBright = false
        for (time, frame) in try run.pictures(track) {
            let isBright = (frame.meanLuma ?? 0) > 120
            if isBright, !wasBright { onsets.append(Double(time) / 90_000 - origin) }
            wasBright = isBright
        }
        return onsets
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var rate: String
        var frameRate: FrameRate
        var gop: UInt32
        var inputSampleRate: Int
        var sampleRate: UInt32
        var testDescription: String { "\(frameRate) fps, \(inputSampleRate) to \(sampleRate) Hz" }
    }

    static let cases = [
        Case(rate: "30", frameRate: FrameRate(30), gop: 60, inputSampleRate: 48000, sampleRate: 48000),
        Case(rate: "25", frameRate: FrameRate(25), gop: 50, inputSampleRate: 44100, sampleRate: 48000),
        Case(
            rate: "30000/1001", frameRate: FrameRate(30000, 1001), gop: 60, inputSampleRate: 48000, sampleRate: 44100),
    ]

    @Test(arguments: cases)
    func flashAndBeepStayTogether(example: Case) throws {
        let clip = try Clip.flashes(rate: example.rate, seconds: 8, sampleRate: example.inputSampleRate)
        let stereo = AudioRung(
            name: "a", codec: .aac, bitrate: 96_000, sampleRate: example.sampleRate, channels: 2)
        let run = try Run(
            Ladder([.quick("v", rate: example.frameRate, gop: example.gop)], [stereo]), clip)
        let origin = Double(Run.epochMilliseconds / 1000)
        let flashes = try Self.flashes(run, 0, origin: origin)
        let beeps = try Self.beeps(run, 1, origin: origin)
        #expect(flashes.count == 4 && beeps.count == 4)
        // The first may be cut off by the start.
        for (flash, beep) in zip(flashes, beeps).dropFirst() { #expect(abs(flash - beep) < 0.02, "\(flash) \(beep)") }
    }

    @Test func silenceStandsInForSoundThatNeverComes() throws {
        let clip = try Clip.testPicture(rate: "30", seconds: 4, gop: 30, bFrames: 0, audio: false)
        let run = try Run(Ladder([.quick("v", rate: FrameRate(30), gop: 60)], [.stereo]), clip)
        let coded = try #require(run.samples[1])
        // All but the 200 ms that it waits.
        #expect(coded.count >= 3_700 * 48 / 1024 && coded.count <= 4_000 * 48 / 1024)
        #expect(try run.sound(1).allSatisfy { abs($0) < 0.001 })
        for (offset, item) in coded.enumerated() {
            #expect(item.sample.decodeTime == coded[0].sample.decodeTime + Int64(offset) * 1024)
        }
        #expect(run.statistics.silentSamples > 3 * 48000)
    }

    @Test func howLongItHasBeenBlackAndSilent() throws {
        let ladder = Ladder([.quick("v", rate: FrameRate(30), gop: 60)], [.stereo])
        var clip = try Clip.flashes(rate: "30", seconds: 8)
        // The last flash and beep end at 6.1 s.
        var statistics = try Run(ladder, clip).statistics
        #expect((1500...1950).contains(statistics.blackMilliseconds), "\(statistics.blackMilliseconds)")
        #expect((1700...1950).contains(statistics.silentMilliseconds), "\(statistics.silentMilliseconds)")
        clip.samples.removeAll { !$0.isVideo && $0.decodeMilliseconds > 4000 }
        statistics = try Run(ladder, clip).statistics
        #expect(statistics.silentMilliseconds > 3000, "what is missing is silent")
        statistics = try Run(ladder, Clip.testPicture(rate: "30", seconds: 4, gop: 30, bFrames: 0)).statistics
        #expect(statistics.blackMilliseconds == 0 && statistics.silentMilliseconds == 0)
    }

    @Test func soundThatStopsAndComesBackIsWhereItBelongs() throws {
        var clip = try Clip.flashes(rate: "30", seconds: 10)
        clip.samples.removeAll { !$0.isVideo && (2500..<5500).contains($0.decodeMilliseconds) }
        let run = try Run(Ladder([.quick("v", rate: FrameRate(30), gop: 60)], [.stereo]), clip)
        let origin = Double(Run.epochMilliseconds / 1000)
        let flashes = try Self.flashes(run, 0, origin: origin)
        let beeps = try Self.beeps(run, 1, origin: origin)
        #expect(flashes.count == 5 && beeps.count == 4)
        #expect(abs(flashes[3] - beeps[2]) < 0.02)
        #expect(abs(flashes[4] - beeps[3]) < 0.02)
        let coded = try #require(run.samples[1])
        for (offset, item) in coded.enumerated() {
            #expect(item.sample.decodeTime == coded[0].sample.decodeTime + Int64(offset) * 1024)
        }
    }

    @Test func jitteredSoundIsNotTouched() throws {
        var clip = try Clip.flashes(rate: "30", seconds: 8)
        var state: UInt64 = 3
        for index in clip.samples.indices where !clip.samples[index].isVideo && index > 20 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            clip.samples[index].decodeMilliseconds += Int64(state >> 33) % 31 - 15
        }
        let run = try Run(Ladder([.quick("v", rate: FrameRate(30), gop: 60)], [.stereo]), clip)
        #expect(run.statistics.silentSamples < 2048)
        let origin = Double(Run.epochMilliseconds / 1000)
        let beeps = try Self.beeps(run, 1, origin: origin)
        for (flash, beep) in zip(try Self.flashes(run, 0, origin: origin), beeps).dropFirst() {
            #expect(abs(flash - beep) < 0.025)
        }
    }

    @Test(arguments: [1.0005, 0.9995, 1.002])
    func aClockThatDriftsIsFollowed(factor: Double) throws {
        var clip = try Clip(ffmpeg: [
            "-f", "lavfi", "-i", "aevalsrc='if(lt(mod(t,2),0.1),0.8*sin(2*PI*1000*t),0)':s=48000", "-t", "40",
            "-c:a", "aac", "-b:a", "96k",
        ])
        for index in clip.samples.indices {
            clip.samples[index].decodeMilliseconds = Int64(
                Double(index) * 1024 / 48 * factor)
        }
        let run = try Run(Ladder([], [.stereo]), clip)
        let beeps = try Self.beeps(run, 0, origin: Double(Run.epochMilliseconds) / 1000)
        #expect(beeps.count == 20)
        for (index, beep) in beeps.enumerated().dropFirst() {
            // The source's own priming delays it by 1024 samples.
            let expected = (Double(index * 2) + 1024 / 48000) * factor
            #expect(abs(beep - expected) < 0.03, "\(beep) \(expected)")
        }
        let coded = try #require(run.samples[0])
        #expect(
            coded.indices.allSatisfy { coded[$0].sample.decodeTime == coded[0].sample.decodeTime + Int64($0) * 1024 })
    }

    @Test func aLadderWithPicturesRefusesAnInputWithout() throws {
        let clip = try Clip(ffmpeg: ["-f", "lavfi", "-i", "sine", "-t", "12", "-c:a", "aac"])
        #expect(throws: TranscodeError.noVideo) {
            try Run(Ladder([.quick("v", rate: FrameRate(30), gop: 60)], [.stereo]), clip)
        }
    }
}
