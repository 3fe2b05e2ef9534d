import FFmpeg
import Media

/// All audio rungs made of one of the publisher's tracks: one decoder, every encoded rung, every copied one. Used on the
/// session's thread: AAC is cheap.
final class AudioLadder {
    let trackID: UInt8
    private let plan: LadderPlan
    private let limits: TranscodeLimits
    private var format: AudioFormat?
    private var decoder: Decoder?
    private var encoders: [AudioRungEncoder] = []
    private var copies: [AudioCopy] = []
    /// Cuts from before the sound said how it is coded: the newest few.
    private var earlyCuts: [SourceCut] = []
    private var start: Int64?
    /// Sound from before it is known where the output starts: the newest few seconds.
    private var waiting: [InputSample] = []
    /// Where a frame goes whose block brought others before it.
    private var nextFrameTime: Int64?
    private(set) var brokenSamples: UInt64 = 0
    private var silence = Absence()
    /// Where the last sound that was decoded begins.
    private var lastSound: Int64?

    private static let waitingMilliseconds: Int64 = 5000
    private static let waitingCount = 1000
    /// How long to wait when the publisher has not even announced sound: 200 ms.
    private static let unannouncedLag: Int64 = 200

    init(plan: LadderPlan, limits: TranscodeLimits, trackID: UInt8) {
        self.trackID = trackID
        self.plan = plan
        self.limits = limits
    }

    var silentSamples: UInt64 {
        encoders.reduce(0) { $0 + $1.silentSamples } + copies.reduce(0) { $0 + $1.silentSamples }
    }

    /// For how long the sound has been silent or missing; nil where it is not decoded.
    var silentMilliseconds: Int64? { encoders.isEmpty ? nil : silence.milliseconds }

    func configure(_ format: AudioFormat) throws(TranscodeError) {
        guard format != self.format else { return }
        guard copies.isEmpty else { throw .sourceChanged }
        if format.codecConfiguration == nil, let rung = rungs(.copy).first?.rung {
            throw .cannotCopy(rung: rung.name, format: format.name, others: "AAC, Opus, AC-3 or E-AC-3")
        }
        decoder = try translating { () throws(FFmpegError) in try Decoder(format) }
        self.format = format
        makeCopies()
    }

    /// The output begins at `time`, in 90 kHz ticks.
    func start(
        at time: Int64, mapping: TimeMapping, to outputs: inout [TranscodeOutput]
    ) throws(TranscodeError) {
        start = time
        var encoders: [AudioRungEncoder] = []
        for (index, rung) in rungs(.aac) {
            encoders.append(try AudioRungEncoder(rung, index: index, plan: plan, start: time))
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
        var isBroken = false
        for index in copies.indices where !copies[index].add(sample.data, at: time, to: &outputs) { isBroken = true }
        if isBroken { brokenSamples += 1 }
        guard decoder != nil, !encoders.isEmpty else { return }
        do throws(FFmpegError) {
            try decoder?.send(sample.data, presentationTime: sample.decodeMilliseconds)
        } catch {
            try tolerate(error)
            return
        }
        nextFrameTime = nil
        while let frame = try nextFrame() {
            // Of several frames in a block, only the first one has its time.
            let stated = try frame.presentationTime.map { value throws(TranscodeError) in
                try mapping.time(ofMilliseconds: value)
            }
            let time = stated ?? nextFrameTime ?? time
            lastSound = time
            silence.note(isAbsent: frame.isSilent, at: time)
            if frame.sampleRate > 0 {
                nextFrameTime = time + Int64(frame.sampleCount) * 90_000 / Int64(frame.sampleRate)
            }
            for encoder in encoders { try encoder.add(frame, at: time, to: &outputs) }
        }
    }

    /// The video has got to `time`: sound that lags too far behind is replaced by silence.
    func videoAdvanced(to time: Int64, outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        guard start != nil else { return }
        let lag = format == nil ? Self.unannouncedLag : limits.audioLagMilliseconds
        if time - (lastSound ?? start ?? time) > lag * 90 { silence.note(isAbsent: true, at: time) }
        for encoder in encoders {
            try encoder.fill(upTo: time - lag * 90, to: &outputs)
            encoder.decided(until: time, to: &outputs)
        }
        for index in copies.indices {
            // What is passed on was never waited for by a decoder: it may lag longer.
            copies[index].fill(upTo: time - 2 * limits.audioLagMilliseconds * 90, to: &outputs)
            copies[index].decided(until: time, to: &outputs)
        }
    }

    func cut(_ cut: SourceCut) {
        for encoder in encoders { encoder.cut(cut) }
        if copies.isEmpty { earlyCuts = earlyCuts.suffix(7) + [cut] }
        for index in copies.indices { copies[index].cut(cut) }
    }

    func join() {
        for encoder in encoders { encoder.join() }
        for index in copies.indices { copies[index].join() }
    }

    func apply(_ move: SegmentBoundaries.Move) {
        for encoder in encoders { encoder.apply(move) }
        for index in copies.indices { copies[index].apply(move) }
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
        guard let start, let format, copies.isEmpty else { return }
        copies = rungs(.copy).compactMap {
            AudioCopy($0.rung, index: $0.index, format: format, plan: plan, start: start)
        }
        for cut in earlyCuts { for index in copies.indices { copies[index].cut(cut) } }
        earlyCuts = []
    }

    /// Those of this track, with their place among all tracks that come out.
    private func rungs(_ codec: AudioRung.Codec) -> [(index: Int, rung: AudioRung)] {
        plan.ladder.audio.enumerated().filter { $0.element.codec == codec && $0.element.trackID == trackID }
            .map { (plan.ladder.video.count + $0.offset, $0.element) }
    }
}
