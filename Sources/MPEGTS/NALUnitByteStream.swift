import Media

/// Turns length-framed access units into the byte stream format, each behind an access unit delimiter.
///
/// H.264: ITU-T H.264 (08/2021), annex B; the delimiter and the order of NAL units by clause 7.4.1.2.3
/// and ISO/IEC 13818-1:2022, clause 2.14.1. HEVC: ITU-T H.265 (08/2021), annex B, clause 7.4.2.4.4 and
/// ISO/IEC 13818-1:2022, clause 2.17.1.
struct NALUnitByteStream {
    static let startCode: [UInt8] = [0, 0, 0, 1]

    /// Bytes of the length field before each NAL unit of a sample.
    var lengthSize: Int
    /// Where the type is in a NAL unit's first byte: down by so many bits, then under this mask.
    private let typeShift: UInt8
    private let typeMask: UInt8
    private let delimiterType: UInt8
    /// A bit for each type that a decoder needs before it can start, and that no random access point lacks.
    private let parameterSetTypes: UInt64
    private let delimiter: [UInt8]
    /// The delimiter, then every parameter set: what a random access point without its own begins with.
    private let delimiterAndParameterSets: [UInt8]

    init(_ configuration: AVCDecoderConfigurationRecord) {
        lengthSize = configuration.nalUnitLengthSize
        (typeShift, typeMask) = (0, 0x1F)
        delimiterType = NALUnitType.accessUnitDelimiter.rawValue
        parameterSetTypes =
            1 << NALUnitType.sequenceParameterSet.rawValue | 1 << NALUnitType.pictureParameterSet.rawValue
        // primary_pic_type 7: any slice type may follow.
        delimiter = Self.startCode + [9, 0xF0]
        delimiterAndParameterSets =
            delimiter
            + (configuration.sequenceParameterSets + configuration.pictureParameterSets)
            .flatMap { Self.startCode + $0 }
    }

    init(_ configuration: HEVCDecoderConfigurationRecord) {
        lengthSize = configuration.nalUnitLengthSize
        (typeShift, typeMask) = (1, 0x3F)
        delimiterType = HEVCNALUnitType.accessUnitDelimiter.rawValue
        let types: [HEVCNALUnitType] = [.videoParameterSet, .sequenceParameterSet, .pictureParameterSet]
        parameterSetTypes = types.reduce(0) { $0 | 1 << $1.rawValue }
        // Layer 0, temporal sub-layer 0; pic_type 2: any slice type may follow.
        delimiter = Self.startCode + [0x46, 1, 0x50]
        delimiterAndParameterSets =
            delimiter + types.flatMap { configuration.units($0).flatMap { Self.startCode + $0 } }
    }

    /// What goes before the NAL units of an access unit.
    func prefix(addsParameterSets: Bool) -> [UInt8] {
        addsParameterSets ? delimiterAndParameterSets : delimiter
    }

    /// An access unit's size as a byte stream, and whether parameter sets have to be added to it.
    struct Measure: Equatable {
        var size: Int
        var addsParameterSets: Bool
    }

    /// Walks the length fields of an access unit and checks that they fill it exactly.
    ///
    /// Parameter sets are added to sync samples that do not carry all kinds themselves.
    func measure(_ sample: Span<UInt8>, isSync: Bool) throws(TransportStreamError) -> Measure {
        var size = 0
        var lacking = isSync ? parameterSetTypes : 0
        var offset = 0
        while offset < sample.count {
            let length = try checkedLength(sample, at: offset)
            let type = type(sample[offset + lengthSize])
            if type != delimiterType {
                lacking &= ~(1 << UInt64(type))
                size += Self.startCode.count + length
            }
            offset += lengthSize + length
        }
        guard size > 0 else { throw TransportStreamError(.malformedSample, "an access unit without NAL units") }
        let adds = lacking != 0
        return Measure(size: size + prefix(addsParameterSets: adds).count, addsParameterSets: adds)
    }

    /// Writes the NAL units of an access unit that `measure` accepted; delimiters of its own are left out.
    func write(_ sample: Span<UInt8>, to writer: inout PacketWriter) {
        var offset = 0
        while offset < sample.count {
            let start = offset + lengthSize
            let end = start + length(sample, at: offset)
            if type(sample[start]) != delimiterType {
                writer.write(Self.startCode.span)
                writer.write(sample.extracting(start..<end))
            }
            offset = end
        }
    }

    private func type(_ firstByte: UInt8) -> UInt8 { firstByte >> typeShift & typeMask }

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
