import Media

/// The streams of a transport stream that an encoder's own codecs make: HEVC, AC-3, E-AC-3.
extension TransportStreamSegment {
    /// ISO/IEC 13818-1:2022, table 2-34; ATSC A/52:2018, annexes A and G.
    static let hevc: UInt8 = 0x24
    static let ac3: UInt8 = 0x81
    static let eac3: UInt8 = 0x87

    /// The types of a picture's NAL units, in order.
    static func hevcUnits(_ picture: [UInt8]) -> [HEVCNALUnitType] {
        nalUnits(picture).map { HEVCNALUnitType(rawValue: picture[$0.lowerBound] >> 1) }
    }

    static func describeHEVC(_ stream: Stream) -> Description? {
        guard let first = stream.units.first, let last = stream.units.last else { return nil }
        let sets = nalUnits(first.payload).filter {
            HEVCNALUnitType(rawValue: first.payload[$0.lowerBound] >> 1) == .sequenceParameterSet
        }
        guard let range = sets.first,
            let set = try? HEVCSequenceParameterSet(parsing: first.payload.span.extracting(range)),
            let codec = hevcCodec(Array(first.payload[range]))
        else { return nil }
        let frame = longestPicture(stream)
        return Description(
            isVideo: true, start: first.decodeTime, duration: difference(last.decodeTime, first.decodeTime) + frame,
            frame: frame, codec: codec, size: (set.width, set.height))
    }

    /// The codec string of a sequence parameter set, by way of the record that a file would have. ITU-T H.265 (08/2021),
    /// clause 7.3.3: profile_tier_level() begins after one byte, general_level_idc is its twelfth.
    private static func hevcCodec(_ set: [UInt8]) -> String? {
        var bytes: [UInt8] = []
        var zeros = 0
        for byte in set.dropFirst(HEVCNALUnitHeader.size) {
            // Emulation prevention, clause 7.4.2.
            if zeros >= 2, byte == 3 {
                zeros = 0
                continue
            }
            zeros = byte == 0 ? zeros + 1 : 0
            bytes.append(byte)
        }
        guard bytes.count >= 13 else { return nil }
        let arrays = [33, 34].flatMap { [0x80 | $0, 0, 1, 0, 3, $0 << 1, 1, 0] as [UInt8] }
        let record = [1] + bytes[1..<13] + [0xF0, 0, 0xFC, 0xFD, 0xF8, 0xF8, 0, 0, 0x0F, 2] + arrays
        return (try? HEVCDecoderConfigurationRecord(parsing: record))?.rfc6381
    }

    static func describeAC3(_ stream: Stream) -> Description? {
        guard let first = stream.units.first, let last = stream.units.last else { return nil }
        let rate: UInt32?
        let lastSamples: Int?
        if stream.type == ac3 {
            rate = (try? AC3Configuration(syncFrame: first.payload))?.sampleRate
            lastSamples = AC3Configuration.frameCount(in: last.payload).map { $0 * 1536 }
        } else {
            rate = (try? EAC3Configuration(accessUnit: first.payload))?.sampleRate
            lastSamples = EAC3AccessUnit.blockCount(in: last.payload).map { $0 * 256 }
        }
        guard let rate, let lastSamples, lastSamples > 0 else { return nil }
        func ticks(_ samples: Int) -> Int64 {
            Ticks(Int64(samples), timescale: rate).rescaled(to: timescale, rounding: .nearest).value
        }
        return Description(
            isVideo: false, start: first.presentationTime,
            duration: difference(last.presentationTime, first.presentationTime) + ticks(lastSamples),
            frame: ticks(1536), codec: stream.type == ac3 ? "ac-3" : "ec-3")
    }
}
