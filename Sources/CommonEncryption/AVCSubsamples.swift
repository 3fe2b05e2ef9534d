package import Media

/// Decides which bytes of H.264 samples are protected. ISO/IEC 23001-7:2023, clauses 9.5 and 10.
///
/// Clear: NAL unit length fields, headers and slice headers, and every NAL unit without picture data.
/// Protected: the slice data of NAL unit types 1 and 5. NAL units that hold picture data of extensions
/// (data partitioning, auxiliary pictures, SVC, MVC) throw: nothing is left clear by mistake.
package struct AVCSubsamples: SubsampleMap {
    private var parameterSets: AVCParameterSets
    private let lengthSize: Int
    private let wholeBlocks: Bool

    /// - Throws: where the record's parameter sets cannot be parsed.
    package init(_ record: AVCDecoderConfigurationRecord, scheme: ProtectionScheme) throws(ParseError) {
        parameterSets = try AVCParameterSets(record)
        lengthSize = record.nalUnitLengthSize
        wholeBlocks = scheme == .cenc
    }

    package mutating func appendSubsamples(
        of sample: Span<UInt8>, to all: inout [Subsample]
    ) throws(ParseError) {
        var runs = SubsampleRuns(wholeBlocks: wholeBlocks, behind: &all)
        var cursor = NALUnitCursor(lengthSize: lengthSize)
        while let range = try cursor.next(in: sample) {
            runs.leaveClear(lengthSize)
            guard !range.isEmpty else { continue }
            let nal = sample.extracting(range)
            let type = NALUnitHeader(nal[0]).type
            switch type {
            case .slice, .idrSlice:
                let header: SliceHeader
                do throws(ParseError) {
                    header = try SliceHeader(parsing: nal, parameterSets: parameterSets)
                } catch {
                    throw ParseError(error.code, at: range.lowerBound + error.offset, "slice header: \(error.reason)")
                }
                runs.leaveClear(header.byteCount)
                runs.protect(nal.count - header.byteCount)
            case .sequenceParameterSet, .pictureParameterSet:
                try parameterSets.update(with: nal)
                runs.leaveClear(nal.count)
            default:
                guard !type.holdsPictureData else {
                    throw ParseError(
                        .unsupported, at: range.lowerBound, "picture data in NAL unit type \(type.rawValue)")
                }
                runs.leaveClear(nal.count)
            }
        }
        runs.finish(&all)
    }
}
