import Captions
import ISOBMFF
import Media

/// The subtitles of one CEA-608 channel: of each segment samples that cover it without a hole, each with what is shown
/// for its time, or nothing. What is shown over a segment's end is there again in the next one.
///
/// Pure; times are 90 kHz ticks since the epoch.
struct CaptionTrack {
    private let index: Int
    private let rung: CaptionRung
    private var decoder: CaptionDecoder
    private var segments: SegmentBoundaries
    private let followsSource: Bool
    private var cuts: [SourceCut] = []
    /// The segment under way.
    private var open: (number: UInt64, start: Int64)?
    /// What came to be shown in it, and when; the first at its start.
    private var changes: [(time: Int64, text: String?)] = []
    private var shown: String?
    private var isAnnounced = false
    /// Since when something else is to be seen than what is shown.
    private var differsSince: Int64?

    /// Text that grows a character at a time is taken this often: half a second.
    private static let growthInterval: Int64 = 45_000
    /// More changes in a segment than a reader could follow.
    private static let mostChanges = 256
    private static let mostCuts = 64

    init(_ rung: CaptionRung, index: Int, plan: LadderPlan) {
        self.index = index
        self.rung = rung
        decoder = CaptionDecoder(channel: rung.channel)
        segments = SegmentBoundaries(plan.segments)
        followsSource = plan.followsSource
    }

    mutating func apply(_ move: SegmentBoundaries.Move) { segments.apply(move) }

    mutating func cut(_ cut: SourceCut) {
        cuts.append(cut)
        if cuts.count > Self.mostCuts { cuts.removeFirst() }
    }

    /// The output begins.
    mutating func start(at time: Int64, to outputs: inout [TranscodeOutput]) {
        guard !isAnnounced else { return }
        isAnnounced = true
        outputs.append(
            .track(
                index: index,
                Track(name: rung.name, timescale: TimeMapping.timescale, codec: .webVTT, language: rung.language)))
        // Following the source, its first cut opens the first segment. A frame's time is rounded down.
        if !followsSource { begin(segments.number(at: time + 1, timescale: TimeMapping.timescale), at: time) }
    }

    /// The pairs of a picture that is shown at `time`; pictures come in that order.
    mutating func take(_ pairs: [CaptionPair], at time: Int64, to outputs: inout [TranscodeOutput]) {
        advance(to: time, to: &outputs)
        for pair in pairs { decoder.take(pair) }
        look(at: time)
    }

    /// No picture before `time` comes any more.
    mutating func advance(to time: Int64, to outputs: inout [TranscodeOutput]) {
        if open == nil, isAnnounced, let first = cuts.first, first.time <= time {
            cuts.removeFirst()
            begin(first.number, at: first.time)
        }
        while let segment = open, let next = next(after: segment.number), next.time <= time {
            giveOut(until: next.time, to: &outputs)
            if followsSource { cuts.removeFirst() }
            begin(next.number, at: next.time)
        }
    }

    /// Nothing more comes after `time`.
    mutating func finish(at time: Int64, to outputs: inout [TranscodeOutput]) {
        advance(to: time, to: &outputs)
        guard let segment = open, time > segment.start else { return }
        giveOut(until: time, to: &outputs)
        open = nil
    }

    private mutating func look(at time: Int64) {
        guard open != nil else { return }
        let lines = decoder.lines
        let text = lines.isEmpty ? nil : Self.escaped(lines.joined(separator: "\n"))
        guard text != shown, changes.count < Self.mostChanges else {
            differsSince = nil
            return
        }
        let since = differsSince ?? time
        differsSince = since
        // What goes away goes at once.
        if text != nil, decoder.grows, time - since < Self.growthInterval { return }
        shown = text
        differsSince = nil
        // A clock may step back a little.
        while let last = changes.last, last.time >= time { changes.removeLast() }
        changes.append((max(time, open?.start ?? time), text))
    }

    private mutating func begin(_ number: UInt64, at time: Int64) {
        open = (number, time)
        changes = [(time, shown)]
    }

    private func next(after number: UInt64) -> (number: UInt64, time: Int64)? {
        guard followsSource else {
            let (next, overflow) = number.addingReportingOverflow(1)
            return overflow ? nil : (next, segments.start(of: next))
        }
        return cuts.first.map { ($0.number, $0.time) }
    }

    private func giveOut(until end: Int64, to outputs: inout [TranscodeOutput]) {
        guard let segment = open else { return }
        var samples: [Sample] = []
        for (place, change) in changes.enumerated() {
            let until = place + 1 < changes.count ? min(changes[place + 1].time, end) : end
            guard until > change.time else { continue }
            samples.append(
                Sample(
                    decodeTime: change.time, compositionOffset: 0, duration: UInt32(clamping: until - change.time),
                    isSync: true, data: WebVTTSample.serialize(change.text)))
        }
        outputs.append(.segment(track: index, samples, segmentNumber: segment.number))
    }

    /// W3C WebVTT, 4.2.2: what would begin a tag or an escape.
    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
