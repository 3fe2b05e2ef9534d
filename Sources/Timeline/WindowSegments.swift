/// The segments of a window by rising number, as a value: a copy costs nothing, and neither a segment that comes nor one
/// that goes touches the others. A window of two weeks has half a million.
package struct WindowSegments: RandomAccessCollection, Sendable, Equatable {
    /// Segments that lie together. Whoever holds a copy makes the next one that comes copy so many at most.
    private static let blockCount = 256

    /// Full ones, the oldest first.
    private var blocks: [[WindowSegment]] = []
    /// The newest segments, less than a block.
    private var tail: [WindowSegment] = []
    /// Of the first block, those that have left.
    private var gone = 0
    /// Of the clear media of all of them.
    package private(set) var byteCount = 0

    package init() {}

    package init(_ segments: some Sequence<WindowSegment>) {
        for segment in segments { append(segment) }
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { blocks.count * Self.blockCount - gone + tail.count }

    package subscript(place: Int) -> WindowSegment {
        let (block, index) = (place + gone).quotientAndRemainder(dividingBy: Self.blockCount)
        return block < blocks.count ? blocks[block][index] : tail[place + gone - blocks.count * Self.blockCount]
    }

    mutating func append(_ segment: WindowSegment) {
        byteCount += segment.byteCount
        tail.append(segment)
        guard tail.count == Self.blockCount else { return }
        blocks.append(tail)
        tail = []
    }

    mutating func removeFirst() {
        guard let first else { return }
        byteCount -= first.byteCount
        guard !blocks.isEmpty else {
            tail.removeFirst()
            return
        }
        gone += 1
        guard gone == Self.blockCount else { return }
        blocks.removeFirst()
        gone = 0
    }

    /// Where the first segment is that is not before `number`; the end where there is none.
    package func place(of number: UInt64) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low
    }

    package static func == (left: Self, right: Self) -> Bool { left.elementsEqual(right) }
}
