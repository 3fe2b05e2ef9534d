import Captions
import Media

/// Every channel of closed captions that is made into subtitles, out of the pictures of the track that leads.
///
/// They are taken in the order in which they are shown: a picture waits until no earlier one can come.
struct CaptionLadder {
    private var tracks: [CaptionTrack]
    private let frame: Int64
    private var isHEVC = false
    /// By their times.
    private var waiting: [(time: Int64, pairs: [CaptionPair])] = []
    private var latest: Int64?

    /// No encoder reorders further.
    private static let mostWaiting = 64

    init(_ plan: LadderPlan) {
        let first = plan.ladder.trackNames.count - plan.ladder.captions.count
        tracks = plan.ladder.captions.enumerated().map { CaptionTrack($1, index: first + $0, plan: plan) }
        frame = plan.leadingGrid.map { Int64($0.duration(of: 0)) } ?? 3000
    }

    var isEmpty: Bool { tracks.isEmpty }

    mutating func configure(_ format: VideoFormat) { if case .hevc = format { isHEVC = true } else { isHEVC = false } }

    mutating func apply(_ move: SegmentBoundaries.Move) { for index in tracks.indices { tracks[index].apply(move) } }

    mutating func cut(_ cut: SourceCut) { for index in tracks.indices { tracks[index].cut(cut) } }

    mutating func start(at time: Int64, to outputs: inout [TranscodeOutput]) {
        for index in tracks.indices { tracks[index].start(at: time, to: &outputs) }
    }

    /// A picture as it comes, in decode order; one that is broken says nothing.
    mutating func push(
        _ data: [UInt8], presentationTime: Int64, decodeTime: Int64, to outputs: inout [TranscodeOutput]
    ) {
        latest = max(latest ?? presentationTime, presentationTime)
        let pairs = (try? CaptionData.pairs(in: data, isHEVC: isHEVC)) ?? []
        let place = waiting.firstIndex { $0.time > presentationTime } ?? waiting.endIndex
        waiting.insert((presentationTime, pairs), at: place)
        while let first = waiting.first, first.time <= decodeTime || waiting.count > Self.mostWaiting {
            waiting.removeFirst()
            take(first, to: &outputs)
        }
        for index in tracks.indices { tracks[index].advance(to: decodeTime, to: &outputs) }
    }

    mutating func finish(to outputs: inout [TranscodeOutput]) {
        for picture in waiting { take(picture, to: &outputs) }
        waiting = []
        guard let latest else { return }
        for index in tracks.indices { tracks[index].finish(at: latest + frame, to: &outputs) }
    }

    private mutating func take(_ picture: (time: Int64, pairs: [CaptionPair]), to outputs: inout [TranscodeOutput]) {
        for index in tracks.indices { tracks[index].take(picture.pairs, at: picture.time, to: &outputs) }
    }
}
