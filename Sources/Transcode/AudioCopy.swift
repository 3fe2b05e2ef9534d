import Media

/// The rung that passes the source's blocks through, re-clocked onto the epoch's grid of their length: 1024 samples of
/// AAC, 1536 of AC-3 and E-AC-3, of Opus what the first packet has.
///
/// Where blocks are missing, silent ones stand in their places, or nothing of the picture's segments there could be listed;
/// of codecs that have none to be had, the block before lasts as long as the hole.
struct AudioCopy {
    private let rung: AudioRung
    private let index: Int
    private let start: Int64
    private let format: AudioFormat
    private let codec: CodecConfiguration
    private let sampleRate: UInt32
    private var segmenter: AudioSegmenter
    private var isTrackKnown = false
    /// Where the next frame goes if it follows directly.
    private var next: Int64?
    /// Samples of the first block: what the grid is made of.
    private var gridSize: Int64?
    /// What there is of the next sample.
    private var partial: (data: [UInt8], blocks: Int, time: Int64)?
    /// Held back until the next frame's place tells its duration.
    private var held: Sample?
    /// The next block goes where its time says.
    private var joins = false
    private(set) var silentSamples: UInt64 = 0

    /// What is missing for longer is no pause: nothing stands for it.
    private static let longestPauseSeconds: Int64 = 60

    /// Nil for a format that is not packaged.
    ///
    /// - Parameter start: in 90 kHz ticks; earlier frames are dropped.
    init?(_ rung: AudioRung, index: Int, format: AudioFormat, plan: LadderPlan, start: Int64) {
        guard let codec = format.codecConfiguration, let sampleRate = format.sampleRate else { return nil }
        self.rung = rung
        self.index = index
        self.format = format
        self.codec = codec
        self.sampleRate = sampleRate
        self.start = start
        segmenter = AudioSegmenter(track: index, timescale: sampleRate, plan: plan)
    }

    /// False where the block is broken.
    ///
    /// - Parameter time: in 90 kHz ticks.
    mutating func add(_ data: [UInt8], at time: Int64, to outputs: inout [TranscodeOutput]) -> Bool {
        guard case .eac3 = format else { return place(data, at: time, to: &outputs) }
        guard let blocks = EAC3AccessUnit.blockCount(in: data) else { return false }
        // A sample of E-AC-3 has six blocks, which may come in several frames.
        let whole = (
            data: (partial?.data ?? []) + data, blocks: (partial?.blocks ?? 0) + blocks, time: partial?.time ?? time
        )
        partial = whole.blocks < 6 ? whole : nil
        return partial != nil || place(whole.data, at: whole.time, to: &outputs)
    }

    private mutating func place(_ data: [UInt8], at time: Int64, to outputs: inout [TranscodeOutput]) -> Bool {
        guard let count = format.sampleCount(of: data) else { return false }
        let size = Int64(count)
        let grid = gridSize ?? size
        gridSize = grid
        let target = Ticks(time, timescale: TimeMapping.timescale).rescaled(to: sampleRate, rounding: .nearest).value
        let nearest = (target + grid / 2) / grid * grid
        // Counting goes on through jitter; a whole frame off is a gap, or a frame that comes twice.
        var place = nearest
        if let next, !joins, abs(target - next) <= size { place = next }
        if let next, place < next { return true }
        joins = false
        let first = Ticks(start, timescale: TimeMapping.timescale).rescaled(to: sampleRate, rounding: .up).value
        guard place >= first else { return true }
        if !isTrackKnown {
            isTrackKnown = true
            outputs.append(
                .track(
                    index: index, Track(name: rung.name, timescale: sampleRate, codec: codec, language: rung.language)))
        }
        appendSilence(upTo: place, to: &outputs)
        release(nextPlace: place, to: &outputs)
        held = Sample(decodeTime: place, compositionOffset: 0, duration: count, isSync: true, data: data)
        next = place + size
        return true
    }

    /// Silence takes the place of blocks that have not come by now; those that come later are too late.
    ///
    /// - Parameter time: in 90 kHz ticks.
    mutating func fill(upTo time: Int64, to outputs: inout [TranscodeOutput]) {
        let target = Ticks(time, timescale: TimeMapping.timescale).rescaled(to: sampleRate, rounding: .down).value
        appendSilence(upTo: target, to: &outputs)
    }

    private mutating func appendSilence(upTo end: Int64, to outputs: inout [TranscodeOutput]) {
        guard let grid = gridSize, var place = next, place + grid <= end,
            end - place <= Self.longestPauseSeconds * Int64(sampleRate),
            let block = format.silentBlock(samples: UInt32(clamping: grid))
        else { return }
        // What there is of an access unit belongs to the time before.
        partial = nil
        while place + grid <= end {
            release(nextPlace: place, to: &outputs)
            held = Sample(
                decodeTime: place, compositionOffset: 0, duration: UInt32(clamping: grid), isSync: true, data: block)
            place += grid
            silentSamples += UInt64(grid)
        }
        next = place
    }

    /// What comes next is another recording, nearest to its time: the places of the one before hold no longer.
    mutating func join() { joins = true }

    mutating func cut(_ cut: SourceCut) { segmenter.cut(cut) }
    mutating func apply(_ move: SegmentBoundaries.Move) { segmenter.apply(move) }

    mutating func decided(until time: Int64, to outputs: inout [TranscodeOutput]) {
        segmenter.decided(until: time, to: &outputs)
    }

    mutating func finish(to outputs: inout [TranscodeOutput]) {
        if let held { release(nextPlace: held.decodeTime + Int64(held.duration), to: &outputs) }
        segmenter.finish(to: &outputs)
    }

    private mutating func release(nextPlace: Int64, to outputs: inout [TranscodeOutput]) {
        guard var sample = held else { return }
        sample.duration = UInt32(clamping: nextPlace - sample.decodeTime)
        segmenter.add(sample, to: &outputs)
        held = nil
    }
}
