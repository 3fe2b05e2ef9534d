/// The header of an H.264 slice: where it ends, and what tells pictures apart.
/// ITU-T H.264 (08/2021), clause 7.3.3.
package struct SliceHeader: Sendable, Hashable {
    /// slice_type modulo 5. ITU-T H.264 (08/2021), table 7-6.
    package enum SliceType: UInt8, Sendable {
        case p = 0, b, i, sp, si

        /// Whether motion comes from reference list 0.
        var isPredicted: Bool { self == .p || self == .b || self == .sp }
    }

    package let firstMacroblock: UInt32
    package let type: SliceType
    package let pictureParameterSetID: UInt8
    package let frameNumber: UInt32
    package let isField: Bool
    package let isBottomField: Bool
    /// Bits of slice_header() itself, without the NAL unit header and emulation prevention bytes.
    package let bitCount: Int
    /// Bytes from the start of the NAL unit to the end of the last byte that the header touches:
    /// NAL unit header and emulation prevention bytes included. What follows is slice data alone.
    package let byteCount: Int

    /// - Parameter nal: a coded slice, NAL unit type 1 or 5, with its header and emulation prevention
    ///   bytes in place. Only as many bytes as the slice header has are read. Throws where the header is
    ///   cut, breaks a bound of the standard, or refers to a parameter set that is not there.
    package init(parsing nal: Span<UInt8>, parameterSets: borrowing AVCParameterSets) throws(ParseError) {
        guard nal.count >= 1 else { throw ParseError(.truncated, at: 0, "empty NAL unit") }
        let header = NALUnitHeader(nal[0])
        let isIDR = header.type == .idrSlice
        guard isIDR || header.type == .slice else {
            throw ParseError(.unsupported, at: 0, "slice header of NAL unit type \(header.type.rawValue)")
        }
        var bits = RBSPReader(nal)
        firstMacroblock = try bits.readUnsignedExpGolomb()
        let code = try bits.readUnsignedExpGolomb(upTo: 9, "slice_type")
        guard let type = SliceType(rawValue: UInt8(code % 5)) else {
            throw ParseError(.invalid, at: bits.rawByteCount, "slice_type \(code)")
        }
        self.type = type
        pictureParameterSetID = UInt8(try bits.readUnsignedExpGolomb(upTo: 255, "pic_parameter_set_id"))
        guard let (sequence, picture) = parameterSets.sets(for: pictureParameterSetID) else {
            throw ParseError(.invalid, at: bits.rawByteCount, "no parameter set \(pictureParameterSetID)")
        }
        if sequence.separateColourPlanes { _ = try bits.read(2) }
        frameNumber = try bits.read(sequence.frameNumberBits)
        isField = sequence.frameMacroblocksOnly ? false : try bits.readFlag()
        isBottomField = isField ? try bits.readFlag() : false
        if isIDR { _ = try bits.readUnsignedExpGolomb(upTo: 65535, "idr_pic_id") }

        let hasBottom = picture.bottomFieldPictureOrderPresent && !isField
        switch sequence.pictureOrder {
        case .explicit(let count):
            _ = try bits.read(count)
            if hasBottom { _ = try bits.readSignedExpGolomb() }
        case .cycle(deltaAlwaysZero: false):
            _ = try bits.readSignedExpGolomb()
            if hasBottom { _ = try bits.readSignedExpGolomb() }
        case .cycle(deltaAlwaysZero: true), .decodeOrder: break
        }
        if picture.redundantPictureCountPresent {
            _ = try bits.readUnsignedExpGolomb(upTo: 127, "redundant_pic_cnt")
        }

        if type == .b { _ = try bits.readFlag() }  // direct_spatial_mv_pred_flag
        var counts = (picture.defaultReferenceCount0, picture.defaultReferenceCount1)
        if type.isPredicted, try bits.readFlag() {  // num_ref_idx_active_override_flag
            counts.0 = 1 + UInt8(try bits.readUnsignedExpGolomb(upTo: 31, "num_ref_idx_l0_active_minus1"))
            if type == .b {
                counts.1 = 1 + UInt8(try bits.readUnsignedExpGolomb(upTo: 31, "num_ref_idx_l1_active_minus1"))
            }
        }
        if type.isPredicted { try Self.skipListModification(&bits) }
        if type == .b { try Self.skipListModification(&bits) }
        let isWeighted =
            type == .b ? picture.weightedBipredictionIDC == 1 : type.isPredicted && picture.weightedPrediction
        if isWeighted {
            _ = try bits.readUnsignedExpGolomb(upTo: 7, "luma_log2_weight_denom")
            let hasChroma = sequence.chromaArrayType != 0
            if hasChroma { _ = try bits.readUnsignedExpGolomb(upTo: 7, "chroma_log2_weight_denom") }
            try Self.skipWeights(&bits, count: counts.0, hasChroma: hasChroma)
            if type == .b { try Self.skipWeights(&bits, count: counts.1, hasChroma: hasChroma) }
        }
        if header.referenceIDC != 0 { try Self.skipReferenceMarking(&bits, isIDR: isIDR) }
        if picture.usesArithmeticCoding, type.isPredicted {
            _ = try bits.readUnsignedExpGolomb(upTo: 2, "cabac_init_idc")
        }
        _ = try bits.readSignedExpGolomb()  // slice_qp_delta
        if type == .sp { _ = try bits.readFlag() }  // sp_for_switch_flag
        if type == .sp || type == .si { _ = try bits.readSignedExpGolomb() }  // slice_qs_delta
        if picture.deblockingFilterControlPresent,
            try bits.readUnsignedExpGolomb(upTo: 2, "disable_deblocking_filter_idc") != 1
        {
            _ = try bits.readSignedExpGolomb()
            _ = try bits.readSignedExpGolomb()
        }
        bitCount = bits.bitCount
        byteCount = bits.rawByteCount
    }

    /// ref_pic_list_modification() of one list, clause 7.3.3.1. The standard allows as many operations as
    /// the list has entries; 66 covers every stream and bounds a hostile one.
    @_lifetime(bits: copy bits)
    private static func skipListModification(_ bits: inout RBSPReader) throws(ParseError) {
        guard try bits.readFlag() else { return }
        for _ in 0...66 {
            guard try bits.readUnsignedExpGolomb(upTo: 3, "modification_of_pic_nums_idc") != 3 else { return }
            _ = try bits.readUnsignedExpGolomb()
        }
        throw ParseError(.invalid, at: bits.rawByteCount, "reference list modifications without end")
    }

    /// One list of pred_weight_table(), clause 7.3.3.2.
    @_lifetime(bits: copy bits)
    private static func skipWeights(
        _ bits: inout RBSPReader, count: UInt8, hasChroma: Bool
    ) throws(ParseError) {
        for _ in 0..<count {
            if try bits.readFlag() {
                for _ in 0..<2 { _ = try bits.readSignedExpGolomb() }
            }
            if hasChroma, try bits.readFlag() {
                for _ in 0..<4 { _ = try bits.readSignedExpGolomb() }
            }
        }
    }

    /// dec_ref_pic_marking(), clause 7.3.3.3, bounded as the list modifications are.
    @_lifetime(bits: copy bits)
    private static func skipReferenceMarking(_ bits: inout RBSPReader, isIDR: Bool) throws(ParseError) {
        if isIDR {
            _ = try bits.read(2)
            return
        }
        guard try bits.readFlag() else { return }  // adaptive_ref_pic_marking_mode_flag
        for _ in 0...66 {
            switch try bits.readUnsignedExpGolomb(upTo: 6, "memory_management_control_operation") {
            case 0: return
            case 3:
                _ = try bits.readUnsignedExpGolomb()
                _ = try bits.readUnsignedExpGolomb()
            case 5: break
            default: _ = try bits.readUnsignedExpGolomb()
            }
        }
        throw ParseError(.invalid, at: bits.rawByteCount, "memory management operations without end")
    }
}
