import HLS
import Timeline

/// The lines of a media playlist in blocks of so many numbers: a new segment costs its own block.
struct PlaylistBlocks: Sendable {
    let blockCount: UInt64
    private var stretches: ListedStretches?
    private var adBreaks: [AdBreak] = []
    /// By the first number, divided by how many there are in one.
    private var blocks: [UInt64: RenderedSegments] = [:]

    init(blockCount: UInt64) { self.blockCount = blockCount }

    /// As `ManifestLedger.older` says.
    mutating func older(
        _ numbers: Range<UInt64>, _ stretches: ListedStretches, _ window: EndpointWindow, isIFramesOnly: Bool,
        entries: (ClosedRange<UInt64>) throws(PackagingError) -> [MediaSegment]
    ) throws(PackagingError) -> [OlderSegments] {
        adopt(stretches, window.adBreaks, from: numbers.lowerBound)
        // The first one listed says what those after it leave to those before them.
        let head = try entries(numbers.lowerBound...numbers.lowerBound)
        var older: [OlderSegments] = [.segments(head)]
        var state = SegmentState()
        for segment in head { state.pass(segment) }
        var next = numbers.lowerBound + 1
        while let (block, end) = self.block(of: next), end <= numbers.upperBound {
            let index = Int(next - block * blockCount)
            if let known = blocks[block], known.count == Int(blockCount),
                known.fits(state, from: index, targetDuration: UInt64(window.targetDuration))
            {
                older.append(.rendered(known, from: index))
                state = known.end
            } else {
                let made = try entries(next...end - 1)
                if index == 0 {
                    let rendered = RenderedSegments(made, after: state, isIFramesOnly: isIFramesOnly)
                    blocks[block] = rendered
                    older.append(.rendered(rendered, from: 0))
                } else {
                    older.append(.segments(made))
                }
                for segment in made { state.pass(segment) }
            }
            next = end
        }
        return older
    }

    private func block(of number: UInt64) -> (block: UInt64, end: UInt64)? {
        let block = number / blockCount
        let (end, overflow) = (block * blockCount).addingReportingOverflow(blockCount)
        return overflow ? nil : (block, end)
    }

    /// Forgets what is not so any more.
    private mutating func adopt(_ stretches: ListedStretches, _ adBreaks: [AdBreak], from first: UInt64) {
        guard self.stretches != stretches || self.adBreaks != adBreaks else { return }
        if let before = self.stretches, before.goesOn(in: stretches) {
            // Lines of breaks stand from where one begins to where it ends.
            let changed =
                self.adBreaks.filter { !adBreaks.contains($0) } + adBreaks.filter { !self.adBreaks.contains($0) }
            let touched = changed.compactMap { one in
                one.begin.map { ($0.number / blockCount)...max((one.end?.number ?? .max), $0.number) / blockCount }
            }
            blocks = blocks.filter { block, _ in
                block >= first / blockCount && !touched.contains { $0.contains(block) }
            }
        } else {
            blocks = [:]
        }
        (self.stretches, self.adBreaks) = (stretches, adBreaks)
    }
}
