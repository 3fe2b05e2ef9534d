/// Loop filter, CDEF and loop restoration of a frame, stepped over. AV1 specification, clauses 5.9.11, 5.9.19 and 5.9.20.
enum AV1Filters {
    @_lifetime(bits: copy bits)
    static func skip(
        _ bits: inout AV1BitReader, _ sequence: AV1SequenceHeader, isLossless: Bool, isUpscaled: Bool,
        allowsBlockCopy: Bool
    ) throws(ParseError) {
        guard !allowsBlockCopy else { return }
        let isMonochrome = sequence.colour.isMonochrome
        if !isLossless {
            try skipLoopFilter(&bits, isMonochrome: isMonochrome)
            if sequence.enablesCDEF {
                _ = try bits.read(2)
                for _ in 0..<1 << (try bits.read(2)) { _ = try bits.read(isMonochrome ? 6 : 12) }
            }
        }
        if sequence.enablesRestoration, !isLossless || isUpscaled { try skipRestoration(&bits, sequence) }
    }

    @_lifetime(bits: copy bits)
    private static func skipLoopFilter(_ bits: inout AV1BitReader, isMonochrome: Bool) throws(ParseError) {
        let levels = try bits.read(12)
        if !isMonochrome, levels != 0 { _ = try bits.read(12) }
        _ = try bits.read(3)  // sharpness
        guard try bits.readFlag(), try bits.readFlag() else { return }  // delta_enabled, delta_update
        for _ in 0..<10 where try bits.readFlag() { _ = try bits.read(7) }
    }

    @_lifetime(bits: copy bits)
    private static func skipRestoration(_ bits: inout AV1BitReader, _ sequence: AV1SequenceHeader) throws(ParseError) {
        var isUsed = false
        var isUsedForChroma = false
        for plane in 0..<(sequence.colour.isMonochrome ? 1 : 3) where try bits.read(2) != 0 {
            isUsed = true
            if plane > 0 { isUsedForChroma = true }
        }
        guard isUsed else { return }
        if try bits.readFlag(), !sequence.uses128x128Superblocks { _ = try bits.readFlag() }  // unit shifts
        if isUsedForChroma, sequence.colour.subsamplingX, sequence.colour.subsamplingY { _ = try bits.readFlag() }
    }
}
