import FFmpeg
import Media

/// One encoded audio rung: decoded sound in, AAC frames on the epoch's grid of 1024 samples out.
final class AudioRungEncoder {
    private let rung: AudioRung
    private let index: Int
    private let sampleRate: Int64
    private var resampler: Resampler
    private var encoder: AudioEncoder
    private var clock: AudioClock
    private var segmenter: AudioSegmenter
    /// Sound not encoded yet; its first sample is number `soundStart` since the epoch.
    private var sound: PCMBlock
    private var soundStart: Int64
    /// Samples still to be dropped from what comes.
    private var overlap: Int64 = 0
    private let start: Int64
    private var isTrackKnown = false
    private(set) var silentSamples: UInt64 = 0

    private static let frameSize = Int64(AudioEncoder.frameSize)

    /// - Parameter start: in 90 kHz ticks; the first frame lies on the first grid place from there on.
    init(_ rung: AudioRung, index: Int, plan: LadderPlan, start: Int64) throws(TranscodeError) {
        self.rung = rung
        self.index = index
        sampleRate = Int64(rung.sampleRate)
        resampler = Resampler(sampleRate: Int(rung.sampleRate), channels: Int(rung.channels))
        encoder = try translating { () throws(FFmpegError) in
            try AudioEncoder(
                sampleRate: Int(rung.sampleRate), channels: Int(rung.channels), bitrate: Int(rung.bitrate))
        }
        clock = AudioClock(sampleRate: sampleRate)
        segmenter = AudioSegmenter(track: index, timescale: rung.sampleRate, plan: plan)
        sound = PCMBlock(channels: Int(rung.channels))
        let first = Ticks(start, timescale: TimeMapping.timescale).rescaled(to: rung.sampleRate, rounding: .up).value
        self.start = (first + Self.frameSize - 1) / Self.frameSize * Self.frameSize
        soundStart = self.start
    }

    /// The sample that the next appended one will be.
    private var end: Int64 { soundStart + Int64(sound.count) }

    /// - Parameter time: of the first sample, in 90 kHz ticks.
    func add(_ frame: Frame, at time: Int64, to outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        let target = samples(at: time)
        switch clock.received(target: target, position: end + Int64(resampler.delay) - overlap) {
        case .none: break
        case .gap:
            append(try translating { () throws(FFmpegError) in try resampler.drain() })
            overlap = 0
            appendSilence(count: target - end)
        case .overlap(let count):
            overlap += count
        case .stretch(let count):
            try translating { () throws(FFmpegError) in
                try resampler.compensate(Int(count), over: Int(sampleRate * AudioClock.stretchSeconds))
            }
        }
        append(try translating { () throws(FFmpegError) in try resampler.convert(frame) })
        try encode(to: &outputs)
    }

    /// Silence takes the place of sound that has not come by now.
    ///
    /// - Parameter time: in 90 kHz ticks.
    func fill(upTo time: Int64, to outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        let missing = samples(at: time) - end - Int64(resampler.delay)
        guard missing > 0 else { return }
        append(try translating { () throws(FFmpegError) in try resampler.drain() })
        overlap = 0
        appendSilence(count: samples(at: time) - end)
        clock.reset()
        try encode(to: &outputs)
    }

    /// What comes next is put in its place exactly.
    func join() { clock.reset() }

    func cut(_ cut: SourceCut) { segmenter.cut(cut) }
    func apply(_ move: SegmentBoundaries.Move) { segmenter.apply(move) }

    func decided(until time: Int64, to outputs: inout [TranscodeOutput]) {
        segmenter.decided(until: time, to: &outputs)
    }

    /// The last frame is filled up with silence.
    func finish(to outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        append(try translating { () throws(FFmpegError) in try resampler.drain() })
        let rest = Int64(sound.count) % Self.frameSize
        if rest > 0 { sound.appendSilence(Int(Self.frameSize - rest)) }
        try encode(to: &outputs)
        try translating { () throws(FFmpegError) in try encoder.sendEnd() }
        try drain(to: &outputs)
        segmenter.finish(to: &outputs)
    }

    private func samples(at time: Int64) -> Int64 {
        Ticks(time, timescale: TimeMapping.timescale).rescaled(to: rung.sampleRate, rounding: .nearest).value
    }

    private func append(_ block: PCMBlock) {
        let dropped = min(overlap, Int64(block.count))
        overlap -= dropped
        sound.append(block, from: Int(dropped))
    }

    private func appendSilence(count: Int64) {
        guard count > 0 else { return }
        sound.appendSilence(Int(count))
        silentSamples += UInt64(count)
    }

    private func encode(to outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        var offset = 0
        while sound.count - offset >= AudioEncoder.frameSize {
            let time = soundStart + Int64(offset) - start
            try translating { () throws(FFmpegError) in try encoder.send(sound, from: offset, at: time) }
            offset += AudioEncoder.frameSize
            try drain(to: &outputs)
        }
        sound.removeFirst(offset)
        soundStart += Int64(offset)
    }

    private func drain(to outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        if !isTrackKnown {
            let configuration: AudioSpecificConfig
            do throws(ParseError) {
                configuration = try AudioSpecificConfig(parsing: encoder.configuration)
            } catch {
                throw .invalidLadder("\(rung.name): the encoder's configuration: \(error)")
            }
            outputs.append(
                .track(
                    index: index,
                    Track(
                        name: rung.name, timescale: rung.sampleRate, codec: .aac(configuration),
                        language: rung.language)))
            isTrackKnown = true
        }
        while let packet = try translating({ () throws(FFmpegError) in try encoder.receive() }) {
            // Before the start there is only the encoder's priming.
            guard packet.presentationTime >= 0 else { continue }
            segmenter.add(
                Sample(
                    decodeTime: start + packet.presentationTime, compositionOffset: 0,
                    duration: UInt32(Self.frameSize), isSync: true, data: packet.data),
                to: &outputs)
        }
    }
}
