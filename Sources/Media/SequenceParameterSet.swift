/// The H.264 sequence parameter set: picture size, numbering and what slice headers depend on.
/// ITU-T H.264 (08/2021), clauses 7.3.2.1.1 and E.1.1.
package struct SequenceParameterSet: Sendable, Hashable {
    /// How picture order is written. ITU-T H.264 (08/2021), clause 8.2.1.
    package enum PictureOrder: Sendable, Hashable {
        /// Type 0: the low bits in each slice header.
        case explicit(bits: Int)
        /// Type 1: a cycle, with differences in slice headers unless they are always zero.
        case cycle(deltaAlwaysZero: Bool)
        /// Type 2: output order is decode order.
        case decodeOrder
    }

    /// Ticks as the VUI states them; a frame lasts two ticks.
    package struct Timing: Sendable, Hashable {
        package let unitsInTick: UInt32
        package let timeScale: UInt32
        package let isFixedFrameRate: Bool
    }

    package let profileIDC: UInt8
    /// constraint_set0_flag in the highest bit.
    package let constraints: UInt8
    package let levelIDC: UInt8
    /// 0 to 31.
    package let id: UInt8
    /// 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    package let chromaFormatIDC: UInt8
    package let separateColourPlanes: Bool
    /// 8 to 14.
    package let bitDepthLuma: UInt8
    package let bitDepthChroma: UInt8
    /// Bits of frame_num in slice headers, 4 to 16.
    package let frameNumberBits: Int
    package let pictureOrder: PictureOrder
    package let maxReferenceFrames: UInt8
    /// False where fields or macroblock-adaptive frames can come.
    package let frameMacroblocksOnly: Bool
    /// Luma samples of a coded frame, before cropping; multiples of 16.
    package let codedWidth: Int
    package let codedHeight: Int
    /// Luma samples of a frame as shown, after cropping.
    package let width: Int
    package let height: Int
    package let timing: Timing?
    /// max_num_reorder_frames; nil where the VUI does not state it.
    package let maxReorderFrames: UInt8?

    /// 0 where chroma has no samples of its own syntax: monochrome or separate planes.
    package var chromaArrayType: UInt8 { separateColourPlanes ? 0 : chromaFormatIDC }

    /// Frames a second as the VUI states them; nil where it does not or says zero.
    package var frameRate: FrameRate? {
        guard let timing, timing.unitsInTick > 0, timing.timeScale > 0 else { return nil }
        var (a, b) = (UInt64(timing.timeScale), UInt64(timing.unitsInTick) * 2)
        while b > 0 { (a, b) = (b, a % b) }
        guard let denominator = UInt32(exactly: UInt64(timing.unitsInTick) * 2 / a) else { return nil }
        return FrameRate(UInt32(truncatingIfNeeded: UInt64(timing.timeScale) / a), denominator)
    }

    /// - Parameter nal: the NAL unit with its header, emulation prevention bytes in place.
    package init(parsing nal: Span<UInt8>) throws(ParseError) {
        guard nal.count >= 4, NALUnitHeader(nal[0]).type == .sequenceParameterSet else {
            throw ParseError(.invalid, at: 0, "not a sequence parameter set")
        }
        var bits = RBSPReader(nal)
        profileIDC = UInt8(try bits.read(8))
        constraints = UInt8(try bits.read(8))
        levelIDC = UInt8(try bits.read(8))
        id = UInt8(try bits.readUnsignedExpGolomb(upTo: 31, "seq_parameter_set_id"))
        if Self.profilesWithChromaFormat.contains(profileIDC) {
            chromaFormatIDC = UInt8(try bits.readUnsignedExpGolomb(upTo: 3, "chroma_format_idc"))
            separateColourPlanes = chromaFormatIDC == 3 ? try bits.readFlag() : false
            bitDepthLuma = 8 + UInt8(try bits.readUnsignedExpGolomb(upTo: 6, "bit_depth_luma_minus8"))
            bitDepthChroma = 8 + UInt8(try bits.readUnsignedExpGolomb(upTo: 6, "bit_depth_chroma_minus8"))
            _ = try bits.readFlag()  // qpprime_y_zero_transform_bypass_flag
            if try bits.readFlag() { try Self.skipScalingLists(&bits, count: chromaFormatIDC == 3 ? 12 : 8) }
        } else {
            chromaFormatIDC = 1
            separateColourPlanes = false
            bitDepthLuma = 8
            bitDepthChroma = 8
        }
        frameNumberBits = 4 + Int(try bits.readUnsignedExpGolomb(upTo: 12, "log2_max_frame_num_minus4"))
        pictureOrder = try Self.readPictureOrder(&bits)
        maxReferenceFrames = UInt8(try bits.readUnsignedExpGolomb(upTo: 16, "max_num_ref_frames"))
        _ = try bits.readFlag()  // gaps_in_frame_num_value_allowed_flag
        // The largest side of level 6.2 is the square root of 8 * 139,264 macroblocks (clause A.3.1).
        let widthInMacroblocks = 1 + Int(try bits.readUnsignedExpGolomb(upTo: 1054, "pic_width_in_mbs_minus1"))
        let heightInUnits = 1 + Int(try bits.readUnsignedExpGolomb(upTo: 1054, "pic_height_in_map_units_minus1"))
        frameMacroblocksOnly = try bits.readFlag()
        if !frameMacroblocksOnly { _ = try bits.readFlag() }  // mb_adaptive_frame_field_flag
        _ = try bits.readFlag()  // direct_8x8_inference_flag
        codedWidth = widthInMacroblocks * 16
        codedHeight = heightInUnits * (frameMacroblocksOnly ? 16 : 32)
        if try bits.readFlag() {
            let chroma = separateColourPlanes ? 0 : chromaFormatIDC
            let unitX = chroma == 1 || chroma == 2 ? 2 : 1
            let unitY = (chroma == 1 ? 2 : 1) * (frameMacroblocksOnly ? 1 : 2)
            let left = Int(try bits.readUnsignedExpGolomb(upTo: 16880, "frame_crop_left_offset"))
            let right = Int(try bits.readUnsignedExpGolomb(upTo: 16880, "frame_crop_right_offset"))
            let top = Int(try bits.readUnsignedExpGolomb(upTo: 33760, "frame_crop_top_offset"))
            let bottom = Int(try bits.readUnsignedExpGolomb(upTo: 33760, "frame_crop_bottom_offset"))
            width = codedWidth - (left + right) * unitX
            height = codedHeight - (top + bottom) * unitY
            guard width > 0, height > 0 else {
                throw ParseError(.invalid, at: bits.rawByteCount, "cropping leaves no picture")
            }
        } else {
            width = codedWidth
            height = codedHeight
        }
        if try bits.readFlag() {
            (timing, maxReorderFrames) = try Self.readUsability(&bits)
        } else {
            timing = nil
            maxReorderFrames = nil
        }
    }

    private static let profilesWithChromaFormat: [UInt8] = [
        100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135,
    ]

    /// Clause 7.3.2.1.1.1; the values matter to decoders only.
    @_lifetime(bits: copy bits)
    private static func skipScalingLists(_ bits: inout RBSPReader, count: Int) throws(ParseError) {
        for list in 0..<count where try bits.readFlag() {
            var last: Int32 = 8
            var next: Int32 = 8
            for _ in 0..<(list < 6 ? 16 : 64) {
                if next != 0 {
                    let delta = try bits.readSignedExpGolomb()
                    guard (-128...127).contains(delta) else {
                        throw ParseError(.invalid, at: bits.rawByteCount, "delta_scale \(delta)")
                    }
                    next = (last + delta + 256) % 256
                }
                if next != 0 { last = next }
            }
        }
    }

    @_lifetime(bits: copy bits)
    private static func readPictureOrder(_ bits: inout RBSPReader) throws(ParseError) -> PictureOrder {
        switch try bits.readUnsignedExpGolomb(upTo: 2, "pic_order_cnt_type") {
        case 0:
            return .explicit(
                bits: 4 + Int(try bits.readUnsignedExpGolomb(upTo: 12, "log2_max_pic_order_cnt_lsb_minus4")))
        case 1:
            let deltaAlwaysZero = try bits.readFlag()
            _ = try bits.readSignedExpGolomb()  // offset_for_non_ref_pic
            _ = try bits.readSignedExpGolomb()  // offset_for_top_to_bottom_field
            let count = try bits.readUnsignedExpGolomb(upTo: 255, "num_ref_frames_in_pic_order_cnt_cycle")
            for _ in 0..<count { _ = try bits.readSignedExpGolomb() }
            return .cycle(deltaAlwaysZero: deltaAlwaysZero)
        default: return .decodeOrder
        }
    }

    /// Video usability information, clause E.1.1.
    @_lifetime(bits: copy bits)
    private static func readUsability(_ bits: inout RBSPReader) throws(ParseError) -> (Timing?, UInt8?) {
        if try bits.readFlag() {  // aspect_ratio_info_present_flag
            if try bits.read(8) == 255 { _ = try bits.read(32) }
        }
        if try bits.readFlag() { _ = try bits.readFlag() }  // overscan
        if try bits.readFlag() {  // video_signal_type_present_flag
            _ = try bits.read(4)
            if try bits.readFlag() { _ = try bits.read(24) }
        }
        if try bits.readFlag() {  // chroma_loc_info_present_flag
            _ = try bits.readUnsignedExpGolomb()
            _ = try bits.readUnsignedExpGolomb()
        }
        var timing: Timing?
        if try bits.readFlag() {
            timing = Timing(
                unitsInTick: try bits.read(32), timeScale: try bits.read(32), isFixedFrameRate: try bits.readFlag())
        }
        let hasNALParameters = try bits.readFlag()
        if hasNALParameters { try skipHypotheticalReferenceDecoder(&bits) }
        let hasVCLParameters = try bits.readFlag()
        if hasVCLParameters { try skipHypotheticalReferenceDecoder(&bits) }
        if hasNALParameters || hasVCLParameters { _ = try bits.readFlag() }  // low_delay_hrd_flag
        _ = try bits.readFlag()  // pic_struct_present_flag
        guard try bits.readFlag() else { return (timing, nil) }  // bitstream_restriction_flag
        _ = try bits.readFlag()
        for _ in 0..<4 { _ = try bits.readUnsignedExpGolomb() }
        return (timing, UInt8(try bits.readUnsignedExpGolomb(upTo: 16, "max_num_reorder_frames")))
    }

    /// Clause E.1.2.
    @_lifetime(bits: copy bits)
    private static func skipHypotheticalReferenceDecoder(_ bits: inout RBSPReader) throws(ParseError) {
        let count = try bits.readUnsignedExpGolomb(upTo: 31, "cpb_cnt_minus1") + 1
        _ = try bits.read(8)
        for _ in 0..<count {
            _ = try bits.readUnsignedExpGolomb()
            _ = try bits.readUnsignedExpGolomb()
            _ = try bits.readFlag()
        }
        _ = try bits.read(20)
    }
}
