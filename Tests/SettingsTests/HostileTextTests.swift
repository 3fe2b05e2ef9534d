import Settings
import Testing

@Suite struct HostileTextTests {
    /// SplitMix64, so that a failure can be repeated.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            return mixed ^ mixed >> 31
        }
    }

    @Test func neverTrapsNorAcceptsWithAnError() {
        var generator = Generator(state: 20)
        let bytes = Array(SampleProfile.text.utf8)
        let pieces = [
            "0", "-1", "99999999999999999999", "[", "{", "}", ":", " ", "\n", "&a ", "*a", "<<: ", "~", "\"", "é", "\t",
        ]
        for round in 0..<400 {
            var mutated = bytes
            for _ in 0...Int.random(in: 0...3, using: &generator) {
                let position = Int.random(in: mutated.indices, using: &generator)
                switch Int.random(in: 0...3, using: &generator) {
                case 0: mutated[position] = UInt8.random(in: 0...255, using: &generator)
                case 1: mutated.remove(at: position)
                case 2: mutated.insert(contentsOf: (pieces.randomElement(using: &generator) ?? "").utf8, at: position)
                default:
                    let end = min(position + 40, mutated.count)
                    mutated.insert(
                        contentsOf: mutated[position..<end], at: Int.random(in: mutated.indices, using: &generator))
                }
            }
            let text = String(decoding: mutated, as: UTF8.self)
            let result = ChannelProfile.load(text: text, file: "h.yaml", environment: SampleProfile.environment)
            #expect((result.profile == nil) == result.diagnostics.hasErrors, "round \(round)")
        }
    }

    @Test(arguments: ["[", "{a: ", "- ", "? ", "&a [", "!x ["])
    func survivesDepth(_ piece: String) {
        let text = String(repeating: piece, count: 100_000)
        let result = ChannelProfile.load(text: text, file: "deep.yaml", environment: [:])
        #expect(result.profile == nil && result.diagnostics.hasErrors)
    }
}
