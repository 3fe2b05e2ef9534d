import Media

/// The rung that passes the source's AAC frames through, re-clocked onto the epoch's grid of 1024 samples.
struct AudioCopy {
    private let rung: AudioRung
    private let index: Int
    private let start: Int64
    private let configuration: AudioSpecificConfig
    private var segmenter: AudioSegmenter
    private var isTrackKnown = false
    /// Where the next frame goes if it follows directly.
    private var next: Int64?
    /// Held back until the next frame's place tells its duration.
    private var held: Sample?

    private static let frameSize: Int64 = 1024

    /// - Parameter start: in 90 kHz ticks; earlier frames are dropped.
    init(_ rung: AudioRung, index: Int, configuration: AudioSpecificConfig, plan: LadderPlan, start: Int64) {
        self.rung = rung
        self.index = index
        self.configuration = configuration
        self.start = start
        segmenter = AudioSegmenter(track: index, timescale: configuration.sampleRate, plan: plan)
    }

    /// - Parameter time: in 90 kHz ticks.
    mutating func add(_ data: [UInt8], at time: Int64, to outputs: inout [TranscodeOutput]) {
        let rate = configuration.sampleRate
        let target = Ticks(time, timescale: TimeMapping.timescale).rescaled(to: rate, rounding: .nearest).value
        let nearest = (target + Self.frameSize / 2) / Self.frameSize * Self.frameSize
        // Counting goes on through jitter; a whole frame off is a gap, or a frame that comes twice.
        var place = nearest
        if let next, abs(target - next) <= Self.frameSize { place = next }
        if let next, place < next { return }
        let first = Ticks(start, timescale: TimeMapping.timescale).rescaled(to: rate, rounding: .up).value
        guard place >= first else { return }
        if !isTrackKnown {
            isTrackKnown = true
            outputs.append(
                .track(
                    index: index,
                    Track(name: rung.name, timescale: rate, codec: .aac(configuration), language: rung.language)))
        }
        release(nextPlace: place, to: &outputs)
        held = Sample(
            decodeTime: place, compositionOffset: 0, duration: UInt32(Self.frameSize), isSync: true, data: data)
        next = place + Self.frameSize
    }

    mutating func cut(_ cut: SourceCut) { segmenter.cut(cut) }

    mutating func decided(until time: Int64, to outputs: inout [TranscodeOutput]) {
        segmenter.decided(until: time, to: &outputs)
    }

    mutating func finish(to outputs: inout [TranscodeOutput]) {
        if let held { release(nextPlace: held.decodeTime + Self.frameSize, to: &outputs) }
        segmenter.finish(to: &outputs)
    }

    private mutating func release(nextPlace: Int64, to outputs: inout [TranscodeOutput]) {
        guard var sample = held else { return }
        sample.duration = UInt32(clamping: nextPlace - sample.decodeTime)
        segmenter.add(sample, to: &outputs)
        held = nil
    }
}
