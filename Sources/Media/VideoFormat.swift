/// How a publisher's pictures are coded: what a decoder is told before the first one.
package enum VideoFormat: Sendable, Equatable {
    case avc(AVCDecoderConfigurationRecord)
    case hevc(HEVCDecoderConfigurationRecord)
    case av1(AV1CodecConfigurationRecord)
    /// Its pictures say everything themselves.
    case vp9

    package var name: String {
        switch self {
        case .avc: "H.264"
        case .hevc: "HEVC"
        case .av1: "AV1"
        case .vp9: "VP9"
        }
    }

    /// The same for samples whose NAL units lie behind 4-byte lengths.
    package var withFourByteLengths: VideoFormat {
        do throws(ParseError) {
            switch self {
            case .avc(let record) where record.nalUnitLengthSize != 4:
                var bytes = record.bytes
                bytes[4] |= 3
                return .avc(try AVCDecoderConfigurationRecord(parsing: bytes))
            case .hevc(let record) where record.nalUnitLengthSize != 4:
                var bytes = record.bytes
                bytes[21] |= 3
                return .hevc(try HEVCDecoderConfigurationRecord(parsing: bytes))
            case .avc, .hevc, .av1, .vp9: return self
            }
        } catch { return self }
    }

    /// For a container of fragments, with the size from the first sequence parameter set or sequence header.
    ///
    /// - Throws: `.unsupported` for VP9, which Sluice does not package; what is wrong with a parameter set, or that
    ///   none says the size.
    package func codecConfiguration() throws(ParseError) -> CodecConfiguration {
        switch self {
        case .avc(let record):
            guard let bytes = record.sequenceParameterSets.first else { throw Self.noSize }
            let set = try SequenceParameterSet(parsing: bytes.span)
            return .avc(record, width: UInt16(clamping: set.width), height: UInt16(clamping: set.height))
        case .hevc(let record):
            guard let bytes = record.units(.sequenceParameterSet).first else { throw Self.noSize }
            let set = try HEVCSequenceParameterSet(parsing: bytes.span)
            return .hevc(record, width: UInt16(clamping: set.width), height: UInt16(clamping: set.height))
        case .av1(let record):
            guard let header = record.sequenceHeader else { throw Self.noSize }
            return .av1(record, width: UInt16(clamping: header.maxWidth), height: UInt16(clamping: header.maxHeight))
        case .vp9: throw ParseError(.unsupported, at: 0, "VP9 is not packaged")
        }
    }

    private static let noSize = ParseError(.invalid, at: 0, "nothing says the size of the picture")
}
