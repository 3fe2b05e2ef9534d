internal import Media

/// Turns length-framed access units into the byte stream format, each behind an access unit delimiter.
///
/// ITU-T H.264 (08/2021), annex B; the delimiter and the order of NAL units by clause 7.4.1.2.3
/// and ISO/IEC 13818-1:2022, clause 2.14.1.
struct AVCByteStream {
    static let startCode: [UInt8] = [0, 0, 0, 1]
    /// primary_pic_type 7: any slice type may follow.
    static let delimiter: [UInt8] = [0, 0, 0, 1, 9, 0xF0]

    /// Bytes of the length field before each NAL unit of a sample.
    var lengthSize: Int
    /// The delimiter, then every parameter set: what an IDR without its own begins with.
    private let delimiterAndParameterSets: [UInt8]

    init(_ configuration: AVCDecoderConfigurationRecord) {
        lengthSize = configuration.nalUnitLengthSize
        delimiterAndParameterSets =
            Self.delimiter
            + (configuration.sequenceParameterSets + configuration.pictureParameterSets)
            .flatMap { Self.startCode + $0 }
    }

    /// What goes before the NAL units of an access unit.
    func prefix(addsParameterSets: Bool) -> [UInt8] {
        addsParameterSets ? delimiterAndParameterSets : Self.delimiter
    }

    /// An access unit's size as a byte stream, and whether parameter sets have to be added to it.
    struct Measure: Equatable {
        var size: Int
        var addsParameterSets: Bool
    }

    /// Walks the length fields of an access unit and checks that they fill it exactly.
    ///
    /// Parameter sets are added to sync samples that do not carry both kinds themselves.
    func measure(_ sample: Span<UInt8>, isSync: Bool) throws(TransportStreamError) -> Measure {
        var size = 0
        var hasSequenceParameterSet = false
        var hasPictureParameterSet = false
        var offset = 0
        while offset < sample.count {
            let length = try checkedLength(sample, at: offset)
            switch sample[offset + lengthSize] & 0x1F {
            case Self.delimiterType:
                break
            case let type:
                if type == 7 { hasSequenceParameterSet = true }
                if type == 8 { hasPictureParameterSet = true }
                size += Self.startCode.count + length
            }
            offset += lengthSize + length
        }
        guard size > 0 else { throw TransportStreamError(.malformedSample, "an access unit without NAL units") }
        let adds = isSync && !(hasSequenceParameterSet && hasPictureParameterSet)
        return Measure(size: size + prefix(addsParameterSets: adds).count, addsParameterSets: adds)
    }

    /// Writes the NAL units of an access unit that `measure` accepted; delimiters of its own are left out.
    func write(_ sample: Span<UInt8>, to writer: inout PacketWriter) {
        var offset = 0
        while offset < sample.count {
            let start = offset + lengthSize
            let end = start + length(sample, at: offset)
            if sample[start] & 0x1F != Self.delimiterType {
                writer.write(Self.startCode.span)
                writer.write(sample.extracting(start..<end))
            }
            offset = end
        }
    }

    private static let delimiterType: UInt8 = 9

    private func length(_ sample: Span<UInt8>, at offset: Int) -> Int {
        var length = 0
        for index in offset..<offset + lengthSize { length = length << 8 | Int(sample[index]) }
        return length
    }

    private func checkedLength(_ sample: Span<UInt8>, at offset: Int) throws(TransportStreamError) -> Int {
        let left = sample.count - offset
        guard left > lengthSize else {
            throw TransportStreamError(.malformedSample, "\(left) bytes left over after the last NAL unit")
        }
        let length = length(sample, at: offset)
        guard length > 0, length <= left - lengthSize else {
            throw TransportStreamError(
                .malformedSample, "a NAL unit of \(length) bytes where \(left - lengthSize) are left")
        }
        return length
    }
}
