package import FFmpeg
package import Media

/// Encodes what stands in for a channel's picture and sound: for each video rung a GOP of a picture that does not
/// move, for each audio rung a frame of silence. Both can be repeated for as long as needed.
///
/// A rung is encoded by its own settings, but without B-frames, so that any number of its frames is a stream. One that
/// copies the source has none: it gets H.264 like the first encoded rung's, or AAC-LC.
package struct SlateEncoder {
    /// The coded samples of one rung, with times from 0.
    package struct Coded: Sendable, Equatable {
        package let track: Track
        package let samples: [Sample]
    }

    private let plan: LadderPlan

    /// - Throws: `invalidLadder`.
    package init(_ ladder: Ladder) throws(TranscodeError) { plan = try LadderPlan(ladder.withoutCopies) }

    /// All rungs, as the ladder lists them: the video first.
    ///
    /// - Parameter picture: shown as large as it fits; nil: black.
    package func encode(_ picture: Frame?) throws(TranscodeError) -> [Coded] {
        var coded: [Coded] = []
        for planned in plan.encodedVideo { coded.append(try encode(planned, picture)) }
        for rung in plan.ladder.audio { coded.append(try silence(rung)) }
        return coded
    }

    private func encode(_ planned: LadderPlan.EncodedRung, _ picture: Frame?) throws(TranscodeError) -> Coded {
        let rung = planned.rung
        let (width, height) = (Int(rung.width), Int(rung.height))
        let frame = try translating { () throws(FFmpegError) in
            guard let picture else { return try StillPicture.black(width: width, height: height) }
            return try StillPicture.fitted(picture, width: width, height: height)
        }
        var settings = VideoEncoderSettings(
            width: width, height: height,
            frameRate: (Int(planned.grid.rate.numerator), Int(planned.grid.rate.denominator)),
            bitrate: Int(rung.bitrate))
        settings.isConstantBitrate = rung.rateControl == .cbr
        settings.profile = rung.profile.rawValue.lowercased()
        settings.level = Int(rung.level)
        settings.maximumGOP = Int(rung.gopSize)
        settings.bFrames = 0
        settings.preset = rung.preset
        settings.colour = picture.map { $0.colour.resolved(sourceHeight: $0.height) } ?? .bt709
        var encoder = try translating { () throws(FFmpegError) in try VideoEncoder(settings) }
        let configuration: AVCDecoderConfigurationRecord
        do throws(ParseError) {
            configuration = try NALUnits.configuration(from: encoder.parameterSets)
        } catch {
            throw .invalidLadder("\(rung.name): the encoder's parameter sets: \(error)")
        }
        var packets: [EncodedPacket] = []
        try translating { () throws(FFmpegError) in
            for index in 0..<Int64(rung.gopSize) {
                try encoder.send(frame, at: index, forceIDR: index == 0)
                while let packet = try encoder.receive() { packets.append(packet) }
            }
            try encoder.sendEnd()
            while let packet = try encoder.receive() { packets.append(packet) }
        }
        let samples = packets.enumerated().map { index, packet in
            Sample(
                decodeTime: planned.grid.time(of: Int64(index)), compositionOffset: 0,
                duration: planned.grid.duration(of: Int64(index)), isSync: packet.isSync, data: packet.data)
        }
        return Coded(
            track: Track(
                name: rung.name, timescale: TimeMapping.timescale,
                codec: .avc(configuration, width: rung.width, height: rung.height), frameRate: planned.grid.rate),
            samples: samples)
    }

    /// One frame in the middle of silence: nothing of what is before or after sounds in it.
    private func silence(_ rung: AudioRung) throws(TranscodeError) -> Coded {
        var encoder = try translating { () throws(FFmpegError) in
            try AudioEncoder(
                sampleRate: Int(rung.sampleRate), channels: Int(rung.channels), bitrate: Int(rung.bitrate))
        }
        let configuration: AudioSpecificConfig
        do throws(ParseError) { configuration = try AudioSpecificConfig(parsing: encoder.configuration) } catch {
            throw .invalidLadder("\(rung.name): the encoder's configuration: \(error)")
        }
        var sound = PCMBlock(channels: Int(rung.channels))
        sound.appendSilence(AudioEncoder.frameSize)
        var frame: [UInt8]?
        try translating { () throws(FFmpegError) in
            for index in 0..<8 as Range<Int64> {
                try encoder.send(sound, from: 0, at: index * Int64(AudioEncoder.frameSize))
                while let packet = try encoder.receive() { frame = packet.data }
            }
        }
        guard let frame else { throw .invalidLadder("\(rung.name): the encoder gives no silence") }
        return Coded(
            track: Track(
                name: rung.name, timescale: rung.sampleRate, codec: .aac(configuration), language: rung.language),
            samples: [
                Sample(
                    decodeTime: 0, compositionOffset: 0, duration: UInt32(AudioEncoder.frameSize), isSync: true,
                    data: frame)
            ])
    }
}

extension Ladder {
    /// With plain rungs of the same names in place of those that copy the source.
    fileprivate var withoutCopies: Ladder {
        var ladder = self
        let model =
            video.first { $0.codec != .copy }
            ?? VideoRung(
                name: "", codec: .h264, width: 1280, height: 720, frameRate: FrameRate(30), bitrate: 3_000_000)
        for index in ladder.video.indices where ladder.video[index].codec == .copy {
            var rung = model
            rung.name = ladder.video[index].name
            rung.frameRate = ladder.video[index].frameRate ?? model.frameRate
            rung.gopSize =
                rung.frameRate.map { rate in
                    let frames = FrameGrid(rate: rate).frames(inSeconds: segmentDurationSeconds)
                    let seconds = Int64(max(segmentDurationSeconds, 1))
                    return UInt32(clamping: frames % seconds == 0 ? frames / seconds : frames)
                } ?? 0
            ladder.video[index] = rung
        }
        for index in ladder.audio.indices where ladder.audio[index].codec == .copy {
            let rung = ladder.audio[index]
            ladder.audio[index] = AudioRung(
                name: rung.name, codec: .aac, bitrate: 64_000, sampleRate: 48_000, channels: 2, language: rung.language)
        }
        return ladder
    }
}

extension Colour {
    fileprivate static let bt709 = Colour(primaries: 1, transfer: 1, matrix: 1)
}
