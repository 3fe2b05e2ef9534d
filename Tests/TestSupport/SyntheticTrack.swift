import ISOBMFF
package import Media

/// A track whose samples are made from their times: small, of real form, and the same on every run.
///
/// Pictures are not decodable, but their parameter sets and slice headers parse, so that they can be protected.
package struct SyntheticTrack: Sendable {
    package let track: Track

    package init(track: Track) { self.track = track }

    /// The clear CMAF header.
    package var header: [UInt8] { CMAFHeader(track: track).serialize() }

    package var description: (name: String, reorderDelay: UInt32, frameRate: FrameRate?, header: [UInt8]) {
        (track.name, track.reorderDelay, track.frameRate, header)
    }

    /// High profile, level 1.3, 320x180, as libx264 wrote it.
    private static let sequenceParameterSet: [UInt8] = [
        0x67, 0x64, 0x00, 0x0D, 0xAC, 0xD9, 0x41, 0x41, 0x9F, 0x9F, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00,
        0x00, 0x03, 0x03, 0x26, 0x48, 0x00, 0x30, 0xD4, 0x00, 0x61, 0xAA, 0x48, 0x30, 0x07, 0x8A, 0x14, 0xCB,
    ]
    private static let pictureParameterSet: [UInt8] = [0x68, 0xEB, 0xE3, 0xCB, 0x22, 0xC0]

    /// 30 pictures a second, every third shown later than it is decoded.
    package static func video(_ name: String = "720p") throws(ParseError) -> SyntheticTrack {
        let record = try AVCDecoderConfigurationRecord(
            sequenceParameterSets: [sequenceParameterSet], pictureParameterSets: [pictureParameterSet])
        return SyntheticTrack(
            track: Track(
                name: name, timescale: 90000, codec: .avc(record, width: 320, height: 180), reorderDelay: 3000,
                frameRate: FrameRate(30)))
    }

    /// 48 kHz, two channels.
    package static func audio(_ name: String = "stereo", language: String = "en") throws(ParseError) -> SyntheticTrack {
        SyntheticTrack(
            track: Track(
                name: name, timescale: 48000, codec: .aac(try AudioSpecificConfig(parsing: [0x11, 0x90])),
                language: language))
    }

    /// A sheet of 2x1 pictures of 32x18 in each segment.
    package static func thumbnails() -> SyntheticTrack {
        SyntheticTrack(
            track: Track(
                name: "thumbnails", timescale: 90000,
                codec: .jpeg(PictureTiles(width: 32, height: 18, columns: 2, rows: 1))))
    }

    /// Of each segment, nothing for half of it, and then its number.
    package static func subtitles(_ name: String = "subtitles-cc1", language: String = "en") -> SyntheticTrack {
        SyntheticTrack(track: Track(name: name, timescale: 90000, codec: .webVTT, language: language))
    }

    /// The form of a JPEG image, though nobody could decode it.
    package static func image(width: UInt16 = 64, height: UInt16 = 18, data: [UInt8] = [1, 2, 3]) -> [UInt8] {
        func bytes(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }
        let frame = [0xFF, 0xC0, 0, 11, 8] + bytes(height) + bytes(width) + [1, 1, 0x11, 0]
        return [0xFF, 0xD8] + frame + [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0] + data + [0xFF, 0x00, 0xFF, 0xD9]
    }

    /// Of a picture or audio frame, in ticks.
    package var frameDuration: Int64 { track.kind == .audio ? 1024 : 3000 }

    /// The decode time of the first frame of segment `number`: on the epoch's grid, at or after its nominal start.
    package func start(of number: UInt64, _ segmentDuration: Ticks) -> Int64 {
        let nominal = Ticks(Int64(number) * segmentDuration.value, timescale: segmentDuration.timescale)
            .rescaled(to: track.timescale, rounding: .up).value
        return (nominal + frameDuration - 1) / frameDuration * frameDuration
    }

    /// Every frame of segment `number`, or those from `skipping` frames on.
    package func samples(of number: UInt64, _ segmentDuration: Ticks, skipping: Int = 0) -> [Sample] {
        let end = start(of: number + 1, segmentDuration)
        let first = start(of: number, segmentDuration)
        if track.kind == .image { return [sample(at: first, isSync: true)] }
        if track.kind == .text {
            let half = (end - first) / 2
            return [(first, nil), (first + half, "\(number) &amp; on")].map { time, text in
                Sample(
                    decodeTime: time, compositionOffset: 0, duration: UInt32(half), isSync: true,
                    data: WebVTTSample.serialize(text))
            }
        }
        return stride(from: first + Int64(skipping) * frameDuration, to: end, by: Int64.Stride(frameDuration)).map {
            sample(at: $0, isSync: track.kind == .audio || $0 == first + Int64(skipping) * frameDuration)
        }
    }

    /// A frame whose bytes follow from its track and time.
    package func sample(at decodeTime: Int64, isSync: Bool) -> Sample {
        var random = SplitMix(seed: UInt64(bitPattern: decodeTime) ^ UInt64(track.timescale))
        // No zeros, which in a NAL unit could look like the start of another.
        let body = (0..<Int.random(in: 5...11, using: &random)).flatMap { _ in
            let number = random.next()
            return (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64($0 * 8)) | 0x10 }
        }
        if track.kind == .image {
            return Sample(
                decodeTime: decodeTime, compositionOffset: 0, duration: UInt32(frameDuration), isSync: true,
                data: Self.image(data: body.map { $0 & 0x7F }))
        }
        guard track.kind == .video else {
            return Sample(
                decodeTime: decodeTime, compositionOffset: 0, duration: UInt32(frameDuration), isSync: true, data: body)
        }
        // Whole headers of an I and of a P slice under the parameter sets above.
        let header: [UInt8] = isSync ? [0x65, 0x88, 0x84, 0x03, 0xFF] : [0x41, 0x9A, 0x21, 0x6C, 0x7F]
        let slice = header + body
        let offset: Int32 = isSync ? 0 : decodeTime / frameDuration % 3 == 0 ? 3000 : -3000
        return Sample(
            decodeTime: decodeTime, compositionOffset: offset, duration: UInt32(frameDuration), isSync: isSync,
            data: [0, 0, 0, UInt8(slice.count)] + slice)
    }

    /// The samples as chunks of about equal length.
    package func chunks(of samples: [Sample], parts: Int = 2) -> [[UInt8]] {
        let size = max((samples.count + parts - 1) / parts, 1)
        return stride(from: 0, to: samples.count, by: size).enumerated().map { index, start in
            CMAFChunk.serialize(
                sequenceNumber: UInt32(index + 1), samples: Array(samples[start..<min(start + size, samples.count)]))
        }
    }

    /// A whole segment as its chunks.
    package func chunks(of number: UInt64, _ segmentDuration: Ticks, parts: Int = 2) -> [[UInt8]] {
        chunks(of: samples(of: number, segmentDuration), parts: parts)
    }
}
