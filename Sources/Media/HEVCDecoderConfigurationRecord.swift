/// The `hvcC` payload: profile, parameter sets and how NAL units are framed. ISO/IEC 14496-15:2022, clause 8.3.2.1.
package struct HEVCDecoderConfigurationRecord: Sendable, Equatable {
    /// NAL units of one type.
    package struct NALUnitArray: Sendable, Equatable {
        /// Whether samples hold none of this type beside.
        package let isComplete: Bool
        /// 32 VPS, 33 SPS, 34 PPS, 39 and 40 SEI.
        package let type: HEVCNALUnitType
        package let units: [[UInt8]]
    }

    /// 0 to 3; 0 in every stream so far.
    package let profileSpace: UInt8
    package let isHighTier: Bool
    /// 1 Main, 2 Main 10.
    package let profileIDC: UInt8
    /// general_profile_compatibility_flag[0] in the highest bit.
    package let compatibilityFlags: UInt32
    /// The 48 bits after the compatibility flags, in the low bits.
    package let constraintFlags: UInt64
    /// 30 times the level: 93 for 3.1.
    package let levelIDC: UInt8
    /// 12 bits.
    package let minSpatialSegmentation: UInt16
    package let parallelismType: UInt8
    /// 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    package let chromaFormatIDC: UInt8
    /// 8 to 15.
    package let bitDepthLuma: UInt8
    package let bitDepthChroma: UInt8
    /// Frames in 256 seconds; 0 where not stated.
    package let averageFrameRate: UInt16
    package let constantFrameRate: UInt8
    package let temporalLayers: UInt8
    package let isTemporalIDNested: Bool
    /// Bytes of a NAL unit's length field in samples: 1, 2 or 4.
    package let nalUnitLengthSize: Int
    package let arrays: [NALUnitArray]

    /// - Parameter bytes: the record, at most 64 KiB, with at least one SPS and one PPS.
    package init(parsing bytes: [UInt8]) throws(ParseError) {
        guard bytes.count <= 65536 else { throw ParseError(.tooLarge, at: 0, "hvcC of \(bytes.count) bytes") }
        var reader = ByteReader(bytes.span)
        let version = try reader.read(UInt8.self)
        guard version == 1 else { throw ParseError(.unsupported, at: 0, "hvcC version \(version)") }
        let profile = try reader.read(UInt8.self)
        profileSpace = profile >> 6
        isHighTier = profile & 0x20 != 0
        profileIDC = profile & 0x1F
        compatibilityFlags = try reader.read(UInt32.self)
        constraintFlags = UInt64(try reader.read(UInt16.self)) << 32 | UInt64(try reader.read(UInt32.self))
        levelIDC = try reader.read(UInt8.self)
        minSpatialSegmentation = try reader.read(UInt16.self) & 0xFFF
        parallelismType = try reader.read(UInt8.self) & 3
        chromaFormatIDC = try reader.read(UInt8.self) & 3
        bitDepthLuma = 8 + (try reader.read(UInt8.self) & 7)
        bitDepthChroma = 8 + (try reader.read(UInt8.self) & 7)
        averageFrameRate = try reader.read(UInt16.self)
        let flags = try reader.read(UInt8.self)
        constantFrameRate = flags >> 6
        temporalLayers = flags >> 3 & 7
        isTemporalIDNested = flags & 4 != 0
        nalUnitLengthSize = Int(flags & 3) + 1
        guard nalUnitLengthSize != 3 else { throw ParseError(.invalid, at: 21, "NAL unit length field of 3 bytes") }
        var arrays: [NALUnitArray] = []
        for _ in 0..<(try reader.read(UInt8.self)) { arrays.append(try Self.readArray(&reader)) }
        guard reader.isAtEnd else { throw ParseError(.invalid, at: reader.offset, "bytes after the NAL unit arrays") }
        for type in [HEVCNALUnitType.sequenceParameterSet, .pictureParameterSet] {
            guard arrays.contains(where: { $0.type == type && !$0.units.isEmpty }) else {
                throw ParseError(.invalid, at: reader.offset, "no NAL unit of type \(type.rawValue)")
            }
        }
        self.arrays = arrays
    }

    @_lifetime(reader: copy reader)
    private static func readArray(_ reader: inout ByteReader) throws(ParseError) -> NALUnitArray {
        let head = try reader.read(UInt8.self)
        let type = HEVCNALUnitType(rawValue: head)
        var units: [[UInt8]] = []
        for _ in 0..<(try reader.read(UInt16.self)) {
            let length = Int(try reader.read(UInt16.self))
            let start = reader.offset
            let unit = try reader.readBytes(length)
            guard length > HEVCNALUnitHeader.size, HEVCNALUnitHeader(unit[0], unit[1]).type == type else {
                throw ParseError(.invalid, at: start, "not a NAL unit of type \(type.rawValue)")
            }
            units.append(unit)
        }
        return NALUnitArray(isComplete: head & 0x80 != 0, type: type, units: units)
    }

    /// Units of a type, in order.
    package func units(_ type: HEVCNALUnitType) -> [[UInt8]] { arrays.filter { $0.type == type }.flatMap(\.units) }

    package func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(profileSpace << 6 | (isHighTier ? 0x20 : 0) | profileIDC)
        writer.write(compatibilityFlags)
        writer.write(UInt16(truncatingIfNeeded: constraintFlags >> 32))
        writer.write(UInt32(truncatingIfNeeded: constraintFlags))
        writer.write(levelIDC)
        writer.write(0xF000 | minSpatialSegmentation)
        writer.write(0xFC | parallelismType)
        writer.write(0xFC | chromaFormatIDC)
        writer.write(0xF8 | (bitDepthLuma - 8))
        writer.write(0xF8 | (bitDepthChroma - 8))
        writer.write(averageFrameRate)
        let layers = temporalLayers << 3 | (isTemporalIDNested ? 4 : 0)
        writer.write(constantFrameRate << 6 | layers | UInt8(nalUnitLengthSize - 1))
        writer.write(UInt8(arrays.count))
        for array in arrays {
            writer.write((array.isComplete ? 0x80 : 0) | array.type.rawValue)
            writer.write(UInt16(array.units.count))
            for unit in array.units {
                writer.write(UInt16(unit.count))
                writer.write(bytes: unit)
            }
        }
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// `hvc1.1.6.L93.B0`: the compatibility flags in reverse bit order, constraint bytes without the zeros at their
    /// end. ISO/IEC 14496-15:2022, annex E.3.
    package var rfc6381: String {
        let space = ["", "A", "B", "C"][Int(profileSpace)]
        var reversed: UInt32 = 0
        for bit in 0..<32 as Range<UInt32> where compatibilityFlags >> bit & 1 == 1 { reversed |= 1 << (31 - bit) }
        var text = "hvc1.\(space)\(profileIDC).\(String(reversed, radix: 16, uppercase: true))"
        text += ".\(isHighTier ? "H" : "L")\(levelIDC)"
        var constraints = (0..<6).map { UInt8(truncatingIfNeeded: constraintFlags >> UInt64(40 - 8 * $0)) }
        while constraints.last == 0 { constraints.removeLast() }
        for byte in constraints { text += "." + String(byte, radix: 16, uppercase: true) }
        return text
    }
}
