/// The quantizer of a frame, as far as it decides what follows it. AV1 specification, clauses 5.9.12, 5.9.17 and 5.9.18.
struct AV1Quantization: Sendable {
    /// base_q_idx, 0 to 255.
    let baseIndex: Int
    /// Whether luma DC and all chroma go by the base index.
    let hasNoDifferences: Bool

    @_lifetime(bits: copy bits)
    init(reading bits: inout AV1BitReader, sequence: AV1SequenceHeader) throws(ParseError) {
        let colour = sequence.colour
        baseIndex = Int(try bits.read(8))
        var differences = try Self.readDifference(&bits)
        if !colour.isMonochrome {
            let hasBoth = colour.separatesChromaQuantizers ? try bits.readFlag() : false
            for _ in 0..<(hasBoth ? 4 : 2) { differences |= try Self.readDifference(&bits) }
        }
        hasNoDifferences = differences == 0
        if try bits.readFlag() {  // using_qmatrix
            _ = try bits.read(colour.separatesChromaQuantizers ? 12 : 8)
        }
    }

    @_lifetime(bits: copy bits)
    private static func readDifference(_ bits: inout AV1BitReader) throws(ParseError) -> Int {
        try bits.readFlag() ? try bits.readSigned(7) : 0
    }

    /// delta_q_params() and delta_lf_params(), which come after the segmentation.
    @_lifetime(bits: copy bits)
    func skipDeltas(_ bits: inout AV1BitReader, allowsBlockCopy: Bool) throws(ParseError) {
        guard baseIndex > 0, try bits.readFlag() else { return }
        _ = try bits.read(2)
        if !allowsBlockCopy, try bits.readFlag() { _ = try bits.read(3) }
    }
}
