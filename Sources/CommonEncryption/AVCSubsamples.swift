package import Media

/// Decides which bytes of H.264 samples are protected. ISO/IEC 23001-7:2023, clauses 9.5 and 10.
///
/// Clear: NAL unit length fields, headers and slice headers, and every NAL unit without picture data.
/// Protected: the slice data of NAL unit types 1 and 5. NAL units that hold picture data of extensions
/// (data partitioning, auxiliary pictures, SVC, MVC) throw: nothing is left clear by mistake.
package struct AVCSubsamples: Sendable {
    private var parameterSets: AVCParameterSets
    private let lengthSize: Int
    private let wholeBlocks: Bool

    /// - Throws: where the record's parameter sets cannot be parsed.
    package init(_ record: AVCDecoderConfigurationRecord, scheme: ProtectionScheme) throws(ParseError) {
        parameterSets = try AVCParameterSets(record)
        lengthSize = record.nalUnitLengthSize
        // cenc ranges are multiples of 16 bytes (clause 9.5.2.3), so that the key stream never stops mid-block.
        wholeBlocks = scheme == .cenc
    }

    /// The runs of one sample, in order; together they are as long as the sample. Parameter sets that
    /// come within a sample count from there on, also for the samples after it.
    package mutating func subsamples(of sample: Span<UInt8>) throws(ParseError) -> [Subsample] {
        var runs = SubsampleRuns()
        var cursor = NALUnitCursor(lengthSize: lengthSize)
        while let range = try cursor.next(in: sample) {
            runs.clear += lengthSize
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
                var protected = nal.count - header.byteCount
                if wholeBlocks { protected -= protected % 16 }
                runs.clear += nal.count - protected
                runs.protect(protected)
            case .sequenceParameterSet, .pictureParameterSet:
                try parameterSets.update(with: nal)
                runs.clear += nal.count
            default:
                guard !type.holdsPictureData else {
                    throw ParseError(
                        .unsupported, at: range.lowerBound, "picture data in NAL unit type \(type.rawValue)")
                }
                runs.clear += nal.count
            }
        }
        return runs.finish()
    }
}

/// Gathers runs into subsamples: clear runs merge, and those above 65,535 bytes are split.
private struct SubsampleRuns {
    var clear = 0
    private var subsamples: [Subsample] = []

    /// Ends the clear run with `count` protected bytes; none at all lets it run on.
    mutating func protect(_ count: Int) {
        guard count > 0 else { return }
        flush(protected: UInt32(count))  // a NAL unit's length field has at most 32 bits
    }

    mutating func finish() -> [Subsample] {
        if clear > 0 { flush(protected: 0) }
        return subsamples
    }

    private mutating func flush(protected: UInt32) {
        if subsamples.isEmpty { subsamples.reserveCapacity(8) }
        while clear > 65535 {
            subsamples.append(Subsample(clear: 65535, protected: 0))
            clear -= 65535
        }
        subsamples.append(Subsample(clear: UInt16(clear), protected: protected))
        clear = 0
    }
}
