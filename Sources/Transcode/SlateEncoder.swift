package import FFmpeg
package import Media

/// Encodes what stands in for a channel's picture and sound: for each video rung a GOP of a picture that does not
/// move, for each audio rung a frame of silence, or the loop of a clip. All can be repeated for as long as needed.
///
/// A rung is encoded by its own settings, but without B-frames, so that any number of its frames is a stream. One that
/// copies the source has none: it gets H.264 like the first encoded rung's, or AAC-LC.
package struct SlateEncoder {
    /// The coded samples of one rung, with times from 0.
    package struct Coded: Sendable, Equatable {
        package let track: Track
        package let samples: [Sample]
        /// Of sound, where a round has n frames or one more: the last ones of the longer round, with their times in it.
        package var ending: [Sample] = []

        package var byteCount: Int { (samples + ending).reduce(0) { $0 + $1.data.count } }
    }

    let plan: LadderPlan

    /// - Throws: `invalidLadder`.
    package init(_ ladder: Ladder) throws(TranscodeError) { plan = try LadderPlan(ladder.withoutCopies) }

    /// All rungs, as the ladder lists them: the video first.
    ///
    /// - Parameters:
    ///   - picture: shown as large as it fits; nil: black.
    ///   - sound: goes round on its own, whole frames of it; nil: silence.
    package func encode(_ picture: Frame?, sound: SlateClip? = nil) throws(TranscodeError) -> [Coded] {
        var coded: [Coded] = []
        for planned in plan.encodedVideo { coded.append(try encode(planned, picture)) }
        for rung in plan.ladder.audio {
            guard let sound, let span = sound.measure.audio else {
                coded.append(try silence(rung))
                continue
            }
            var block = try translating { () throws(FFmpegError) in
                try sound.sound(
                    from: span.start, count: nil, sampleRate: Int(rung.sampleRate), channels: Int(rung.channels))
            }
            let whole = block.count / AudioEncoder.frameSize * AudioEncoder.frameSize
            for channel in block.channels.indices {
                block.channels[channel].removeLast(block.channels[channel].count - whole)
            }
            coded.append(try encode(rung, block, count: whole, isWholeFrames: true))
        }
        return coded
    }

    private func encode(_ planned: LadderPlan.EncodedRung, _ picture: Frame?) throws(TranscodeError) -> Coded {
        let rung = planned.rung
        let (width, height) = (Int(rung.width), Int(rung.height))
        let frame = try translating { () throws(FFmpegError) in
            guard let picture else { return try StillPicture.black(width: width, height: height) }
            return try StillPicture.fitted(picture, width: width, height: height)
        }
        var encoder = try encoder(
            planned, gop: Int64(rung.gopSize), bitrate: Int(rung.bitrate),
            colour: picture.map { $0.colour.resolved(sourceHeight: $0.height) } ?? .bt709)
        let track = try track(planned, of: encoder)
        var packets: [EncodedPacket] = []
        try translating { () throws(FFmpegError) in
            for index in 0..<Int64(rung.gopSize) {
                try encoder.send(frame, at: index, forceIDR: index == 0)
                while let packet = try encoder.receive() { packets.append(packet) }
            }
            try encoder.sendEnd()
            while let packet = try encoder.receive() { packets.append(packet) }
        }
        return Coded(track: track, samples: samples(packets, planned.grid))
    }

    /// For a rung by its own settings, but without B-frames.
    func encoder(
        _ planned: LadderPlan.EncodedRung, gop: Int64, bitrate: Int, colour: Colour
    ) throws(TranscodeError) -> VideoEncoder {
        let rung = planned.rung
        var settings = VideoEncoderSettings(
            width: Int(rung.width), height: Int(rung.height),
            frameRate: (Int(planned.grid.rate.numerator), Int(planned.grid.rate.denominator)), bitrate: bitrate)
        settings.isConstantBitrate = rung.rateControl == .cbr
        settings.profile = rung.profile.rawValue.lowercased()
        settings.level = Int(rung.level)
        settings.maximumGOP = Int(gop)
        settings.bFrames = 0
        settings.preset = rung.preset
        settings.colour = colour
        return try translating { () throws(FFmpegError) in try VideoEncoder(settings) }
    }

    func track(
        _ planned: LadderPlan.EncodedRung, of encoder: borrowing VideoEncoder
    ) throws(TranscodeError) -> Track {
        let rung = planned.rung
        let configuration: AVCDecoderConfigurationRecord
        do throws(ParseError) {
            configuration = try NALUnits.configuration(from: encoder.parameterSets)
        } catch {
            throw .invalidLadder("\(rung.name): the encoder's parameter sets: \(error)")
        }
        return Track(
            name: rung.name, timescale: TimeMapping.timescale,
            codec: .avc(configuration, width: rung.width, height: rung.height), frameRate: planned.grid.rate)
    }

    /// With times from 0 on the rung's grid.
    func samples(_ packets: [EncodedPacket], _ grid: FrameGrid) -> [Sample] {
        packets.enumerated().map { index, packet in
            Sample(
                decodeTime: grid.time(of: Int64(index)), compositionOffset: 0,
                duration: grid.duration(of: Int64(index)),
                isSync: packet.isSync, data: packet.data)
        }
    }

    /// One frame in the middle of silence: nothing of what is before or after sounds in it.
    func silence(_ rung: AudioRung) throws(TranscodeError) -> Coded {
        var sound = PCMBlock(channels: Int(rung.channels))
        sound.appendSilence(8 * AudioEncoder.frameSize)
        let (track, frames) = try code(rung, sound)
        guard let frame = frames.last else { throw .invalidLadder("\(rung.name): the encoder gives no silence") }
        return Coded(track: track, samples: soundSamples([frame], from: 0))
    }

    /// A loop of sound. One of too few frames is silent.
    ///
    /// - Parameters:
    ///   - sound: of the loop's length, or nearly.
    ///   - count: samples in the loop, rounded down.
    ///   - isWholeFrames: the loop is a whole number of frames.
    func encode(
        _ rung: AudioRung, _ sound: PCMBlock, count: Int, isWholeFrames: Bool
    ) throws(TranscodeError) -> Coded {
        let size = AudioEncoder.frameSize
        guard let looped = LoopedSound(sound, count: count, isWholeFrames: isWholeFrames, frameSize: size) else {
            return try silence(rung)
        }
        /// The frames of one round.
        func round(_ block: PCMBlock) throws(TranscodeError) -> (Track, [[UInt8]]) {
            let (sound, lead) = looped.coded(block)
            let (track, frames) = try code(rung, sound)
            let first = lead / size
            guard frames.count >= first + block.count / size else {
                throw .invalidLadder("\(rung.name): the encoder gives \(frames.count) frames")
            }
            return (track, Array(frames[first..<first + block.count / size]))
        }
        let (track, frames) = try round(looped.short)
        var coded = Coded(track: track, samples: soundSamples(frames, from: 0))
        if let long = looped.long {
            coded.ending = soundSamples(Array(try round(long).1[looped.commonFrames...]), from: looped.commonFrames)
        }
        return coded
    }

    /// Frames, the first of which is heard where the sound begins; one less than the sound has.
    private func code(_ rung: AudioRung, _ sound: PCMBlock) throws(TranscodeError) -> (Track, [[UInt8]]) {
        let size = AudioEncoder.frameSize
        var encoder = try translating { () throws(FFmpegError) in
            try AudioEncoder(
                sampleRate: Int(rung.sampleRate), channels: Int(rung.channels), bitrate: Int(rung.bitrate))
        }
        let configuration: AudioSpecificConfig
        do throws(ParseError) { configuration = try AudioSpecificConfig(parsing: encoder.configuration) } catch {
            throw .invalidLadder("\(rung.name): the encoder's configuration: \(error)")
        }
        var frames: [[UInt8]] = []
        try translating { () throws(FFmpegError) in
            for offset in stride(from: 0, through: sound.count - size, by: size) {
                try encoder.send(sound, from: offset, at: Int64(offset))
                while let packet = try encoder.receive() {
                    // Before the start there is only the encoder's priming.
                    if packet.presentationTime >= 0 { frames.append(packet.data) }
                }
            }
        }
        return (
            Track(name: rung.name, timescale: rung.sampleRate, codec: .aac(configuration), language: rung.language),
            frames
        )
    }

    private func soundSamples(_ frames: [[UInt8]], from first: Int) -> [Sample] {
        let size = Int64(AudioEncoder.frameSize)
        return frames.enumerated().map { index, data in
            Sample(
                decodeTime: Int64(first + index) * size, compositionOffset: 0, duration: UInt32(size), isSync: true,
                data: data)
        }
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
                name: rung.name, codec: .aac, bitrate: 128_000, sampleRate: 48_000, channels: 2, language: rung.language
            )
        }
        return ladder
    }
}

extension Colour {
    fileprivate static let bt709 = Colour(primaries: 1, transfer: 1, matrix: 1)
}
