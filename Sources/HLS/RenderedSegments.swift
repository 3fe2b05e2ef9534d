/// What is in force where a segment's lines begin.
package struct SegmentState: Sendable, Hashable {
    package private(set) var keys: [Key] = []
    package private(set) var map: MediaInitialization?

    /// At the first segment of a playlist.
    package init() {}

    /// Goes past a segment.
    package mutating func pass(_ segment: MediaSegment) { (keys, map) = (segment.keys, segment.map ?? map) }
}

/// The lines of consecutive segments, each as it is behind the one before it: for playlists that list them again.
package struct RenderedSegments: Sendable, Hashable {
    private struct Place<Value: Sendable & Hashable>: Sendable, Hashable {
        /// Of a segment in here.
        let index: Int
        let value: Value
    }

    package let count: Int
    /// What is in force behind the last.
    package let end: SegmentState
    /// The longest segment's duration in seconds, rounded to the nearest.
    package let longestRoundedDuration: UInt64
    /// The least and the greatest protocol version that one of them needs.
    let versions: ClosedRange<Int>
    private let text: String
    /// Where each segment's lines begin, in bytes.
    private let starts: [Int]
    /// What is in force before a segment: the first, and those behind which it changes.
    private let states: [Place<SegmentState>]
    private let ranges: [Place<String>]

    /// - Parameters:
    ///   - segments: at least one.
    ///   - state: in force before the first.
    package init(_ segments: [MediaSegment], after state: SegmentState, isIFramesOnly: Bool) {
        var writer = SegmentWriter(state: state)
        var starts: [Int] = []
        var states: [Place<SegmentState>] = []
        var ranges: [Place<String>] = []
        for (index, segment) in segments.enumerated() {
            starts.append(writer.text.utf8.count)
            if states.last?.value != writer.state { states.append(Place(index: index, value: writer.state)) }
            ranges += segment.dateRangeLines.map { Place(index: index, value: $0) }
            writer.write(segment)
        }
        let versions = segments.map { $0.version(isIFramesOnly: isIFramesOnly) }
        self.versions = (versions.min() ?? 0)...(versions.max() ?? 0)
        longestRoundedDuration = segments.map(\.roundedDuration).max() ?? 0
        count = segments.count
        end = writer.state
        text = writer.text
        (self.starts, self.states, self.ranges) = (starts, states, ranges)
    }

    /// Whether the lines from a segment on are what they would be behind others, and what they say of the playlist is so
    /// for each of them.
    ///
    /// - Parameters:
    ///   - state: in force there.
    ///   - targetDuration: that the playlist says anyway.
    package func fits(_ state: SegmentState, from index: Int, targetDuration: UInt64) -> Bool {
        guard states.last(where: { $0.index <= index })?.value == state else { return false }
        return index == 0 || (versions.lowerBound == versions.upperBound && longestRoundedDuration <= targetDuration)
    }

    /// The EXT-X-DATERANGE lines from a segment on.
    func dateRangeLines(from index: Int) -> [String] { ranges.filter { $0.index >= index }.map(\.value) }

    func lines(from index: Int) -> Substring {
        text[text.utf8.index(text.startIndex, offsetBy: index < count ? starts[index] : text.utf8.count)...]
    }
}

/// Segments of a playlist that are behind what is still to change.
package enum OlderSegments: Sendable, Hashable {
    case segments([MediaSegment])
    /// From one of them on; they fit there.
    case rendered(RenderedSegments, from: Int)

    package var count: Int {
        switch self {
        case .segments(let segments): segments.count
        case .rendered(let rendered, let index): rendered.count - index
        }
    }

    /// The EXT-X-DATERANGE lines that stand before them.
    package var dateRangeLines: [String] {
        switch self {
        case .segments(let segments): segments.flatMap(\.dateRangeLines)
        case .rendered(let rendered, let index): rendered.dateRangeLines(from: index)
        }
    }

    /// About what their lines take.
    var byteCount: Int {
        switch self {
        case .segments(let segments): segments.count * 160
        case .rendered(let rendered, let index): rendered.lines(from: index).utf8.count
        }
    }

    var longestRoundedDuration: UInt64 {
        switch self {
        case .segments(let segments): segments.map(\.roundedDuration).max() ?? 0
        case .rendered(let rendered, _): rendered.longestRoundedDuration
        }
    }

    func version(isIFramesOnly: Bool) -> Int {
        switch self {
        case .segments(let segments): segments.map { $0.version(isIFramesOnly: isIFramesOnly) }.max() ?? 0
        case .rendered(let rendered, _): rendered.versions.upperBound
        }
    }
}
