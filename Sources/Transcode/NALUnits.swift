import Media

/// NAL units behind 4-byte length fields. ISO/IEC 14496-15:2022, clause 5.3.2.
enum NALUnits {
    /// The ranges of the NAL units of a sample; nil where a length points past the end, or nothing is there.
    static func ranges(in data: [UInt8]) -> [Range<Int>]? {
        var ranges: [Range<Int>] = []
        var offset = 0
        while offset < data.count {
            guard data.count - offset >= 4 else { return nil }
            var length = 0
            for byte in data[offset..<offset + 4] { length = length << 8 | Int(byte) }
            offset += 4
            guard length <= data.count - offset else { return nil }
            if length > 0 { ranges.append(offset..<offset + length) }
            offset += length
        }
        return ranges.isEmpty ? nil : ranges
    }

    /// nal_unit_type. ITU-T H.264 (08/2021), clause 7.4.1.
    static func type(of data: [UInt8], _ range: Range<Int>) -> UInt8 { data[range.lowerBound] & 0x1F }

    /// Whether the sample holds an IDR picture; nil where it is broken.
    static func hasIDR(_ data: [UInt8]) -> Bool? {
        ranges(in: data)?.contains { type(of: data, $0) == 5 }
    }

    /// The configuration record of an encoder that wrote its parameter sets behind 4-byte lengths.
    static func configuration(from parameterSets: [UInt8]) throws(ParseError) -> AVCDecoderConfigurationRecord {
        guard let ranges = ranges(in: parameterSets) else {
            throw ParseError(.invalid, at: 0, "parameter sets are not behind 4-byte lengths")
        }
        return try AVCDecoderConfigurationRecord(
            sequenceParameterSets: ranges.filter { type(of: parameterSets, $0) == 7 }.map {
                [UInt8](parameterSets[$0])
            },
            pictureParameterSets: ranges.filter { type(of: parameterSets, $0) == 8 }.map { [UInt8](parameterSets[$0]) })
    }
}
