import Media
import TestClips
import Testing
import Transcode

@Suite struct CopyTests {
    private static let source = VideoRung(name: "source", codec: .copy)
    private static let sound = AudioRung(name: "sound", codec: .copy)

    @Test(arguments: [nil, FrameRate(30000, 1001)])
    func passesPicturesThroughOnNewTimes(frameRate: FrameRate?) throws {
        let clip = try Clip.testPicture(rate: "30000/1001", seconds: 8, gop: 30, bFrames: 2)
        var rung = Self.source
        rung.frameRate = frameRate
        let run = try Run(Ladder([rung], [Self.sound]), clip)
        let coded = try #require(run.samples[0])
        let track = try #require(run.tracks[0])
        #expect(coded.map(\.sample.data) == clip.video.map(\.data))
        guard case .avc(let record, let width, let height) = track.codec else {
            Issue.record("not H.264")
            return
        }
        #expect(record.bytes == clip.videoConfiguration && width == 320 && height == 180)
        #expect(track.reorderDelay > 0 && track.reorderDelay < 9000)
        for (offset, item) in coded.enumerated() {
            if offset > 0 {
                let last = coded[offset - 1].sample
                #expect(last.decodeTime + Int64(last.duration) == item.sample.decodeTime)
                #expect(last.duration > 0 && abs(Int(last.duration) - 3003) <= (frameRate == nil ? 90 : 0))
            }
            if item.sample.isSync { #expect(item.sample.compositionOffset == 0) }
            #expect(item.sample.compositionOffset >= -Int32(track.reorderDelay))
            if item.startsSegment { #expect(item.sample.isSync) }
        }
        // An IDR a second: every segment of two seconds has its own.
        let starts = coded.filter(\.startsSegment)
        #expect(starts.count >= 4)
        for (left, right) in zip(starts, starts.dropFirst()) { #expect(right.segmentNumber == left.segmentNumber + 1) }
        let times = try run.pictures(0).map(\.time)
        #expect(times == coded.map(\.sample.presentationTime).sorted())

        let frames = try #require(run.samples[1])
        #expect(clip.audio.suffix(frames.count).map(\.data) == frames.map(\.sample.data))
        #expect(frames.count >= clip.audio.count - 8)
        for (offset, item) in frames.enumerated() {
            #expect(item.sample.decodeTime == frames[0].sample.decodeTime + Int64(offset) * 1024)
        }
        try expectAudioFollows(run, audio: 1)
    }

    /// Each audio segment takes the first frame at or after the video's cut.
    private func expectAudioFollows(_ run: Run, audio: Int) throws {
        let rate = Int64(try #require(run.tracks[audio]).timescale)
        let frames = try #require(run.samples[audio])
        for cut in try #require(run.samples[0]).filter(\.startsSegment) {
            guard let index = frames.firstIndex(where: { $0.segmentNumber == cut.segmentNumber }) else {
                Issue.record("no sound in segment \(cut.segmentNumber)")
                continue
            }
            let start = frames[index].sample.decodeTime * 90_000
            #expect(frames[index].startsSegment)
            #expect(start >= cut.sample.decodeTime * rate - rate)
            #expect(start < cut.sample.decodeTime * rate + 1024 * 90_000)
        }
    }

    /// Its own blocks where it has them, silence of the same kind where it has none: no hole in the track.
    @Test func aPauseOfTheSoundIsSilent() throws {
        var clip = try Clip.testPicture(rate: "30", seconds: 12, gop: 30, bFrames: 0)
        let isGone = { (sample: Clip.Sample) in
            !sample.isVideo && (4000..<9000).contains(sample.decodeMilliseconds)
        }
        let gone = clip.samples.filter(isGone).count
        clip.samples.removeAll(where: isGone)
        let run = try Run(Ladder([Self.source], [Self.sound]), clip)
        let frames = try #require(run.samples[1]).map(\.sample)
        for (one, next) in zip(frames, frames.dropFirst()) {
            #expect(one.duration == 1024 && one.decodeTime + 1024 == next.decodeTime)
        }
        let silent = frames.filter { $0.data.count < 16 }
        #expect(abs(silent.count - gone) <= 2 && run.statistics.silentSamples == UInt64(silent.count) * 1024)
        // Nothing of what came is lost, and it is decoded: loud, silent, loud.
        #expect(frames.count - silent.count >= clip.audio.count - 8)
        let sound = try run.sound(1)
        let start = frames[0].decodeTime - (Run.epochMilliseconds * 48)
        func peak(_ seconds: Range<Int64>) -> Float {
            let range = (seconds.lowerBound * 48_000 - start)..<(seconds.upperBound * 48_000 - start)
            return sound[Int(range.lowerBound)..<Int(range.upperBound)].reduce(0) { max($0, abs($1)) }
        }
        #expect(peak(2..<4) > 0.05 && peak(5..<8) < 0.0001 && peak(10..<11) > 0.05)
        try expectAudioFollows(run, audio: 1)
    }

    @Test func encodedRungsCutWhereTheCopiedOneDoes() throws {
        // Three seconds from IDR to IDR never meet the boundaries of four.
        let clip = try Clip.testPicture(rate: "30", seconds: 20, gop: 90, bFrames: 2)
        let run = try Run(
            Ladder(
                [Self.source, .quick("v", rate: FrameRate(30), gop: 30)], [.stereo, Self.sound], segmentSeconds: 4),
            clip)
        let copied = try #require(run.samples[0])
        let encoded = try #require(run.samples[1])
        let copiedCuts = copied.filter(\.startsSegment)
        let encodedCuts = encoded.filter(\.startsSegment)
        #expect(copiedCuts.count >= 4)
        #expect(copiedCuts.map(\.segmentNumber) == encodedCuts.map(\.segmentNumber))
        for (left, right) in zip(copiedCuts, encodedCuts) {
            #expect(abs(left.sample.decodeTime - right.sample.decodeTime) <= 1500)
            #expect(right.sample.isSync)
        }
        #expect(abs(copied.count - encoded.count) <= 1)
        for (offset, item) in encoded.enumerated() {
            #expect(item.sample.decodeTime == encoded[0].sample.decodeTime + Int64(offset) * 3000)
        }
        try expectAudioFollows(run, audio: 2)
        try expectAudioFollows(run, audio: 3)
    }

    @Test func aSourceWithTooFewIDRsIsAClearError() throws {
        let clip = try Clip.testPicture(rate: "30", seconds: 12, gop: 250, bFrames: 0, audio: false)
        let error = #expect(throws: TranscodeError.sourceGOPTooLong(segmentSeconds: 2)) {
            try Run(Ladder([Self.source]), clip)
        }
        #expect(error?.description.contains("key frame interval to 2 s") == true)
    }

    /// Three seconds from IDR to IDR in segments of four: six, three and three seconds.
    @Test func noSegmentIsLongerThanTheProfileSays() throws {
        let clip = try Clip.testPicture(rate: "30", seconds: 30, gop: 90, bFrames: 0, audio: false)
        var rung = Self.source
        rung.longestGOPSeconds = 3
        let ladder = Ladder([rung], segmentSeconds: 4)
        #expect(ladder.longestSegment == Ticks(7, timescale: 1))
        let starts = try #require(try Run(ladder, clip).samples[0]).filter(\.startsSegment).map(\.sample.decodeTime)
        let lengths = zip(starts, starts.dropFirst()).map { $1 - $0 }
        #expect(lengths.contains { $0 > 5 * 90_000 } && lengths.allSatisfy { $0 < 7 * 90_000 })
        rung.longestGOPSeconds = 1
        let error = #expect(throws: TranscodeError.sourceGOPTooLong(segmentSeconds: 4, longestGOPSeconds: 1)) {
            try Run(Ladder([rung], segmentSeconds: 4), clip)
        }
        #expect(error?.description.contains("its longestGOPSeconds (1)") == true)
    }

    /// Of a sound that stops for a while, and of one that goes on without its picture.
    @Test(arguments: [true, false]) func whatStopsMakesNoSegmentLonger(_ isSound: Bool) throws {
        var clip = try Clip.testPicture(rate: "30", seconds: 8, gop: 30, bFrames: 0)
        clip.samples.removeAll {
            $0.isVideo != isSound && (isSound ? 2000..<7000 : 2000..<9000) ~= $0.decodeMilliseconds
        }
        for ladder in [
            Ladder([Self.source], [Self.sound]), Ladder([.quick("v", rate: FrameRate(30), gop: 30)], [Self.sound]),
        ] {
            // The picture's own silence ends an encoded ladder later.
            if !isSound, ladder.video[0].codec != .copy { continue }
            let run = try Run(ladder, clip)
            let rate = Int64(try #require(run.tracks[1]).timescale)
            for (number, samples) in Dictionary(grouping: try #require(run.samples[1]), by: \.segmentNumber) {
                let first = try #require(samples.first), last = try #require(samples.last)
                let length = last.sample.decodeTime + Int64(last.sample.duration) - first.sample.decodeTime
                #expect(length * 2 < (ladder.longestSegment.value * 2 + 1) * rate, "\(number)")
            }
        }
    }

    @Test func newParameterSetsEndACopy() throws {
        let first = try Clip.testPicture(rate: "30", seconds: 1, gop: 30, bFrames: 0, audio: false)
        let second = try Clip.testPicture(rate: "30", seconds: 1, gop: 30, bFrames: 0, audio: false, size: "160x90")
        let session = try TranscodeSession(
            ladder: Ladder([Self.source]),
            anchor: TimeAnchor(inputMilliseconds: 0, epochMilliseconds: Run.epochMilliseconds))
        let record = try AVCDecoderConfigurationRecord(parsing: first.videoConfiguration)
        try session.configure(video: .avc(record))
        for sample in first.video { _ = try session.push(video: sample.input) }
        try session.configure(video: .avc(record))
        #expect(throws: TranscodeError.sourceChanged) {
            try session.configure(video: .avc(AVCDecoderConfigurationRecord(parsing: second.videoConfiguration)))
        }
        #expect(try session.finish().count == 1)
    }
}
