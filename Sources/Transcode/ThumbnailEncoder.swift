import FFmpeg
import Media

/// Of each segment one sheet of pictures, as a sample of one frame's duration at its beginning. Used by one thread, which
/// encodes a rung of the same frames after it: so a sheet is out before anything that could be the last of its segment.
final class ThumbnailEncoder {
    private struct Open {
        let number: UInt64
        let first: Int64
        var filled = 0
        var isOut = false
    }

    private let index: Int
    private let tiles: PictureTiles
    private let framesPerSegment: Int64
    private let sourceHeight: Int
    private var segments: FrameSegments
    private var cadence: FrameCadence<Frame>
    private var sheet: PictureSheet
    private var open: Open?
    private var isAnnounced = false

    /// - Parameters:
    ///   - index: the track's place in the ladder.
    ///   - rung: whose frames they are made of.
    ///   - start: in 90 kHz ticks, as for the rung.
    ///   - sourceHeight: of the pictures before scaling, for guessing unspecified colours.
    init(
        _ thumbnails: ThumbnailRung, index: Int, of rung: LadderPlan.EncodedRung, segments: SegmentGrid,
        followsSource: Bool, start: Int64, sourceHeight: Int
    ) throws(TranscodeError) {
        self.index = index
        tiles = thumbnails.tiles
        framesPerSegment = max(rung.framesPerSegment, 1)
        self.sourceHeight = sourceHeight
        let first = rung.grid.first(atOrAfter: start)
        self.segments = FrameSegments(
            grid: rung.grid, first: first, segments: segments, followsSource: followsSource)
        cadence = FrameCadence(grid: rung.grid, first: first)
        let tiles = tiles
        sheet = try translating { () throws(FFmpegError) in try PictureSheet(tiles) }
    }

    func cut(_ cut: SourceCut) { segments.cut(cut) }

    func splice(_ moves: [SegmentBoundaries.Move]) { segments.apply(moves) }

    func add(_ picture: Frame, at time: Int64, to outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        for emission in cadence.add(picture, at: time) { try take(emission, to: &outputs) }
    }

    func finish(_ outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        for emission in cadence.finish() { try take(emission, to: &outputs) }
        try giveOut(to: &outputs)
    }

    private func take(
        _ emission: FrameCadence<Frame>.Emission, to outputs: inout [TranscodeOutput]
    ) throws(TranscodeError) {
        if !isAnnounced {
            isAnnounced = true
            outputs.append(
                .track(
                    index: index,
                    Track(name: ThumbnailRung.name, timescale: TimeMapping.timescale, codec: .jpeg(tiles))))
        }
        if let number = segments.begins(at: emission.index) {
            try giveOut(to: &outputs)
            open = Open(number: number, first: emission.index)
            sheet.clear()
        }
        guard var segment = open, !segment.isOut else { return }
        // At equal distances of a segment that is as long as it should be.
        if emission.index - segment.first >= Int64(segment.filled) * framesPerSegment / Int64(tiles.count) {
            let (place, height) = (segment.filled, sourceHeight)
            try translating { () throws(FFmpegError) in
                try sheet.place(emission.picture, at: place, sourceHeight: height)
            }
            segment.filled += 1
        }
        open = segment
        if segment.filled == tiles.count || segments.isLast(emission.index) { try giveOut(to: &outputs) }
    }

    private func giveOut(to outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        guard let segment = open, !segment.isOut else { return }
        open?.isOut = true
        let image = try translating { () throws(FFmpegError) in try sheet.encode() }
        let sample = Sample(
            decodeTime: segments.grid.time(of: segment.first), compositionOffset: 0,
            duration: segments.grid.duration(of: segment.first), isSync: true, data: image)
        outputs.append(.sample(track: index, sample, segmentNumber: segment.number, startsSegment: true))
    }
}
