extension HEVCDecoderConfigurationRecord {
    /// A record with 4-byte length fields made from parameter sets as a byte stream has them.
    ///
    /// - Throws: where there is none of a kind, or the first sequence parameter set cannot be parsed.
    package init(
        videoParameterSets: [[UInt8]], sequenceParameterSets: [[UInt8]], pictureParameterSets: [[UInt8]]
    ) throws(ParseError) {
        guard let first = sequenceParameterSets.first else {
            throw ParseError(.invalid, at: 0, "no sequence parameter set")
        }
        let set = try HEVCSequenceParameterSet(parsing: first.span)
        var bits = RBSPReader(first.span, headerSize: HEVCNALUnitHeader.size)
        _ = try bits.read(4)
        let subLayers = UInt8(try bits.read(3))
        let isNested = UInt8(try bits.read(1))
        var writer = ByteWriter(capacity: 256)
        writer.write(UInt8(1))
        // general_profile_space to general_level_idc: 12 bytes as they are. Clause 7.3.3.
        for _ in 0..<12 { writer.write(UInt8(try bits.read(8))) }
        writer.write(UInt16(0xF000))
        writer.write(UInt8(0xFC))
        writer.write(0xFC | set.chromaFormatIDC)
        writer.write(0xF8 | (set.bitDepthLuma - 8))
        writer.write(0xF8 | (set.bitDepthChroma - 8))
        writer.write(UInt16(0))
        writer.write((subLayers + 1) << 3 | isNested << 2 | 3)
        let arrays: [(HEVCNALUnitType, [[UInt8]])] = [
            (.videoParameterSet, videoParameterSets), (.sequenceParameterSet, sequenceParameterSets),
            (.pictureParameterSet, pictureParameterSets),
        ].filter { !$0.1.isEmpty }
        writer.write(UInt8(arrays.count))
        for (type, units) in arrays {
            writer.write(0x80 | type.rawValue)
            writer.write(UInt16(clamping: units.count))
            for unit in units.prefix(Int(UInt16.max)) {
                guard unit.count <= Int(UInt16.max) else {
                    throw ParseError(.tooLarge, at: 0, "a parameter set of \(unit.count) bytes")
                }
                writer.write(UInt16(unit.count))
                writer.write(bytes: unit)
            }
        }
        try self.init(parsing: writer.bytes)
    }
}
