/// The HEVC picture parameter set, as far as slice segment headers depend on it.
/// ITU-T H.265 (08/2021), clause 7.3.2.3.
package struct HEVCPictureParameterSet: Sendable, Hashable {
    /// 0 to 63.
    package let id: UInt8
    /// 0 to 15.
    package let sequenceParameterSetID: UInt8
    package let dependentSliceSegments: Bool
    package let outputFlagPresent: Bool
    /// 0 to 7.
    package let extraSliceHeaderBits: Int
    package let cabacInitPresent: Bool
    /// Entries of reference lists 0 and 1 unless a slice header says otherwise, 1 to 15.
    package let defaultReferenceCount0: Int
    package let defaultReferenceCount1: Int
    package let sliceChromaOffsetsPresent: Bool
    package let weightedPrediction: Bool
    package let weightedBiprediction: Bool
    /// Columns and rows of tiles, 1 and 1 without any.
    package let tileColumns: Int
    package let tileRows: Int
    package let hasTiles: Bool
    package let entropyCodingSync: Bool
    package let loopFilterAcrossSlices: Bool
    package let deblockingOverride: Bool
    package let deblockingDisabled: Bool
    package let listsModificationPresent: Bool
    package let sliceHeaderExtensionPresent: Bool
    package let chromaOffsetList: Bool
    package let sliceColourTransformOffsetsPresent: Bool

    /// - Parameter nal: the NAL unit with its header, emulation prevention bytes in place. The extensions for several
    ///   layers and 3D, and pictures that refer to themselves, throw as unsupported.
    package init(parsing nal: Span<UInt8>) throws(ParseError) {
        guard nal.count >= 3, HEVCNALUnitHeader(nal[0], nal[1]).type == .pictureParameterSet else {
            throw ParseError(.invalid, at: 0, "not a picture parameter set")
        }
        guard HEVCNALUnitHeader(nal[0], nal[1]).layerID == 0 else {
            throw ParseError(.unsupported, at: 0, "a picture parameter set of another layer")
        }
        var bits = RBSPReader(nal, headerSize: HEVCNALUnitHeader.size)
        id = UInt8(try bits.readUnsignedExpGolomb(upTo: 63, "pps_pic_parameter_set_id"))
        sequenceParameterSetID = UInt8(try bits.readUnsignedExpGolomb(upTo: 15, "pps_seq_parameter_set_id"))
        dependentSliceSegments = try bits.readFlag()
        outputFlagPresent = try bits.readFlag()
        extraSliceHeaderBits = Int(try bits.read(3))
        _ = try bits.readFlag()  // sign_data_hiding_enabled_flag
        cabacInitPresent = try bits.readFlag()
        defaultReferenceCount0 =
            1 + Int(try bits.readUnsignedExpGolomb(upTo: 14, "num_ref_idx_l0_default_active_minus1"))
        defaultReferenceCount1 =
            1 + Int(try bits.readUnsignedExpGolomb(upTo: 14, "num_ref_idx_l1_default_active_minus1"))
        _ = try bits.readSignedExpGolomb()  // init_qp_minus26
        _ = try bits.readFlag()  // constrained_intra_pred_flag
        let transformSkip = try bits.readFlag()
        if try bits.readFlag() { _ = try bits.readUnsignedExpGolomb() }  // cu_qp_delta
        for _ in 0..<2 { _ = try bits.readSignedExpGolomb() }  // chroma offsets
        sliceChromaOffsetsPresent = try bits.readFlag()
        weightedPrediction = try bits.readFlag()
        weightedBiprediction = try bits.readFlag()
        _ = try bits.readFlag()  // transquant_bypass_enabled_flag
        hasTiles = try bits.readFlag()
        entropyCodingSync = try bits.readFlag()
        (tileColumns, tileRows) = hasTiles ? try Self.readTiles(&bits) : (1, 1)
        loopFilterAcrossSlices = try bits.readFlag()
        if try bits.readFlag() {  // deblocking_filter_control_present_flag
            deblockingOverride = try bits.readFlag()
            deblockingDisabled = try bits.readFlag()
            if !deblockingDisabled {
                for _ in 0..<2 { _ = try bits.readSignedExpGolomb() }
            }
        } else {
            deblockingOverride = false
            deblockingDisabled = false
        }
        if try bits.readFlag() { try HEVCScalingLists.skip(&bits) }
        listsModificationPresent = try bits.readFlag()
        _ = try bits.readUnsignedExpGolomb()  // log2_parallel_merge_level_minus2
        sliceHeaderExtensionPresent = try bits.readFlag()
        guard try bits.readFlag() else {  // pps_extension_present_flag
            chromaOffsetList = false
            sliceColourTransformOffsetsPresent = false
            return
        }
        let hasRange = try bits.readFlag()
        guard try bits.read(2) == 0 else {
            throw ParseError(.unsupported, at: bits.rawByteCount, "a picture parameter set for several layers or 3D")
        }
        let hasScreenContent = try bits.readFlag()
        _ = try bits.read(4)  // pps_extension_4bits: extensions to come, which would follow
        chromaOffsetList = hasRange ? try Self.readRange(&bits, transformSkip) : false
        sliceColourTransformOffsetsPresent = hasScreenContent ? try Self.readScreenContent(&bits) : false
    }

    /// 20 columns and 22 rows are the most that any level has; sizes matter to decoders only.
    @_lifetime(bits: copy bits)
    private static func readTiles(_ bits: inout RBSPReader) throws(ParseError) -> (Int, Int) {
        let columns = 1 + Int(try bits.readUnsignedExpGolomb(upTo: 439, "num_tile_columns_minus1"))
        let rows = 1 + Int(try bits.readUnsignedExpGolomb(upTo: 439, "num_tile_rows_minus1"))
        if try !bits.readFlag() {  // uniform_spacing_flag
            for _ in 0..<columns + rows - 2 { _ = try bits.readUnsignedExpGolomb() }
        }
        _ = try bits.readFlag()  // loop_filter_across_tiles_enabled_flag
        return (columns, rows)
    }

    /// pps_range_extension(), clause 7.3.2.3.2.
    @_lifetime(bits: copy bits)
    private static func readRange(_ bits: inout RBSPReader, _ transformSkip: Bool) throws(ParseError) -> Bool {
        if transformSkip { _ = try bits.readUnsignedExpGolomb() }
        _ = try bits.readFlag()  // cross_component_prediction_enabled_flag
        let hasList = try bits.readFlag()
        if hasList {
            _ = try bits.readUnsignedExpGolomb()
            for _ in 0...(try bits.readUnsignedExpGolomb(upTo: 5, "chroma_qp_offset_list_len_minus1")) {
                for _ in 0..<2 { _ = try bits.readSignedExpGolomb() }
            }
        }
        for _ in 0..<2 { _ = try bits.readUnsignedExpGolomb() }
        return hasList
    }

    /// The start of pps_scc_extension(), clause 7.3.2.3.3; the palette that follows matters to decoders only.
    @_lifetime(bits: copy bits)
    private static func readScreenContent(_ bits: inout RBSPReader) throws(ParseError) -> Bool {
        guard try !bits.readFlag() else {
            // Its prediction weights depend on the order of the reference lists.
            throw ParseError(.unsupported, at: bits.rawByteCount, "pps_curr_pic_ref_enabled_flag")
        }
        guard try bits.readFlag() else { return false }
        return try bits.readFlag()
    }
}
