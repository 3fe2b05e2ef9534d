/// What later frame headers need of the frames that a decoder holds. AV1 specification, clauses 7.20 and 7.21.
package struct AV1ReferenceFrame: Sendable, Hashable {
    var isKeyFrame: Bool
    var orderHint: Int
    var upscaledWidth: Int
    var height: Int
    var segmentation: AV1Segmentation
}

/// The 8 slots; nil where nothing was decoded yet.
package struct AV1ReferenceFrames: Sendable {
    package static let count = 8
    /// References of one frame: LAST, LAST2, LAST3, GOLDEN, BWDREF, ALTREF2, ALTREF.
    static let perFrame = 7

    var slots: [AV1ReferenceFrame?] = Array(repeating: nil, count: count)

    package init() {}

    func frame(_ index: Int) throws(ParseError) -> AV1ReferenceFrame {
        guard let frame = slots[index] else { throw ParseError(.invalid, at: 0, "no reference frame in slot \(index)") }
        return frame
    }

    /// set_frame_refs(): the other references by their order, where LAST and GOLDEN are given. Clause 7.8.
    func indices(last: Int, golden: Int, orderHint: Int, bits: Int) throws(ParseError) -> [Int] {
        var hints: [Int] = []
        for slot in 0..<Self.count {
            hints.append(AV1OrderHint.difference(try frame(slot).orderHint, orderHint, bits: bits))
        }
        var indices: [Int?] = Array(repeating: nil, count: Self.perFrame)
        var isUsed = Array(repeating: false, count: Self.count)
        func take(_ slot: Int?, for reference: Int) {
            guard let slot else { return }
            indices[reference] = slot
            isUsed[slot] = true
        }
        take(last, for: 0)
        take(golden, for: 3)
        func free(_ isWanted: (Int) -> Bool) -> [Int] { (0..<Self.count).filter { !isUsed[$0] && isWanted(hints[$0]) } }
        // Of equal ones the last counts where the latest is sought, and the first where the earliest is.
        func latest(_ slots: [Int]) -> Int? {
            slots.reduce(nil) { best, slot in best.map { hints[slot] >= hints[$0] ? slot : $0 } ?? slot }
        }
        func earliest(_ slots: [Int]) -> Int? {
            slots.reduce(nil) { best, slot in best.map { hints[slot] < hints[$0] ? slot : $0 } ?? slot }
        }
        take(latest(free { $0 >= 0 }), for: 6)
        take(earliest(free { $0 >= 0 }), for: 4)
        take(earliest(free { $0 >= 0 }), for: 5)
        for reference in [1, 2, 4, 5, 6] where indices[reference] == nil {
            take(latest(free { $0 < 0 }), for: reference)
        }
        let first = earliest(Array(0..<Self.count)) ?? 0
        return indices.map { $0 ?? first }
    }

    /// Whether skip mode may be used: two references on both sides, or the two nearest before. Clause 5.9.22.
    func allowsSkipMode(_ indices: [Int], orderHint: Int, bits: Int) throws(ParseError) -> Bool {
        var hints: [Int] = []
        for index in indices { hints.append(try frame(index).orderHint) }
        let before = hints.filter { AV1OrderHint.difference($0, orderHint, bits: bits) < 0 }
        guard var forward = before.first else { return false }
        for hint in before where AV1OrderHint.difference(hint, forward, bits: bits) > 0 { forward = hint }
        if hints.contains(where: { AV1OrderHint.difference($0, orderHint, bits: bits) > 0 }) { return true }
        return hints.contains { AV1OrderHint.difference($0, forward, bits: bits) < 0 }
    }
}

enum AV1OrderHint {
    /// get_relative_dist(), clause 5.9.3.
    /// - Parameter bits: OrderHintBits, at least 1.
    static func difference(_ a: Int, _ b: Int, bits: Int) -> Int {
        let sign = 1 << (bits - 1)
        let difference = a - b
        return (difference & (sign - 1)) - (difference & sign)
    }
}
