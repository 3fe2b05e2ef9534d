/// Global motion of a frame, stepped over: how long its codes are does not depend on their values of before.
/// AV1 specification, clauses 5.9.24 to 5.9.28.
enum AV1GlobalMotion {
    @_lifetime(bits: copy bits)
    static func skip(_ bits: inout AV1BitReader, hasFineMotion: Bool) throws(ParseError) {
        for _ in 0..<AV1ReferenceFrames.perFrame where try bits.readFlag() {  // is_global
            let isRotationAndZoom = try bits.readFlag()
            let isTranslation = isRotationAndZoom ? false : try bits.readFlag()
            if !isTranslation {
                for _ in 0..<(isRotationAndZoom ? 2 : 4) { try skipParameter(&bits, magnitudeBits: 12) }
            }
            for _ in 0..<2 {
                try skipParameter(&bits, magnitudeBits: isTranslation ? (hasFineMotion ? 9 : 8) : 12)
            }
        }
    }

    /// decode_subexp() over the symbols that a magnitude of that many bits needs.
    @_lifetime(bits: copy bits)
    private static func skipParameter(_ bits: inout AV1BitReader, magnitudeBits: Int) throws(ParseError) {
        let symbols = 2 << magnitudeBits | 1
        var base = 0
        var width = 3
        while symbols > base + 3 << width {
            guard try bits.readFlag() else {  // subexp_more_bits
                _ = try bits.read(width)
                return
            }
            base += 1 << width
            if base > 8 { width += 1 }
        }
        _ = try bits.readBelow(symbols - base)
    }
}
