/// The header of an HEVC slice segment: where it ends. ITU-T H.265 (08/2021), clause 7.3.6.
package struct HEVCSliceSegmentHeader: Sendable, Hashable {
    /// slice_type. ITU-T H.265 (08/2021), table 7-7.
    package enum SliceType: UInt8, Sendable { case b = 0, p, i }

    package let isFirstSegment: Bool
    package let pictureParameterSetID: UInt8
    /// nil for a dependent slice segment, which has the one of the segment before it.
    package let type: SliceType?
    /// Raster order of its first coding tree block among those of the picture.
    package let segmentAddress: UInt32
    /// Bits of slice_segment_header() itself, byte_alignment() included, without the NAL unit header and emulation
    /// prevention bytes.
    package let bitCount: Int
    /// Bytes from the start of the NAL unit to the end of the header, NAL unit header and emulation prevention bytes
    /// included. What follows is slice data alone.
    package let byteCount: Int

    /// - Parameter nal: a coded slice segment with its header and emulation prevention bytes in place. Only as many
    ///   bytes as the slice segment header has are read. Throws where the header is cut, breaks a bound of the
    ///   standard, is not closed by its alignment bits, or refers to a parameter set that is not there.
    package init(parsing nal: Span<UInt8>, parameterSets: borrowing HEVCParameterSets) throws(ParseError) {
        guard nal.count > HEVCNALUnitHeader.size else { throw ParseError(.truncated, at: 0, "empty NAL unit") }
        let header = HEVCNALUnitHeader(nal[0], nal[1])
        guard nal[0] & 0x80 == 0, header.type.isSliceSegment, header.layerID == 0, header.temporalIDPlus1 > 0 else {
            throw ParseError(
                .unsupported, at: 0, "a slice of NAL unit type \(header.type.rawValue), layer \(header.layerID)")
        }
        var bits = RBSPReader(nal, headerSize: HEVCNALUnitHeader.size)
        isFirstSegment = try bits.readFlag()
        if header.type.isRandomAccessPoint { _ = try bits.readFlag() }  // no_output_of_prior_pics_flag
        pictureParameterSetID = UInt8(try bits.readUnsignedExpGolomb(upTo: 63, "slice_pic_parameter_set_id"))
        guard let (sequence, picture) = parameterSets.sets(for: pictureParameterSetID) else {
            throw ParseError(.invalid, at: bits.rawByteCount, "no parameter set \(pictureParameterSetID)")
        }
        var isDependent = false
        if isFirstSegment {
            segmentAddress = 0
        } else {
            isDependent = picture.dependentSliceSegments ? try bits.readFlag() : false
            let blocks = sequence.widthInTreeBlocks * sequence.heightInTreeBlocks
            segmentAddress = try bits.read(Self.bitsToTell(blocks))
            guard segmentAddress < blocks else {
                throw ParseError(.invalid, at: bits.rawByteCount, "slice_segment_address \(segmentAddress)")
            }
        }
        type = isDependent ? nil : try Self.readIndependent(&bits, header.type, sequence, picture)
        if picture.hasTiles || picture.entropyCodingSync { try Self.skipEntryPoints(&bits, sequence, picture) }
        if picture.sliceHeaderExtensionPresent {
            for _ in 0..<(try bits.readUnsignedExpGolomb(upTo: 256, "slice_segment_header_extension_length")) {
                _ = try bits.read(8)
            }
        }
        // byte_alignment(): a one, then zeros.
        let filling = 8 - bits.bitCount % 8
        guard try bits.read(filling) == 1 << UInt32(filling - 1) else {
            throw ParseError(
                .invalid, at: bits.rawByteCount, "the slice segment header does not end with byte_alignment()")
        }
        bitCount = bits.bitCount
        byteCount = bits.rawByteCount
    }

    /// Ceil( Log2( count ) )
    private static func bitsToTell(_ count: Int) -> Int {
        count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount
    }

    /// What a dependent slice segment takes over from the one before it.
    @_lifetime(bits: copy bits)
    private static func readIndependent(
        _ bits: inout RBSPReader, _ unit: HEVCNALUnitType, _ sequence: HEVCSequenceParameterSet,
        _ picture: HEVCPictureParameterSet
    ) throws(ParseError) -> SliceType {
        _ = try bits.read(picture.extraSliceHeaderBits)
        let code = UInt8(try bits.readUnsignedExpGolomb(upTo: 2, "slice_type"))
        let type: SliceType = code == 0 ? .b : code == 1 ? .p : .i
        if picture.outputFlagPresent { _ = try bits.readFlag() }
        if sequence.separateColourPlanes { _ = try bits.read(2) }
        var references = 0  // NumPicTotalCurr
        var hasTemporalMotion = false
        if !unit.isIDR {
            references = try readReferencePictures(&bits, sequence)
            hasTemporalMotion = sequence.temporalMotionPrediction ? try bits.readFlag() : false
        }
        var filtersOffsets = false
        if sequence.sampleAdaptiveOffset {
            filtersOffsets = try bits.readFlag()
            if sequence.chromaArrayType != 0, try bits.readFlag() { filtersOffsets = true }
        }
        if type != .i {
            try skipPrediction(&bits, type, sequence, picture, references, hasTemporalMotion)
        }
        _ = try bits.readSignedExpGolomb()  // slice_qp_delta
        if picture.sliceChromaOffsetsPresent {
            for _ in 0..<2 { _ = try bits.readSignedExpGolomb() }
        }
        if picture.sliceColourTransformOffsetsPresent {
            for _ in 0..<3 { _ = try bits.readSignedExpGolomb() }
        }
        if picture.chromaOffsetList { _ = try bits.readFlag() }
        var isDeblocked = !picture.deblockingDisabled
        if picture.deblockingOverride, try bits.readFlag() {
            isDeblocked = try !bits.readFlag()
            if isDeblocked {
                for _ in 0..<2 { _ = try bits.readSignedExpGolomb() }
            }
        }
        if picture.loopFilterAcrossSlices, filtersOffsets || isDeblocked { _ = try bits.readFlag() }
        return type
    }

    /// Picture order and reference picture sets; how many pictures the current one may refer to.
    @_lifetime(bits: copy bits)
    private static func readReferencePictures(
        _ bits: inout RBSPReader, _ sequence: HEVCSequenceParameterSet
    ) throws(ParseError) -> Int {
        _ = try bits.read(sequence.pictureOrderBits)
        let sets = sequence.shortTermSets
        var used: Int
        if try bits.readFlag() {  // short_term_ref_pic_set_sps_flag
            let index = Int(try bits.read(bitsToTell(sets.count)))
            guard index < sets.count else {
                throw ParseError(.invalid, at: bits.rawByteCount, "short_term_ref_pic_set_idx \(index)")
            }
            used = sets[index].usedCount
        } else {
            let own = try HEVCShortTermPictureSet(reading: &bits, index: sets.count, of: sets.count, earlier: sets)
            used = own.usedCount
        }
        guard let longTerm = sequence.longTermSet else { return used }
        let known = longTerm.isEmpty ? 0 : try bits.readUnsignedExpGolomb(upTo: 32, "num_long_term_sps")
        let stated = try bits.readUnsignedExpGolomb(upTo: 32, "num_long_term_pics")
        for index in 0..<known + stated {
            if index < known {
                let entry = Int(try bits.read(bitsToTell(longTerm.count)))
                guard entry < longTerm.count else {
                    throw ParseError(.invalid, at: bits.rawByteCount, "lt_idx_sps \(entry)")
                }
                if longTerm[entry] { used += 1 }
            } else {
                _ = try bits.read(sequence.pictureOrderBits)
                if try bits.readFlag() { used += 1 }
            }
            if try bits.readFlag() { _ = try bits.readUnsignedExpGolomb() }  // delta_poc_msb_cycle_lt
        }
        return used
    }

    /// What P and B slices have: lists, weights, merging.
    @_lifetime(bits: copy bits)
    private static func skipPrediction(
        _ bits: inout RBSPReader, _ type: SliceType, _ sequence: HEVCSequenceParameterSet,
        _ picture: HEVCPictureParameterSet, _ references: Int, _ hasTemporalMotion: Bool
    ) throws(ParseError) {
        let isB = type == .b
        var counts = (picture.defaultReferenceCount0, picture.defaultReferenceCount1)
        if try bits.readFlag() {  // num_ref_idx_active_override_flag
            counts.0 = 1 + Int(try bits.readUnsignedExpGolomb(upTo: 14, "num_ref_idx_l0_active_minus1"))
            if isB { counts.1 = 1 + Int(try bits.readUnsignedExpGolomb(upTo: 14, "num_ref_idx_l1_active_minus1")) }
        }
        if picture.listsModificationPresent, references > 1 {
            for count in isB ? [counts.0, counts.1] : [counts.0] where try bits.readFlag() {
                for _ in 0..<count { _ = try bits.read(bitsToTell(references)) }
            }
        }
        if isB { _ = try bits.readFlag() }  // mvd_l1_zero_flag
        if picture.cabacInitPresent { _ = try bits.readFlag() }
        if hasTemporalMotion {
            let isFromList0 = isB ? try bits.readFlag() : true
            if (isFromList0 ? counts.0 : counts.1) > 1 {
                _ = try bits.readUnsignedExpGolomb(upTo: 14, "collocated_ref_idx")
            }
        }
        if isB ? picture.weightedBiprediction : picture.weightedPrediction {
            _ = try bits.readUnsignedExpGolomb(upTo: 7, "luma_log2_weight_denom")
            let hasChroma = sequence.chromaArrayType != 0
            if hasChroma { _ = try bits.readSignedExpGolomb() }
            try skipWeights(&bits, count: counts.0, hasChroma: hasChroma)
            if isB { try skipWeights(&bits, count: counts.1, hasChroma: hasChroma) }
        }
        _ = try bits.readUnsignedExpGolomb(upTo: 4, "five_minus_max_num_merge_cand")
        if sequence.motionResolutionIDC == 2 { _ = try bits.readFlag() }  // use_integer_mv_flag
    }

    /// One list of pred_weight_table(), clause 7.3.6.3. No picture refers to itself here, so each has its flags.
    @_lifetime(bits: copy bits)
    private static func skipWeights(_ bits: inout RBSPReader, count: Int, hasChroma: Bool) throws(ParseError) {
        var luma: [Bool] = []
        var chroma = [Bool](repeating: false, count: count)
        for _ in 0..<count { luma.append(try bits.readFlag()) }
        if hasChroma {
            for index in 0..<count { chroma[index] = try bits.readFlag() }
        }
        for index in 0..<count {
            for _ in 0..<(luma[index] ? 2 : 0) + (chroma[index] ? 4 : 0) { _ = try bits.readSignedExpGolomb() }
        }
    }

    /// Where substreams begin; there is one for each tile, or each row of coding tree blocks in a tile.
    @_lifetime(bits: copy bits)
    private static func skipEntryPoints(
        _ bits: inout RBSPReader, _ sequence: HEVCSequenceParameterSet, _ picture: HEVCPictureParameterSet
    ) throws(ParseError) {
        let rows = picture.entropyCodingSync ? sequence.heightInTreeBlocks : picture.tileRows
        let limit = UInt32(clamping: picture.tileColumns * rows - 1)
        let count = try bits.readUnsignedExpGolomb(upTo: limit, "num_entry_point_offsets")
        guard count > 0 else { return }
        let size = 1 + Int(try bits.readUnsignedExpGolomb(upTo: 31, "offset_len_minus1"))
        for _ in 0..<count { _ = try bits.read(size) }
    }
}
