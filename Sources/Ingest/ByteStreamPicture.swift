import Media

/// One picture as a byte stream has it, NAL units behind start codes (ITU-T H.264 and H.265, annex B), taken apart.
struct ByteStreamPicture {
    enum Codec: Sendable { case avc, hevc }

    /// The picture behind 4-byte lengths, without parameter sets and delimiters.
    private(set) var data: [UInt8] = []
    private(set) var videoParameterSets: [[UInt8]] = []
    private(set) var sequenceParameterSets: [[UInt8]] = []
    private(set) var pictureParameterSets: [[UInt8]] = []

    init(_ bytes: [UInt8], _ codec: Codec) {
        var writer = ByteWriter(capacity: bytes.count + 64)
        for range in Self.units(of: bytes) {
            switch Self.role(bytes[range.lowerBound], codec) {
            case .picture:
                writer.write(UInt32(clamping: range.count))
                writer.write(bytes: bytes[range])
            case .videoParameterSet: videoParameterSets.append(Array(bytes[range]))
            case .sequenceParameterSet: sequenceParameterSets.append(Array(bytes[range]))
            case .pictureParameterSet: pictureParameterSets.append(Array(bytes[range]))
            case .delimiter: break
            }
        }
        data = writer.bytes
    }

    /// The configuration record of its parameter sets; nil where it has not all of them.
    func configuration(_ codec: Codec) -> [UInt8]? {
        do throws(ParseError) {
            switch codec {
            case .avc:
                return try AVCDecoderConfigurationRecord(
                    sequenceParameterSets: sequenceParameterSets, pictureParameterSets: pictureParameterSets
                ).bytes
            case .hevc:
                return try HEVCDecoderConfigurationRecord(
                    videoParameterSets: videoParameterSets, sequenceParameterSets: sequenceParameterSets,
                    pictureParameterSets: pictureParameterSets
                ).bytes
            }
        } catch { return nil }
    }

    private enum Role { case picture, videoParameterSet, sequenceParameterSet, pictureParameterSet, delimiter }

    private static func role(_ first: UInt8, _ codec: Codec) -> Role {
        switch codec {
        case .avc:
            switch NALUnitHeader(first).type {
            case .sequenceParameterSet: .sequenceParameterSet
            case .pictureParameterSet: .pictureParameterSet
            case .accessUnitDelimiter: .delimiter
            default: .picture
            }
        case .hevc:
            switch HEVCNALUnitType(rawValue: first >> 1) {
            case .videoParameterSet: .videoParameterSet
            case .sequenceParameterSet: .sequenceParameterSet
            case .pictureParameterSet: .pictureParameterSet
            case .accessUnitDelimiter: .delimiter
            default: .picture
            }
        }
    }

    /// What lies between start codes, without the zeros at its end.
    private static func units(of bytes: [UInt8]) -> [Range<Int>] {
        var units: [Range<Int>] = []
        bytes.withUnsafeBufferPointer { bytes in
            var begin: Int?
            func close(at end: Int) {
                guard let begin else { return }
                var end = end
                while end > begin, bytes[end - 1] == 0 { end -= 1 }
                if end > begin { units.append(begin..<end) }
            }
            var place = 0
            while place + 3 <= bytes.count {
                // The third byte says how far to go at least.
                switch bytes[place + 2] {
                case 1 where bytes[place] == 0 && bytes[place + 1] == 0:
                    close(at: place)
                    begin = place + 3
                    place += 3
                case 0: place += 1
                default: place += 3
                }
            }
            close(at: bytes.count)
        }
        return units
    }
}
