/// Film grain of a frame, stepped over. AV1 specification, clause 5.9.30.
enum AV1FilmGrain {
    @_lifetime(bits: copy bits)
    static func skip(
        _ bits: inout AV1BitReader, _ colour: AV1ColourConfiguration, isInter: Bool
    ) throws(ParseError) {
        guard try bits.readFlag() else { return }  // apply_grain
        _ = try bits.read(16)
        if isInter, try !bits.readFlag() {  // update_grain
            _ = try bits.read(3)
            return
        }
        let lumaPoints = try skipPoints(&bits)
        let isFromLuma = colour.isMonochrome ? false : try bits.readFlag()
        var points = (cb: 0, cr: 0)
        let hasNoLuma = colour.subsamplingX && colour.subsamplingY && lumaPoints == 0
        if !colour.isMonochrome, !isFromLuma, !hasNoLuma {
            points = (cb: try skipPoints(&bits), cr: try skipPoints(&bits))
        }
        _ = try bits.read(2)  // grain_scaling_minus_8
        let lag = Int(try bits.read(2))
        let positions = 2 * lag * (lag + 1)
        if lumaPoints > 0 { try skipBytes(&bits, positions) }
        let chromaPositions = positions + (lumaPoints > 0 ? 1 : 0)
        if isFromLuma || points.cb > 0 { try skipBytes(&bits, chromaPositions) }
        if isFromLuma || points.cr > 0 { try skipBytes(&bits, chromaPositions) }
        _ = try bits.read(4)  // ar_coeff_shift_minus_6, grain_scale_shift
        if points.cb > 0 { _ = try bits.read(25) }
        if points.cr > 0 { _ = try bits.read(25) }
        _ = try bits.read(2)  // overlap_flag, clip_to_restricted_range
    }

    /// A scaling function: points of two bytes each.
    @_lifetime(bits: copy bits)
    private static func skipPoints(_ bits: inout AV1BitReader) throws(ParseError) -> Int {
        let count = Int(try bits.read(4))
        try skipBytes(&bits, 2 * count)
        return count
    }

    @_lifetime(bits: copy bits)
    private static func skipBytes(_ bits: inout AV1BitReader, _ count: Int) throws(ParseError) {
        for _ in 0..<count { _ = try bits.read(8) }
    }
}
