import Media

/// What the streams of a transport stream segment hold.
extension TransportStreamSegment {
    static let avc: UInt8 = 0x1B
    static let adts: UInt8 = 0x0F

    /// Of the video, or of the audio where there is no video; nil where nothing can be told.
    package var facts: SegmentFacts? {
        let shown = streams.compactMap { stream in
            Self.describe(stream).map { ($0, stream.units.first?.presentationTime ?? $0.start) }
        }
        guard let (main, time) = shown.first(where: { $0.0.isVideo }) ?? shown.first else { return nil }
        return SegmentFacts(
            start: Ticks(main.start, timescale: Self.timescale),
            shown: Ticks(time, timescale: Self.timescale),
            duration: Ticks(main.duration, timescale: Self.timescale),
            frame: Ticks(main.frame, timescale: Self.timescale),
            codecs: shown.map(\.0).sorted { $0.isVideo && !$1.isVideo }.map(\.codec), size: main.size)
    }

    /// Issues of what is in the packets: the first picture, and frames that are none.
    package var mediaIssues: [Issue] {
        var issues: [Issue] = []
        for stream in streams {
            guard let first = stream.units.first else {
                issues.append(Issue(.segment, "PID \(stream.packetID) of type \(stream.type) has no media"))
                continue
            }
            if Self.describe(stream) == nil {
                issues.append(
                    Issue(.payload, "PID \(stream.packetID) of type \(stream.type) is not what its type says"))
            }
            if stream.type == Self.hevc, Self.hevcUnits(first.payload).first(where: \.isSliceSegment)?.isIDR != true {
                issues.append(Issue(.sync, "the first picture is no IDR picture"))
            }
            guard stream.type == Self.avc else { continue }
            let types = Self.nalUnits(first.payload).map { NALUnitHeader(first.payload[$0.lowerBound]).type }
            if types.first(where: { $0 == .slice || $0 == .idrSlice }) != .idrSlice {
                issues.append(Issue(.sync, "the first picture is no IDR picture"))
            }
        }
        return issues
    }

    struct Description {
        var isVideo: Bool
        var start: Int64
        var duration: Int64
        var frame: Int64
        var codec: String
        var size: (width: Int, height: Int)?
    }

    private static func describe(_ stream: Stream) -> Description? {
        guard let first = stream.units.first, let last = stream.units.last else { return nil }
        switch stream.type {
        case avc:
            let sets = nalUnits(first.payload).filter {
                NALUnitHeader(first.payload[$0.lowerBound]).type == .sequenceParameterSet
            }
            guard let range = sets.first, range.count >= 4,
                let set = try? SequenceParameterSet(parsing: first.payload.span.extracting(range))
            else { return nil }
            let frame = longestPicture(stream)
            let bytes = first.payload[range.lowerBound + 1..<range.lowerBound + 4]
            let codec = "avc1." + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            return Description(
                isVideo: true, start: first.decodeTime,
                duration: difference(last.decodeTime, first.decodeTime) + frame, frame: frame, codec: codec,
                size: (set.width, set.height))
        case adts:
            guard let (rate, objectType, _) = adtsFrames(first.payload),
                let lastCount = adtsFrames(last.payload)?.frames.count
            else { return nil }
            let frame = Ticks(1024, timescale: rate).rescaled(to: timescale, rounding: .nearest).value
            return Description(
                isVideo: false, start: first.presentationTime,
                duration: difference(last.presentationTime, first.presentationTime) + Int64(lastCount) * frame,
                frame: frame, codec: "mp4a.40.\(objectType)")
        case hevc: return describeHEVC(stream)
        case ac3, eac3: return describeAC3(stream)
        default: return nil
        }
    }

    /// From one picture's decode time to the next.
    static func longestPicture(_ stream: Stream) -> Int64 {
        zip(stream.units, stream.units.dropFirst()).reduce(0) { max($0, difference($1.1.decodeTime, $1.0.decodeTime)) }
    }

    /// NAL units between start codes, without them. ITU-T H.264 (08/2021), annex B.
    static func nalUnits(_ bytes: [UInt8]) -> [Range<Int>] {
        var starts: [(code: Int, unit: Int)] = []
        var zeros = 0
        for (index, byte) in bytes.enumerated() {
            if byte == 1, zeros >= 2 { starts.append((index - zeros, index + 1)) }
            zeros = byte == 0 ? zeros + 1 : 0
        }
        return starts.enumerated().compactMap { index, start in
            let end = index + 1 < starts.count ? starts[index + 1].code : bytes.count
            return start.unit < end ? start.unit..<end : nil
        }
    }

    private static let sampleRates: [UInt32] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
    ]

    /// Sample rate, audio object type and places (without their headers) of the ADTS frames that fill `bytes` exactly;
    /// nil for anything else. ISO/IEC 14496-3:2019, clause 1.A.3.2.
    static func adtsFrames(_ bytes: [UInt8]) -> (rate: UInt32, objectType: UInt8, frames: [Range<Int>])? {
        var offset = 0
        var found: (UInt32, UInt8)?
        var frames: [Range<Int>] = []
        while offset < bytes.count {
            guard bytes.count - offset >= 7, bytes[offset] == 0xFF, bytes[offset + 1] & 0xF6 == 0xF0 else { return nil }
            let rateIndex = Int(bytes[offset + 2] >> 2 & 0x0F)
            guard rateIndex < sampleRates.count else { return nil }
            found = (sampleRates[rateIndex], bytes[offset + 2] >> 6 + 1)
            let length =
                Int(bytes[offset + 3] & 3) << 11 | Int(bytes[offset + 4]) << 3 | Int(bytes[offset + 5] >> 5)
            // With a check sum the header is two bytes longer.
            let header = bytes[offset + 1] & 1 == 1 ? 7 : 9
            guard length >= header, length <= bytes.count - offset else { return nil }
            frames.append(offset + header..<offset + length)
            offset += length
        }
        return found.map { ($0.0, $0.1, frames) }
    }
}
