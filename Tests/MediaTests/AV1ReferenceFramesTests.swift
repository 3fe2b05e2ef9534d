import Testing

@testable import Media

/// Against the standard's own procedures, step by step, for orders that encoders seldom make.
@Suite struct AV1ReferenceFramesTests {
    private static let bits = 5

    private func references(_ hints: [Int]) -> AV1ReferenceFrames {
        var references = AV1ReferenceFrames()
        references.slots = hints.map {
            AV1ReferenceFrame(isKeyFrame: false, orderHint: $0, upscaledWidth: 64, height: 64, segmentation: .off)
        }
        return references
    }

    /// AV1 specification, clause 5.9.3.
    private static func distance(_ a: Int, _ b: Int) -> Int {
        let m = 1 << (bits - 1)
        return ((a - b) & (m - 1)) - ((a - b) & m)
    }

    /// AV1 specification, clause 7.8.
    private static func standardIndices(_ hints: [Int], last: Int, gold: Int, order: Int) -> [Int] {
        var indices = [Int](repeating: -1, count: 7)
        var used = [Bool](repeating: false, count: 8)
        indices[0] = last
        indices[3] = gold
        used[last] = true
        used[gold] = true
        let current = 1 << (bits - 1)
        let shifted = hints.map { current + distance($0, order) }
        var latest = -1
        var latestHint = 0
        for i in 0..<8 where !used[i] && shifted[i] >= current && (latest < 0 || shifted[i] >= latestHint) {
            (latest, latestHint) = (i, shifted[i])
        }
        if latest >= 0 {
            indices[6] = latest
            used[latest] = true
        }
        for reference in [4, 5] {
            var earliest = -1
            var hint = 0
            for i in 0..<8 where !used[i] && shifted[i] >= current && (earliest < 0 || shifted[i] < hint) {
                (earliest, hint) = (i, shifted[i])
            }
            if earliest >= 0 {
                indices[reference] = earliest
                used[earliest] = true
            }
        }
        for reference in [1, 2, 4, 5, 6] where indices[reference] < 0 {
            var found = -1
            var hint = 0
            for i in 0..<8 where !used[i] && shifted[i] < current && (found < 0 || shifted[i] >= hint) {
                (found, hint) = (i, shifted[i])
            }
            if found >= 0 {
                indices[reference] = found
                used[found] = true
            }
        }
        var first = -1
        var firstHint = 0
        for i in 0..<8 where first < 0 || shifted[i] < firstHint { (first, firstHint) = (i, shifted[i]) }
        return indices.map { $0 < 0 ? first : $0 }
    }

    /// AV1 specification, clause 5.9.22.
    private static func standardSkipMode(_ hints: [Int], order: Int) -> Bool {
        var (forward, forwardHint, backward, backwardHint) = (-1, 0, -1, 0)
        for (i, hint) in hints.enumerated() {
            if distance(hint, order) < 0 {
                if forward < 0 || distance(hint, forwardHint) > 0 { (forward, forwardHint) = (i, hint) }
            } else if distance(hint, order) > 0 {
                if backward < 0 || distance(hint, backwardHint) < 0 { (backward, backwardHint) = (i, hint) }
            }
        }
        guard forward >= 0 else { return false }
        if backward >= 0 { return true }
        return hints.contains { distance($0, forwardHint) < 0 }
    }

    @Test func ordersByChance() throws {
        var random = SeededGenerator(state: 0xA1)
        var allowed = 0
        for _ in 0..<3000 {
            let order = Int.random(in: 0..<32, using: &random)
            let spread = Int.random(in: 1..<9, using: &random)
            let least = Int.random(in: 0..<4, using: &random) == 0 ? 0 : -spread
            let hints = (0..<8).map { _ in (order + 32 + Int.random(in: least...spread, using: &random)) % 32 }
            let last = Int.random(in: 0..<8, using: &random)
            let gold = Int.random(in: 0..<8, using: &random)
            let references = references(hints)
            let indices = try references.indices(last: last, golden: gold, orderHint: order, bits: Self.bits)
            #expect(indices == Self.standardIndices(hints, last: last, gold: gold, order: order))
            let allows = try references.allowsSkipMode(indices, orderHint: order, bits: Self.bits)
            #expect(allows == Self.standardSkipMode(indices.map { hints[$0] }, order: order))
            if allows { allowed += 1 }
        }
        #expect(allowed > 100 && allowed < 2900)
    }

    @Test func emptySlotsAreRefused() {
        #expect(throws: ParseError.self) {
            _ = try AV1ReferenceFrames().indices(last: 0, golden: 1, orderHint: 3, bits: Self.bits)
        }
    }
}
