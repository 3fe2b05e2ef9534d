import FFmpeg
import Media
import TestClips
import Testing

@Suite struct CodecTests {
    private static func decode(_ clip: Clip) throws -> [Frame] {
        var decoder = try Decoder(.avc(AVCDecoderConfigurationRecord(parsing: clip.videoConfiguration)), threads: 2)
        var frames: [Frame] = []
        for sample in clip.video {
            try decoder.send(
                sample.data, presentationTime: sample.decodeMilliseconds + Int64(sample.compositionMilliseconds))
            while let frame = try decoder.receive() { frames.append(frame) }
        }
        try decoder.sendEnd()
        while let frame = try decoder.receive() { frames.append(frame) }
        return frames
    }

    @Test func decodesEveryPictureInPresentationOrder() throws {
        let clip = try Clip.testPicture(rate: "30", seconds: 2, gop: 30, bFrames: 2, audio: false)
        let frames = try Self.decode(clip)
        #expect(frames.count == 60)
        let times = frames.compactMap(\.presentationTime)
        #expect(times == times.sorted() && Set(times).count == 60)
        #expect(frames.allSatisfy { $0.width == 320 && $0.height == 180 })
    }

    @Test func scalesToTheSizeAskedForAndPassesThroughWhatFits() throws {
        let clip = try Clip.testPicture(rate: "30", seconds: 1, gop: 30, bFrames: 0, audio: false)
        let frame = try #require(try Self.decode(clip).first)
        var smaller = Scaler(width: 128, height: 72)
        let scaled = try smaller.scale(frame)
        #expect(scaled.width == 128 && scaled.height == 72)
        #expect(scaled.presentationTime == frame.presentationTime)
        let difference = abs(try #require(scaled.meanLuma) - (try #require(frame.meanLuma)))
        #expect(difference <= 2)
        var same = Scaler(width: 320, height: 180)
        #expect(try same.scale(frame) === frame)
    }

    @Test func turnsFullRangeIntoLimited() throws {
        let clip = try Clip(ffmpeg: [
            "-f", "lavfi", "-i", "color=white:size=64x64:rate=10", "-t", "1", "-vf",
            "scale=out_range=full,format=yuvj420p", "-c:v", "libx264", "-preset", "ultrafast",
        ])
        let frame = try #require(try Self.decode(clip).first)
        #expect(frame.meanLuma == 255)
        var scaler = Scaler(width: 64, height: 64)
        #expect(try scaler.scale(frame).meanLuma == 235)
    }

    /// Where somebody waits for it each picture comes out as soon as it went in; else x264 looks ahead.
    @Test(arguments: [(true, 0, 0), (true, 2, 3), (false, 0, 5)])
    func noPictureWaitsAtLowLatency(_ isLowLatency: Bool, _ bFrames: Int, _ held: Int) throws {
        let clip = try Clip.testPicture(rate: "30", seconds: 1, gop: 30, bFrames: 0, audio: false)
        var settings = VideoEncoderSettings(width: 320, height: 180, frameRate: (30, 1), bitrate: 400_000)
        settings.isLowLatency = isLowLatency
        settings.bFrames = bFrames
        settings.threads = 2
        var encoder = try VideoEncoder(settings)
        var (sent, received) = (0, 0)
        for frame in try Self.decode(clip) {
            try encoder.send(frame, at: Int64(sent), forceIDR: sent == 0)
            sent += 1
            while try encoder.receive() != nil { received += 1 }
        }
        #expect(isLowLatency ? sent - received <= held : sent - received >= held)
    }

    @Test func encodesIDRsOnlyWhereAskedWithLengthPrefixedUnits() throws {
        let clip = try Clip.testPicture(rate: "30", seconds: 2, gop: 30, bFrames: 2, audio: false)
        var settings = VideoEncoderSettings(width: 320, height: 180, frameRate: (30, 1), bitrate: 400_000)
        settings.maximumGOP = nil
        settings.level = 30
        var encoder = try VideoEncoder(settings)
        #expect(encoder.reorderFrames == 2)
        let sets = encoder.parameterSets
        #expect(sets.count > 8 && sets[0...2] == [0, 0, 0] && sets[4] & 0x1F == 7)
        #expect(sets[5] == 100 && sets[7] == 30)

        var packets: [EncodedPacket] = []
        for (index, frame) in try Self.decode(clip).enumerated() {
            try encoder.send(frame, at: Int64(index), forceIDR: index == 17)
            while let packet = try encoder.receive() { packets.append(packet) }
        }
        try encoder.sendEnd()
        while let packet = try encoder.receive() { packets.append(packet) }
        #expect(packets.map(\.presentationTime).sorted() == Array(0..<60))
        #expect(packets.filter(\.isSync).map(\.presentationTime) == [0, 17])
        // Closed GOP: nothing shown before the IDR is decoded after it.
        let second = try #require(packets.lastIndex { $0.isSync })
        #expect(packets[..<second].allSatisfy { $0.presentationTime < 17 })
        for packet in packets {
            var offset = 0
            while offset + 4 <= packet.data.count {
                offset += 4 + packet.data[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            }
            #expect(offset == packet.data.count)
        }
        // CBR: never above the rate asked for, and no filler (type 12) to bring it there.
        let bits = packets.reduce(0) { $0 + $1.data.count } * 8
        #expect(bits < 900_000)
        #expect(packets.allSatisfy { $0.data.count > 4 && $0.data[4] & 0x1F != 12 })
    }

    @Test func soundComesBackWhereItWas() throws {
        let clip = try Clip.flashes(rate: "30", seconds: 1)
        var decoder = try Decoder(.aac(AudioSpecificConfig(parsing: clip.audioConfiguration)))
        var resampler = Resampler(sampleRate: 44100, channels: 1)
        var sound = PCMBlock(channels: 1)
        for sample in clip.audio {
            try decoder.send(sample.data, presentationTime: sample.decodeMilliseconds)
            while let frame = try decoder.receive() {
                #expect(frame.sampleCount == 1024 && frame.sampleRate == 48000 && frame.channels == 2)
                sound.append(try resampler.convert(frame))
            }
        }
        sound.append(try resampler.drain())
        #expect(abs(sound.count - clip.audio.count * 1024 * 441 / 480) <= 2)

        var encoder = try AudioEncoder(sampleRate: 44100, channels: 1, bitrate: 96_000)
        var back = try Decoder(.aac(AudioSpecificConfig(parsing: encoder.configuration)))
        var copy: [Float] = []
        func onset(_ samples: [Float]) -> Int? { samples.firstIndex { abs($0) > 0.2 } }
        var offset = 0
        while sound.count - offset >= AudioEncoder.frameSize {
            try encoder.send(sound, from: offset, at: Int64(offset))
            offset += AudioEncoder.frameSize
            while let packet = try encoder.receive() {
                if copy.isEmpty, packet.presentationTime < 0 {
                    #expect(packet.presentationTime == -1024)
                }
                try back.send(packet.data, presentationTime: packet.presentationTime)
                while let frame = try back.receive() {
                    #expect(frame.presentationTime == Int64(copy.count) - 1024)
                    var same = Resampler(sampleRate: 44100, channels: 1)
                    copy += try same.convert(frame).channels[0]
                }
            }
        }
        let original = try #require(onset(sound.channels[0]))
        let decoded = try #require(onset(Array(copy.dropFirst(1024))))
        #expect(abs(original - decoded) < 100)
    }

    @Test func brokenInputIsToldFromOtherFailures() throws {
        let clip = try Clip.testPicture(rate: "30", seconds: 1, gop: 30, bFrames: 0, audio: false)
        var decoder = try Decoder(.avc(AVCDecoderConfigurationRecord(parsing: clip.videoConfiguration)), threads: 1)
        let error = #expect(throws: FFmpegError.self) {
            try decoder.send([0, 0, 0xFF, 0xFF, 0x65, 1, 2, 3], presentationTime: 0)
        }
        #expect(error?.isBadInput == true)
        #expect(error?.during == .decode)
        // The next good sample is decoded all the same.
        try decoder.send(try #require(clip.video.first).data, presentationTime: 1)
        try decoder.sendEnd()
        #expect(try decoder.receive()?.presentationTime == 1)
    }

    @Test func impossibleSettingsAreAnErrorThatSaysWhat() {
        var settings = VideoEncoderSettings(width: 320, height: 180, frameRate: (30, 1), bitrate: 400_000)
        settings.preset = "no-such-preset"
        let error = #expect(throws: FFmpegError.self) { _ = try VideoEncoder(settings) }
        #expect(error?.during == .openEncoder)
        #expect(error?.description.contains("could not open the encoder") == true)
    }
}
