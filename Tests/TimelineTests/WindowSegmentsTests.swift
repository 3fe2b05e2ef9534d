import Testing

@testable import Timeline

/// A window as a value, over the bounds of its blocks.
struct WindowSegmentsTests {
    private static func segment(_ number: UInt64) -> WindowSegment {
        WindowSegment(
            number: number, generation: 1, isDiscontinuity: false, discontinuitySequence: 0,
            tracks: [TrackSegment(decodeTime: 0, duration: 1, byteCount: Int(number % 7), chunks: [])])
    }

    @Test(arguments: [0, 1, 255, 256, 257, 1000])
    func holdsWhatCameAndHasNotGone(count: Int) {
        var window = WindowSegments()
        var model: [WindowSegment] = []
        // Numbers may be missing.
        for number in (0..<UInt64(count)).map({ $0 * 3 + 10 }) {
            window.append(Self.segment(number))
            model.append(Self.segment(number))
        }
        let before = window
        for _ in 0...count {
            #expect(window.count == model.count && Array(window.suffix(300)) == Array(model.suffix(300)))
            #expect(window.first == model.first && window.byteCount == model.reduce(0) { $0 + $1.byteCount })
            for wanted in [0, 11, 770, 3000] as [UInt64] {
                #expect(window.place(of: wanted) == model.firstIndex { $0.number >= wanted } ?? model.count)
            }
            window.removeFirst()
            if !model.isEmpty { model.removeFirst() }
        }
        #expect(window.isEmpty && before.count == count, "who holds one sees nothing change")
        window.append(Self.segment(5))
        #expect(Array(window) == [Self.segment(5)])
    }
}
