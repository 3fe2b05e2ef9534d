/// Video usability information of HEVC, stepped over to reach what follows it.
/// ITU-T H.265 (08/2021), clauses E.2.1 to E.2.3.
enum HEVCVideoUsability {
    @_lifetime(bits: copy bits)
    static func skip(_ bits: inout RBSPReader, subLayers: Int) throws(ParseError) {
        if try bits.readFlag() {  // aspect_ratio_info_present_flag
            if try bits.read(8) == 255 { _ = try bits.read(32) }
        }
        if try bits.readFlag() { _ = try bits.readFlag() }  // overscan
        if try bits.readFlag() {  // video_signal_type_present_flag
            _ = try bits.read(4)
            if try bits.readFlag() { _ = try bits.read(24) }
        }
        if try bits.readFlag() {  // chroma_loc_info_present_flag
            for _ in 0..<2 { _ = try bits.readUnsignedExpGolomb() }
        }
        _ = try bits.read(3)  // neutral chroma, field_seq_flag, frame_field_info_present_flag
        if try bits.readFlag() {  // default_display_window_flag
            for _ in 0..<4 { _ = try bits.readUnsignedExpGolomb() }
        }
        if try bits.readFlag() {  // vui_timing_info_present_flag
            for _ in 0..<2 { _ = try bits.read(32) }
            if try bits.readFlag() { _ = try bits.readUnsignedExpGolomb() }
            if try bits.readFlag() { try skipHypotheticalReferenceDecoder(&bits, subLayers: subLayers) }
        }
        if try bits.readFlag() {  // bitstream_restriction_flag
            _ = try bits.read(3)
            for _ in 0..<5 { _ = try bits.readUnsignedExpGolomb() }
        }
    }

    /// hrd_parameters( 1, subLayers )
    @_lifetime(bits: copy bits)
    private static func skipHypotheticalReferenceDecoder(
        _ bits: inout RBSPReader, subLayers: Int
    ) throws(ParseError) {
        let hasNAL = try bits.readFlag()
        let hasVCL = try bits.readFlag()
        var hasSubPictures = false
        if hasNAL || hasVCL {
            hasSubPictures = try bits.readFlag()
            if hasSubPictures { _ = try bits.read(19) }
            _ = try bits.read(8)
            if hasSubPictures { _ = try bits.read(4) }
            _ = try bits.read(15)
        }
        for _ in 0...subLayers {
            let isFixed = try bits.readFlag()
            let isFixedWithin = isFixed ? true : try bits.readFlag()
            var isLowDelay = false
            if isFixedWithin {
                _ = try bits.readUnsignedExpGolomb()
            } else {
                isLowDelay = try bits.readFlag()
            }
            let count = isLowDelay ? 0 : try bits.readUnsignedExpGolomb(upTo: 31, "cpb_cnt_minus1")
            for _ in 0..<(hasNAL ? 1 : 0) + (hasVCL ? 1 : 0) {
                for _ in 0...count {
                    for _ in 0..<(hasSubPictures ? 4 : 2) { _ = try bits.readUnsignedExpGolomb() }
                    _ = try bits.readFlag()
                }
            }
        }
    }
}
