import FFmpeg
import Media

/// All audio rungs: one decoder, every encoded rung, every copied one. Used on the session's thread: AAC is cheap.
final class AudioLadder {
    private let plan: LadderPlan
    private let limits: TranscodeLimits
    private var configuration: AudioSpecificConfig?
    private var decoder: Decoder?
    private var encoders: [AudioRungEncoder] = []
    private var copies: [AudioCopy] = []
    private var start: Int64?
    /// Sound from before it is known where the output starts: the newest few seconds.
    private var waiting: [InputSample] = []
    private(set) var brokenSamples: UInt64 = 0

    private static let waitingMilliseconds: Int64 = 5000
    private static let waitingCount = 1000
    /// How long to wait when the publisher has not even announced sound: 200 ms.
    private static let unannouncedLag: Int64 = 200

    init(plan: LadderPlan, limits: TranscodeLimits) {
        self.plan = plan
        self.limits = limits
    }

    var silentSamples: UInt64 { encoders.reduce(0) { $0 + $1.silentSamples } }

    func configure(_ configuration: AudioSpecificConfig) throws(TranscodeError) {
        guard configuration != self.configuration else { return }
        guard copies.isEmpty else { throw .sourceChanged }
        decoder = try translating { () throws(FFmpegError) in try Decoder(aac: configuration.bytes) }
        self.configuration = configuration
        makeCopies()
    }

    /// The output begins at `time`, in 90 kHz ticks.
    func start(
        at time: Int64, mapping: TimeMapping, to outputs: inout [TranscodeOutput]
    ) throws(TranscodeError) {
        start = time
        var encoders: [AudioRungEncoder] = []
        for (index, rung) in plan.ladder.audio.enumerated() where rung.codec == .aac {
            encoders.append(
                try AudioRungEncoder(rung, index: plan.ladder.video.count + index, plan: plan, start: time))
        }
        self.encoders = encoders
        makeCopies()
        let early = waiting
        waiting = []
        for sample in early { try push(sample, mapping: mapping, to: &outputs) }
    }

    func push(
        _ sample: InputSample, mapping: TimeMapping, to outputs: inout [TranscodeOutput]
    ) throws(TranscodeError) {
        guard start != nil else {
            waiting.append(sample)
            while waiting.count > Self.waitingCount
                || sample.decodeMilliseconds - waiting[0].decodeMilliseconds > Self.waitingMilliseconds
            { waiting.removeFirst() }
            return
        }
        let time = try mapping.time(ofMilliseconds: sample.decodeMilliseconds)
        for index in copies.indices { copies[index].add(sample.data, at: time, to: &outputs) }
        guard decoder != nil, !encoders.isEmpty else { return }
        do throws(FFmpegError) {
            try decoder?.send(sample.data, presentationTime: sample.decodeMilliseconds)
        } catch {
            try tolerate(error)
            return
        }
        while let frame = try nextFrame() {
            let time = try mapping.time(ofMilliseconds: frame.presentationTime ?? sample.decodeMilliseconds)
            for encoder in encoders { try encoder.add(frame, at: time, to: &outputs) }
        }
    }

    /// The video has got to `time`: sound that lags too far behind is replaced by silence.
    func videoAdvanced(to time: Int64, outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        guard start != nil else { return }
        let lag = configuration == nil ? Self.unannouncedLag : limits.audioLagMilliseconds
        for encoder in encoders {
            try encoder.fill(upTo: time - lag * 90, to: &outputs)
            encoder.decided(until: time, to: &outputs)
        }
        for index in copies.indices { copies[index].decided(until: time, to: &outputs) }
    }

    func cut(_ cut: SourceCut) {
        for encoder in encoders { encoder.cut(cut) }
        for index in copies.indices { copies[index].cut(cut) }
    }

    func finish(to outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        for encoder in encoders { try encoder.finish(to: &outputs) }
        for index in copies.indices { copies[index].finish(to: &outputs) }
    }

    /// Past what was broken, to the next frame; nil when the decoder wants more.
    private func nextFrame() throws(TranscodeError) -> Frame? {
        while true {
            do throws(FFmpegError) {
                return try decoder?.receive() ?? nil
            } catch {
                try tolerate(error)
            }
        }
    }

    /// Broken input costs its own sample only.
    private func tolerate(_ error: FFmpegError) throws(TranscodeError) {
        guard error.isBadInput else { throw .codec(error) }
        brokenSamples += 1
    }

    private func makeCopies() {
        guard let start, let configuration, copies.isEmpty else { return }
        for (index, rung) in plan.ladder.audio.enumerated() where rung.codec == .copy {
            copies.append(
                AudioCopy(
                    rung, index: plan.ladder.video.count + index, configuration: configuration, plan: plan,
                    start: start))
        }
    }
}
