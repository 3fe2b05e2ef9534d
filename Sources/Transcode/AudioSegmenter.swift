import Media

/// Says to which segment an audio sample belongs: each segment takes the first sample at or after its start.
///
/// Where the picture decides about cuts, the source's or a splice's, samples wait here until it has passed them. Where sound
/// stops, or goes on without its picture, it makes no segment longer than the ladder's longest: the rest of that is a hole.
struct AudioSegmenter {
    private let track: Int
    private let timescale: UInt32
    private var segments: SegmentBoundaries
    private let followsSource: Bool
    /// With the frames that do not end where the picture does.
    private let longestSegment: Int64
    /// Of the segment under way.
    private var begin: Int64 = 0
    private let waitsForPicture: Bool
    private var number: UInt64?
    private var waiting: [Sample] = []
    private var cuts: [SourceCut] = []
    /// Everything before this 90 kHz time is decided.
    private var decidedUntil: Int64 = .min

    init(track: Int, timescale: UInt32, plan: LadderPlan) {
        self.track = track
        self.timescale = timescale
        segments = SegmentBoundaries(plan.segments)
        followsSource = plan.followsSource
        longestSegment =
            plan.ladder.longestSegment.rescaled(to: timescale, rounding: .up).value + Int64(timescale / 4)
        waitsForPicture = plan.followsSource || (plan.ladder.cutsAtSplices && !plan.ladder.video.isEmpty)
    }

    mutating func apply(_ move: SegmentBoundaries.Move) { segments.apply(move) }

    mutating func cut(_ cut: SourceCut) { cuts.append(cut) }

    mutating func decided(until time: Int64, to outputs: inout [TranscodeOutput]) {
        decidedUntil = max(decidedUntil, time)
        flush(to: &outputs)
    }

    mutating func add(_ sample: Sample, to outputs: inout [TranscodeOutput]) {
        if waitsForPicture {
            waiting.append(sample)
            flush(to: &outputs)
        } else {
            give(sample, segments.number(at: sample.decodeTime, timescale: timescale), to: &outputs)
        }
    }

    /// Nothing more comes.
    mutating func finish(to outputs: inout [TranscodeOutput]) { decided(until: .max, to: &outputs) }

    private mutating func flush(to outputs: inout [TranscodeOutput]) {
        var done = 0
        for sample in waiting {
            let time = Ticks(sample.decodeTime, timescale: timescale).rescaled(to: TimeMapping.timescale).value
            guard time < decidedUntil else { break }
            done += 1
            guard followsSource else {
                give(sample, segments.number(at: sample.decodeTime, timescale: timescale), to: &outputs)
                continue
            }
            var begins: UInt64?
            while let cut = cuts.first, cut.time <= time {
                begins = cut.number
                cuts.removeFirst()
            }
            // Sound from before the first cut belongs to no segment.
            guard let current = begins ?? number else { continue }
            give(sample, current, to: &outputs)
        }
        waiting.removeFirst(done)
    }

    private mutating func give(_ sample: Sample, _ segment: UInt64, to outputs: inout [TranscodeOutput]) {
        var sample = sample
        if segment != number { begin = sample.decodeTime }
        let rest = begin + longestSegment - sample.decodeTime
        guard rest > 0 else { return }
        sample.duration = min(sample.duration, UInt32(clamping: rest))
        outputs.append(
            .sample(track: track, sample, segmentNumber: segment, startsSegment: segment != number))
        number = segment
    }
}
