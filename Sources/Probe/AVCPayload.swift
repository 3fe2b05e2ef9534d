package import Media

/// Looks for what no H.264 encoder writes into a sample: what is left of a picture under the wrong key.
///
/// Common Encryption leaves lengths and headers in the clear, so that only slice data can tell. One slice of
/// random bytes passes more often than not; the hundreds of a few segments do not.
package struct AVCPayload {
    private var parameterSets: AVCParameterSets
    private let lengthSize: Int

    /// What one sample shows.
    package struct Verdict {
        /// Nil where all is as an encoder writes it.
        package var violation: String?
        /// The first slice is that of an IDR picture; nil without a slice.
        package var isIDR: Bool?
        package var slices = 0
    }

    /// For samples with 4-byte length fields that have their parameter sets within.
    package init() {
        parameterSets = AVCParameterSets()
        lengthSize = 4
    }

    package init(_ record: AVCDecoderConfigurationRecord) throws(ParseError) {
        parameterSets = try AVCParameterSets(record)
        lengthSize = record.nalUnitLengthSize
    }

    package mutating func verdict(of sample: [UInt8]) -> Verdict {
        var verdict = Verdict()
        var cursor = NALUnitCursor(lengthSize: lengthSize)
        do throws(ParseError) {
            while let range = try cursor.next(in: sample.span) {
                guard !range.isEmpty else { continue }
                let nal = sample.span.extracting(range)
                guard nal[0] & 0x80 == 0 else {
                    verdict.violation = "NAL unit with its forbidden bit set"
                    return verdict
                }
                let type = NALUnitHeader(nal[0]).type
                switch type {
                case .sequenceParameterSet, .pictureParameterSet: try parameterSets.update(with: nal)
                case .slice, .idrSlice:
                    verdict.slices += 1
                    if verdict.isIDR == nil { verdict.isIDR = type == .idrSlice }
                    if verdict.violation == nil { verdict.violation = try violation(inSlice: nal) }
                default: break
                }
            }
        } catch {
            verdict.violation = verdict.violation ?? "\(error)"
        }
        return verdict
    }

    private func violation(inSlice nal: Span<UInt8>) throws(ParseError) -> String? {
        let header = try SliceHeader(parsing: nal, parameterSets: parameterSets)
        // Clause 7.4.1: the last byte of a NAL unit is not 0.
        if nal[nal.count - 1] == 0 { return "NAL unit that ends with 0" }
        // Clause 7.4.1: 000000, 000001 and 000002 never come, 000003 only in front of 00 to 03 or at the end.
        var zeros = 0
        for index in header.byteCount..<nal.count {
            let byte = nal[index]
            if zeros >= 2 {
                if byte < 3 { return "start code within a NAL unit" }
                if byte == 3, index + 1 < nal.count, nal[index + 1] > 3 { return "emulation prevention of nothing" }
            }
            zeros = byte == 0 ? zeros + 1 : 0
        }
        // Clause 9.3.1.2: the arithmetic decoder's first 9 bits are neither 510 nor 511.
        if parameterSets.sets(for: header.pictureParameterSetID)?.1.usesArithmeticCoding == true,
            header.byteCount < nal.count, nal[header.byteCount] == 0xFF
        {
            return "slice data that no arithmetic encoder writes"
        }
        return nil
    }
}

/// Looks at how AAC frames begin and end. ISO/IEC 14496-3:2019, clause 4.4.2.1: raw_data_block.
package enum AACPayload {
    /// Whether the first syntactic element is one that a frame of so many channels may begin with. Half of all
    /// random frames pass, so that a segment under the wrong key never does.
    package static func isPlausible(_ frame: some Collection<UInt8>, channels: UInt8) -> Bool {
        guard let first = frame.first else { return false }
        switch first >> 5 {
        case 0: return channels != 2  // single_channel_element
        case 1: return channels >= 2  // channel_pair_element
        case 4, 5, 6: return true  // data stream, program configuration, fill
        default: return false
        }
    }

    /// Whether the last thing is ID_END, 111, with zeros up to the end of its byte. A quarter of random frames has that.
    package static func hasEnd(_ frame: some BidirectionalCollection<UInt8>) -> Bool {
        let last = frame.suffix(2).reduce(UInt16(0)) { $0 << 8 | UInt16($1) }
        let zeros = last.trailingZeroBitCount
        return zeros < 8 && last >> UInt16(zeros) & 7 == 7
    }
}
