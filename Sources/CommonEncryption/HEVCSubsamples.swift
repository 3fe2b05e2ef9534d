package import Media

/// Decides which bytes of HEVC samples are protected. ISO/IEC 23001-7:2023, clauses 9.5 and 10.
///
/// Clear: NAL unit length fields, headers and slice segment headers, and every NAL unit without picture data.
/// Protected: the slice segment data of all coded slices. Picture data of reserved types and of other layers than the
/// base layer throws: nothing is left clear by mistake.
package struct HEVCSubsamples: SubsampleMap {
    private var parameterSets: HEVCParameterSets
    private let lengthSize: Int
    private let wholeBlocks: Bool

    /// - Throws: where the record's parameter sets cannot be parsed.
    package init(_ record: HEVCDecoderConfigurationRecord, scheme: ProtectionScheme) throws(ParseError) {
        parameterSets = try HEVCParameterSets(record)
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
            let nal = sample.extracting(range)
            guard nal.count >= HEVCNALUnitHeader.size else {
                guard nal.count == 0 else { throw ParseError(.truncated, at: range.lowerBound, "NAL unit header") }
                continue
            }
            let type = HEVCNALUnitHeader(nal[0], nal[1]).type
            let headerSize: Int
            do throws(ParseError) {
                if type.holdsPictureData {
                    headerSize = try HEVCSliceSegmentHeader(parsing: nal, parameterSets: parameterSets).byteCount
                } else {
                    headerSize = nal.count
                    if type == .sequenceParameterSet || type == .pictureParameterSet {
                        try parameterSets.update(with: nal)
                    }
                }
            } catch {
                throw ParseError(error.code, at: range.lowerBound + error.offset, error.reason)
            }
            runs.leaveClear(headerSize)
            runs.protect(nal.count - headerSize)
        }
        runs.finish(&all)
    }
}
