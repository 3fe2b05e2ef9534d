/// The type of an HEVC NAL unit. ITU-T H.265 (08/2021), table 7-1.
package struct HEVCNALUnitType: RawRepresentable, Hashable, Sendable {
    /// 0 to 63.
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue & 0x3F }

    package static let idrWithLeadingPictures = HEVCNALUnitType(rawValue: 19)
    package static let idrWithoutLeadingPictures = HEVCNALUnitType(rawValue: 20)
    package static let videoParameterSet = HEVCNALUnitType(rawValue: 32)
    package static let sequenceParameterSet = HEVCNALUnitType(rawValue: 33)
    package static let pictureParameterSet = HEVCNALUnitType(rawValue: 34)
    package static let accessUnitDelimiter = HEVCNALUnitType(rawValue: 35)

    /// Whether it is, or is reserved for, coded slices (VCL); or the enhancement layer that Dolby Vision wraps in
    /// type 63.
    package var holdsPictureData: Bool { rawValue < 32 || rawValue == 63 }
    /// Whether it is a coded slice segment whose header is known: not one of the reserved types.
    package var isSliceSegment: Bool { rawValue <= 9 || (16...21).contains(rawValue) }
    /// Intra random access point: BLA, IDR, CRA and the reserved ones.
    package var isRandomAccessPoint: Bool { (16...23).contains(rawValue) }
    package var isIDR: Bool { self == .idrWithLeadingPictures || self == .idrWithoutLeadingPictures }
}

/// The first two bytes of an HEVC NAL unit. ITU-T H.265 (08/2021), clause 7.3.1.2.
package struct HEVCNALUnitHeader: Hashable, Sendable {
    package static let size = 2

    package let type: HEVCNALUnitType
    /// nuh_layer_id, 0 to 63; 0 in all that is not scalable or multiview.
    package let layerID: UInt8
    /// nuh_temporal_id_plus1, 1 to 7; 0 is forbidden.
    package let temporalIDPlus1: UInt8

    package init(_ first: UInt8, _ second: UInt8) {
        type = HEVCNALUnitType(rawValue: first >> 1)
        layerID = (first & 1) << 5 | second >> 3
        temporalIDPlus1 = second & 7
    }
}
