import Media

/// The picture size that an H.264 sequence parameter set announces. ITU-T H.264 (08/2021), clause 7.3.2.1.1.
struct SequenceParameterSet: Equatable {
    /// After cropping, in samples of luma.
    let width: UInt16
    let height: UInt16

    /// - Parameter bytes: the NAL unit with its header byte.
    init(parsing bytes: [UInt8]) throws(ParseError) {
        var bits = BitReader(Self.withoutEmulationPrevention(bytes))
        try bits.skip(8)
        let profile = try bits.read(8)
        try bits.skip(16)
        _ = try bits.readUnsignedExpGolomb()  // seq_parameter_set_id
        let chroma = try Self.skipHighProfileFields(&bits, profile)
        _ = try bits.readUnsignedExpGolomb()  // log2_max_frame_num_minus4
        switch try bits.readUnsignedExpGolomb() {  // pic_order_cnt_type
        case 0: _ = try bits.readUnsignedExpGolomb()
        case 1:
            try bits.skip(1)
            _ = try bits.readSignedExpGolomb()
            _ = try bits.readSignedExpGolomb()
            for _ in 0..<min(try bits.readUnsignedExpGolomb(), 255) { _ = try bits.readSignedExpGolomb() }
        default: break
        }
        _ = try bits.readUnsignedExpGolomb()  // max_num_ref_frames
        try bits.skip(1)
        let widthInMacroblocks = Int64(try bits.readUnsignedExpGolomb()) + 1
        let heightInMapUnits = Int64(try bits.readUnsignedExpGolomb()) + 1
        let isFrameOnly = try bits.readFlag()
        if !isFrameOnly { try bits.skip(1) }
        try bits.skip(1)
        var crop: [Int64] = [0, 0, 0, 0]
        if try bits.readFlag() {
            for edge in crop.indices { crop[edge] = Int64(try bits.readUnsignedExpGolomb()) }
        }
        // CropUnitX and CropUnitY, clause 7.4.2.1.1.
        let unitX: Int64 = chroma.isSubsampledX ? 2 : 1
        let unitY: Int64 = (chroma.isSubsampledY ? 2 : 1) * (isFrameOnly ? 1 : 2)
        let width = widthInMacroblocks * 16 - (crop[0] + crop[1]) * unitX
        let height = heightInMapUnits * 16 * (isFrameOnly ? 1 : 2) - (crop[2] + crop[3]) * unitY
        guard (1...16384).contains(width), (1...16384).contains(height) else {
            throw ParseError(.invalid, at: bits.position / 8, "picture of \(width)x\(height)")
        }
        self.width = UInt16(width)
        self.height = UInt16(height)
    }

    private static func skipHighProfileFields(
        _ bits: inout BitReader, _ profile: UInt32
    ) throws(ParseError) -> (isSubsampledX: Bool, isSubsampledY: Bool) {
        guard [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135].contains(profile) else {
            return (true, true)
        }
        let format = try bits.readUnsignedExpGolomb()
        var isSeparate = false
        if format == 3 { isSeparate = try bits.readFlag() }
        _ = try bits.readUnsignedExpGolomb()
        _ = try bits.readUnsignedExpGolomb()
        try bits.skip(1)
        if try bits.readFlag() {
            for list in 0..<(format == 3 ? 12 : 8) where try bits.readFlag() {
                try skipScalingList(&bits, size: list < 6 ? 16 : 64)
            }
        }
        return (!isSeparate && (format == 1 || format == 2), !isSeparate && format == 1)
    }

    /// Clause 7.3.2.1.1.1.
    private static func skipScalingList(_ bits: inout BitReader, size: Int) throws(ParseError) {
        var last: Int32 = 8
        var next: Int32 = 8
        for _ in 0..<size {
            if next != 0 {
                let delta = try bits.readSignedExpGolomb()
                next = ((last &+ delta) % 256 + 256) % 256
            }
            if next != 0 { last = next }
        }
    }

    /// Clause 7.3.1: 0x000003 stands for 0x0000.
    private static func withoutEmulationPrevention(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var zeros = 0
        for byte in bytes {
            if zeros >= 2, byte == 3 {
                zeros = 0
                continue
            }
            zeros = byte == 0 ? zeros + 1 : 0
            result.append(byte)
        }
        return result
    }
}
