/// A fixed sequence of numbers for mutations: the same on every run.
package struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// `bytes` with one to four changes: a byte replaced, a bit flipped, a piece cut out or doubled.
    package mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) where !result.isEmpty {
            let index = Int.random(in: 0..<result.count, using: &self)
            switch UInt8.random(in: 0..<4, using: &self) {
            case 0:
                result[index] =
                    [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &self)].randomElement(using: &self) ?? 0
            case 1: result[index] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 2: result.removeSubrange(index..<min(result.count, index + Int.random(in: 1...8, using: &self)))
            default: result.insert(contentsOf: result[index..<min(result.count, index + 8)], at: index)
            }
        }
        return result
    }
}
