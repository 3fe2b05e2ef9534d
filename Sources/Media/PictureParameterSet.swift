/// The H.264 picture parameter set, as far as slice headers depend on it.
/// ITU-T H.264 (08/2021), clause 7.3.2.2.
package struct PictureParameterSet: Sendable, Hashable {
    /// 0 to 255.
    package let id: UInt8
    /// 0 to 31.
    package let sequenceParameterSetID: UInt8
    /// CABAC; otherwise CAVLC.
    package let usesArithmeticCoding: Bool
    package let bottomFieldPictureOrderPresent: Bool
    /// Entries of reference lists 0 and 1 unless a slice header says otherwise, 1 to 32.
    package let defaultReferenceCount0: UInt8
    package let defaultReferenceCount1: UInt8
    package let weightedPrediction: Bool
    /// 0 none, 1 explicit, 2 implicit.
    package let weightedBipredictionIDC: UInt8
    package let deblockingFilterControlPresent: Bool
    package let redundantPictureCountPresent: Bool

    /// What follows redundant_pic_cnt_present_flag (transform size, scaling lists) is not read.
    ///
    /// - Parameter nal: the NAL unit with its header, emulation prevention bytes in place. Slice groups
    ///   (FMO, Baseline and Extended profile only) throw as unsupported.
    package init(parsing nal: Span<UInt8>) throws(ParseError) {
        guard nal.count >= 2, NALUnitHeader(nal[0]).type == .pictureParameterSet else {
            throw ParseError(.invalid, at: 0, "not a picture parameter set")
        }
        var bits = RBSPReader(nal)
        id = UInt8(try bits.readUnsignedExpGolomb(upTo: 255, "pic_parameter_set_id"))
        sequenceParameterSetID = UInt8(try bits.readUnsignedExpGolomb(upTo: 31, "seq_parameter_set_id"))
        usesArithmeticCoding = try bits.readFlag()
        bottomFieldPictureOrderPresent = try bits.readFlag()
        guard try bits.readUnsignedExpGolomb() == 0 else {
            throw ParseError(.unsupported, at: bits.rawByteCount, "slice groups")
        }
        defaultReferenceCount0 =
            1 + UInt8(try bits.readUnsignedExpGolomb(upTo: 31, "num_ref_idx_l0_default_active_minus1"))
        defaultReferenceCount1 =
            1 + UInt8(try bits.readUnsignedExpGolomb(upTo: 31, "num_ref_idx_l1_default_active_minus1"))
        weightedPrediction = try bits.readFlag()
        weightedBipredictionIDC = UInt8(try bits.read(2))
        guard weightedBipredictionIDC <= 2 else {
            throw ParseError(.invalid, at: bits.rawByteCount, "weighted_bipred_idc 3")
        }
        _ = try bits.readSignedExpGolomb()  // pic_init_qp_minus26
        _ = try bits.readSignedExpGolomb()  // pic_init_qs_minus26
        _ = try bits.readSignedExpGolomb()  // chroma_qp_index_offset
        deblockingFilterControlPresent = try bits.readFlag()
        _ = try bits.readFlag()  // constrained_intra_pred_flag
        redundantPictureCountPresent = try bits.readFlag()
    }
}
