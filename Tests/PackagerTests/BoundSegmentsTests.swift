import Keys
import Media
import Testing
import Timeline

@testable import Packager

/// Segments under their keys, as spans of a window.
struct BoundSegmentsTests {
    private static let window = WindowSegments(
        (0..<600).map { number in
            WindowSegment(
                number: 1000 + number, generation: 1, isDiscontinuity: false, discontinuitySequence: 0, tracks: [])
        })

    private static func run(_ first: UInt64) -> SegmentRun {
        SegmentRun(firstNumber: first, generation: 1, keyPeriod: KeyPeriod(first), start: Ticks(0, timescale: 1))
    }

    @Test func spansWithHoles() {
        var bound = BoundSegments(of: Self.window)
        #expect(bound.isEmpty && bound.last == nil)
        bound.add(0..<100, Self.run(1000), keys: nil, slate: nil)
        bound.add(100..<100, Self.run(1100), keys: nil, slate: nil)
        bound.add(250..<300, Self.run(1250), keys: nil, slate: nil)
        bound.add(300..<600, Self.run(1250), keys: nil, slate: nil)
        let numbers = Array(1000..<1100) + Array(1250..<1600) as [UInt64]
        #expect(bound.map(\.number) == numbers)
        #expect(bound.allSatisfy { $0.run.firstNumber == ($0.number < 1100 ? 1000 : 1250) })
        #expect(bound.lastOfRuns.map(\.number) == [1599, 1099])
        #expect(bound[99...101].map(\.number) == [1099, 1250, 1251])
        // From an array the same.
        #expect(BoundSegments(bound[50...]).map(\.number) == Array(numbers[50...]))
    }
}
