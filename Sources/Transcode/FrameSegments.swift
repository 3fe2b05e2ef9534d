import Media

/// Which place of a rung's frame grid begins which segment.
struct FrameSegments {
    let grid: FrameGrid
    /// The place of the first frame.
    let first: Int64
    /// The source's IDRs say where segments begin, not the grid.
    let followsSource: Bool
    private var boundaries: SegmentBoundaries
    /// Cuts of the source that no frame has reached yet.
    private var sourceCuts: [(index: Int64, number: UInt64)] = []

    init(grid: FrameGrid, first: Int64, segments: SegmentGrid, followsSource: Bool) {
        self.grid = grid
        self.first = first
        self.followsSource = followsSource
        boundaries = SegmentBoundaries(segments)
    }

    mutating func cut(_ cut: SourceCut) { sourceCuts.append((max(first, grid.nearest(to: cut.time)), cut.number)) }

    mutating func apply(_ moves: [SegmentBoundaries.Move]) { for move in moves { boundaries.apply(move) } }

    /// The segment that begins with the frame at `index`, if one does. Once for each place, in their order.
    mutating func begins(at index: Int64) -> UInt64? {
        if !followsSource {
            let number = number(at: index)
            return index == first || number != self.number(at: index - 1) ? number : nil
        }
        var number: UInt64?
        while let first = sourceCuts.first, first.index <= index { number = sourceCuts.removeFirst().number }
        return number
    }

    /// Whether it is known that the next frame begins a segment.
    func isLast(_ index: Int64) -> Bool { !followsSource && number(at: index + 1) != number(at: index) }

    /// Half a frame more: the grid's times are rounded down.
    private func number(at index: Int64) -> UInt64 {
        boundaries.number(at: grid.time(of: index) + grid.time(of: 1) / 2, timescale: TimeMapping.timescale)
    }
}
