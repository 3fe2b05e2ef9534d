/// The HEVC sequence parameter set: picture size and what slice segment headers depend on.
/// ITU-T H.265 (08/2021), clauses 7.3.2.2 and E.2.1.
package struct HEVCSequenceParameterSet: Sendable, Hashable {
    /// 0 to 15.
    package let id: UInt8
    /// 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    package let chromaFormatIDC: UInt8
    package let separateColourPlanes: Bool
    /// Luma samples of a coded picture.
    package let codedWidth: Int
    package let codedHeight: Int
    /// Luma samples of a picture as shown, within the conformance window.
    package let width: Int
    package let height: Int
    /// 8 to 16.
    package let bitDepthLuma: UInt8
    package let bitDepthChroma: UInt8
    /// Bits of slice_pic_order_cnt_lsb, 4 to 16.
    package let pictureOrderBits: Int
    /// Luma samples of a coding tree block's side: 8 to 64.
    package let treeBlockSize: Int
    package let sampleAdaptiveOffset: Bool
    package let shortTermSets: [HEVCShortTermPictureSet]
    /// Whether each long-term reference picture of the set is used by the current one; nil without long-term ones.
    package let longTermSet: [Bool]?
    package let temporalMotionPrediction: Bool
    /// motion_vector_resolution_control_idc; 2 where slices say it.
    package let motionResolutionIDC: UInt8

    /// 0 where chroma has no samples of its own syntax: monochrome or separate planes.
    package var chromaArrayType: UInt8 { separateColourPlanes ? 0 : chromaFormatIDC }
    package var widthInTreeBlocks: Int { (codedWidth + treeBlockSize - 1) / treeBlockSize }
    package var heightInTreeBlocks: Int { (codedHeight + treeBlockSize - 1) / treeBlockSize }

    /// - Parameter nal: the NAL unit with its header, emulation prevention bytes in place. Sets of other layers than
    ///   the base layer, and the 3D extension, throw as unsupported.
    package init(parsing nal: Span<UInt8>) throws(ParseError) {
        guard nal.count >= 4, HEVCNALUnitHeader(nal[0], nal[1]).type == .sequenceParameterSet else {
            throw ParseError(.invalid, at: 0, "not a sequence parameter set")
        }
        guard HEVCNALUnitHeader(nal[0], nal[1]).layerID == 0 else {
            throw ParseError(.unsupported, at: 0, "a sequence parameter set of another layer")
        }
        var bits = RBSPReader(nal, headerSize: HEVCNALUnitHeader.size)
        _ = try bits.read(4)  // sps_video_parameter_set_id
        let subLayers = Int(try bits.read(3))
        guard subLayers <= 6 else { throw ParseError(.invalid, at: bits.rawByteCount, "8 sub-layers") }
        _ = try bits.readFlag()
        try Self.skipProfileTierLevel(&bits, subLayers: subLayers)
        id = UInt8(try bits.readUnsignedExpGolomb(upTo: 15, "sps_seq_parameter_set_id"))
        chromaFormatIDC = UInt8(try bits.readUnsignedExpGolomb(upTo: 3, "chroma_format_idc"))
        separateColourPlanes = chromaFormatIDC == 3 ? try bits.readFlag() : false
        // Level 7.2 allows no side above 33,776 (clause A.4.1).
        codedWidth = Int(try bits.readUnsignedExpGolomb(upTo: 33776, "pic_width_in_luma_samples"))
        codedHeight = Int(try bits.readUnsignedExpGolomb(upTo: 33776, "pic_height_in_luma_samples"))
        guard codedWidth > 0, codedHeight > 0 else { throw ParseError(.invalid, at: bits.rawByteCount, "no picture") }
        (width, height) = try Self.readWindow(&bits, chromaFormatIDC, codedWidth, codedHeight)
        bitDepthLuma = 8 + UInt8(try bits.readUnsignedExpGolomb(upTo: 8, "bit_depth_luma_minus8"))
        bitDepthChroma = 8 + UInt8(try bits.readUnsignedExpGolomb(upTo: 8, "bit_depth_chroma_minus8"))
        pictureOrderBits = 4 + Int(try bits.readUnsignedExpGolomb(upTo: 12, "log2_max_pic_order_cnt_lsb_minus4"))
        let hasAllOrdering = try bits.readFlag()
        for _ in (hasAllOrdering ? 0 : subLayers)...subLayers {
            for _ in 0..<3 { _ = try bits.readUnsignedExpGolomb() }
        }
        let smallest = try bits.readUnsignedExpGolomb(upTo: 3, "log2_min_luma_coding_block_size_minus3") + 3
        let added = try bits.readUnsignedExpGolomb(upTo: 3, "log2_diff_max_min_luma_coding_block_size")
        guard smallest + added <= 6 else {
            throw ParseError(.invalid, at: bits.rawByteCount, "coding tree blocks above 64 samples")
        }
        treeBlockSize = 1 << Int(smallest + added)
        for _ in 0..<4 { _ = try bits.readUnsignedExpGolomb() }  // transform sizes and depths
        if try bits.readFlag(), try bits.readFlag() { try HEVCScalingLists.skip(&bits) }
        _ = try bits.readFlag()  // amp_enabled_flag
        sampleAdaptiveOffset = try bits.readFlag()
        if try bits.readFlag() {  // pcm_enabled_flag
            _ = try bits.read(8)
            for _ in 0..<2 { _ = try bits.readUnsignedExpGolomb() }
            _ = try bits.readFlag()
        }
        let count = Int(try bits.readUnsignedExpGolomb(upTo: 64, "num_short_term_ref_pic_sets"))
        var sets: [HEVCShortTermPictureSet] = []
        for index in 0..<count {
            sets.append(try HEVCShortTermPictureSet(reading: &bits, index: index, of: count, earlier: sets))
        }
        shortTermSets = sets
        longTermSet = try Self.readLongTermSet(&bits, pictureOrderBits)
        temporalMotionPrediction = try bits.readFlag()
        _ = try bits.readFlag()  // strong_intra_smoothing_enabled_flag
        if try bits.readFlag() { try HEVCVideoUsability.skip(&bits, subLayers: subLayers) }
        motionResolutionIDC = try Self.readExtensions(&bits, chromaFormatIDC, bitDepthLuma, bitDepthChroma)
    }

    /// profile_tier_level( 1, subLayers ), clause 7.3.3.
    @_lifetime(bits: copy bits)
    private static func skipProfileTierLevel(_ bits: inout RBSPReader, subLayers: Int) throws(ParseError) {
        for _ in 0..<3 { _ = try bits.read(32) }
        var present: [(profile: Bool, level: Bool)] = []
        for _ in 0..<subLayers { present.append((try bits.readFlag(), try bits.readFlag())) }
        if subLayers > 0 { _ = try bits.read(2 * (8 - subLayers)) }
        for layer in present {
            if layer.profile {
                for _ in 0..<11 { _ = try bits.read(8) }
            }
            if layer.level { _ = try bits.read(8) }
        }
    }

    /// The conformance window, clause 7.4.3.2.1.
    @_lifetime(bits: copy bits)
    private static func readWindow(
        _ bits: inout RBSPReader, _ chroma: UInt8, _ codedWidth: Int, _ codedHeight: Int
    ) throws(ParseError) -> (Int, Int) {
        guard try bits.readFlag() else { return (codedWidth, codedHeight) }
        var offsets: [Int] = []
        for _ in 0..<4 { offsets.append(Int(try bits.readUnsignedExpGolomb(upTo: 33776, "conf_win_offset"))) }
        let width = codedWidth - (offsets[0] + offsets[1]) * (chroma == 1 || chroma == 2 ? 2 : 1)
        let height = codedHeight - (offsets[2] + offsets[3]) * (chroma == 1 ? 2 : 1)
        guard width > 0, height > 0 else {
            throw ParseError(.invalid, at: bits.rawByteCount, "the conformance window leaves no picture")
        }
        return (width, height)
    }

    @_lifetime(bits: copy bits)
    private static func readLongTermSet(_ bits: inout RBSPReader, _ orderBits: Int) throws(ParseError) -> [Bool]? {
        guard try bits.readFlag() else { return nil }
        var used: [Bool] = []
        for _ in 0..<(try bits.readUnsignedExpGolomb(upTo: 32, "num_long_term_ref_pics_sps")) {
            _ = try bits.read(orderBits)
            used.append(try bits.readFlag())
        }
        return used
    }

    /// The extensions, clauses 7.3.2.2.2 to 7.3.2.2.3; of them slices need motion_vector_resolution_control_idc.
    @_lifetime(bits: copy bits)
    private static func readExtensions(
        _ bits: inout RBSPReader, _ chroma: UInt8, _ luma: UInt8, _ chromaDepth: UInt8
    ) throws(ParseError) -> UInt8 {
        guard try bits.readFlag() else { return 0 }
        let hasRange = try bits.readFlag()
        let hasMultilayer = try bits.readFlag()
        guard try !bits.readFlag() else { throw ParseError(.unsupported, at: bits.rawByteCount, "3D-HEVC") }
        let hasScreenContent = try bits.readFlag()
        _ = try bits.read(4)  // sps_extension_4bits: extensions to come, which would follow
        if hasRange { _ = try bits.read(9) }
        if hasMultilayer { _ = try bits.readFlag() }
        guard hasScreenContent else { return 0 }
        _ = try bits.readFlag()  // sps_curr_pic_ref_enabled_flag; pictures have one of their own
        if try bits.readFlag() {  // palette_mode_enabled_flag
            for _ in 0..<2 { _ = try bits.readUnsignedExpGolomb() }
            if try bits.readFlag() {
                let count = try bits.readUnsignedExpGolomb(upTo: 1023, "sps_num_palette_predictor_initializers_minus1")
                for component in 0..<(chroma == 0 ? 1 : 3) {
                    for _ in 0...count { _ = try bits.read(Int(component == 0 ? luma : chromaDepth)) }
                }
            }
        }
        return UInt8(try bits.read(2))
    }
}

/// scaling_list_data(): its values matter to decoders only. ITU-T H.265 (08/2021), clause 7.3.4.
enum HEVCScalingLists {
    @_lifetime(bits: copy bits)
    static func skip(_ bits: inout RBSPReader) throws(ParseError) {
        for size in 0..<4 {
            for _ in stride(from: 0, to: 6, by: size == 3 ? 3 : 1) {
                guard try bits.readFlag() else {
                    _ = try bits.readUnsignedExpGolomb()
                    continue
                }
                if size > 1 { _ = try bits.readSignedExpGolomb() }
                for _ in 0..<min(64, 1 << (4 + size * 2)) { _ = try bits.readSignedExpGolomb() }
            }
        }
    }
}
