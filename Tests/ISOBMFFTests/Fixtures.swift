import ISOBMFF
import Media

/// Tracks and samples made by hand: their data is not decodable, their form is real.
enum Fixtures {
    static let keyID = KeyID(parsing: "00112233-4455-6677-8899-aabbccddeeff")!
    static let constantIV = [UInt8](1...16)

    static func videoTrack() throws -> Track {
        let sps: [UInt8] = [0x67, 0x64, 0, 0x0D, 0xAC, 0xD9, 0x41, 0x41]
        let pps: [UInt8] = [0x68, 0xEB, 0xE3, 0xCB]
        let record = try AVCDecoderConfigurationRecord(sequenceParameterSets: [sps], pictureParameterSets: [pps])
        return Track(
            name: "720p", timescale: 90000, codec: .avc(record, width: 854, height: 480), reorderDelay: 6000,
            frameRate: FrameRate(30))
    }

    static func audioTrack(language: String = "en") throws -> Track {
        let configuration = try AudioSpecificConfig(parsing: [0x11, 0x90])
        return Track(name: "stereo", timescale: 48000, codec: .aac(configuration), language: language)
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.compactMap { $0.hexDigitValue }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
    }

    /// A track of every codec, with configurations that encoders wrote: x265, libaom, FFmpeg, libopus.
    static func allTracks() throws -> [Track] {
        let hevc = bytes(
            """
            0101600000009000000000003cf000fcfdf8f800001303a00001001c40010c02ffff01600000030090000003000003003c00
            009594aca048a10001002f42010201600000030090000003000003003c0000a01820205965652b2c9265781b509100904000
            0003004000000642a2000100074401c172b44240
            """)
        return [
            try videoTrack(), try audioTrack(),
            Track(
                name: "hevc", timescale: 90000,
                codec: .hevc(try HEVCDecoderConfigurationRecord(parsing: hevc), width: 192, height: 128)),
            Track(
                name: "av1", timescale: 90000,
                codec: .av1(
                    try AV1CodecConfigurationRecord(parsing: bytes("81004c000a0d00000003b5fff36be542440243")),
                    width: 192, height: 128)),
            Track(name: "ac3", timescale: 48000, codec: .ac3(try AC3Configuration(parsing: bytes("1010c0")))),
            Track(name: "eac3", timescale: 48000, codec: .eac3(try EAC3Configuration(parsing: bytes("0600200f00")))),
            Track(
                name: "opus", timescale: 48000,
                codec: .opus(try OpusConfiguration(parsing: bytes("000201380000bb80000000")))),
        ]
    }

    /// A group of pictures from an IDR on: offsets as B-frames have them, sizes all different.
    static func videoSamples(count: Int = 5, from decodeTime: Int64 = 157_000_000_000_000) -> [Sample] {
        let offsets: [Int32] = [6000, -3000, -3000]
        var samples: [Sample] = []
        for index in 0..<count {
            let data = [UInt8](repeating: UInt8(index & 0xFF), count: 100 + index)
            let time = decodeTime + Int64(index) * 3000
            samples.append(
                Sample(
                    decodeTime: time, compositionOffset: index == 0 ? 0 : offsets[index % 3], duration: 3000,
                    isSync: index == 0, data: data))
        }
        return samples
    }

    static func audioSamples(count: Int = 5, from decodeTime: Int64 = 83_000_000_000_000) -> [Sample] {
        var samples: [Sample] = []
        for index in 0..<count {
            let data = [UInt8](repeating: UInt8(index & 0xFF), count: 300 + index % 3)
            let time = decodeTime + Int64(index) * 1024
            samples.append(
                Sample(decodeTime: time, compositionOffset: 0, duration: 1024, isSync: true, data: data))
        }
        return samples
    }

    /// A segment of three chunks.
    static func videoSegment() -> [UInt8] {
        let samples = videoSamples(count: 12)
        var segment: [UInt8] = []
        for index in 0..<3 {
            let part = Array(samples[index * 4..<index * 4 + 4])
            segment += CMAFChunk.serialize(sequenceNumber: UInt32(index + 7), samples: part)
        }
        return segment
    }

    /// A segment as the packager makes it: subsamples, key group and pssh in each fragment.
    static func protectedSegment(_ protection: TrackProtection) throws -> [UInt8] {
        let clear = videoSegment()
        let writer = FragmentWriter(
            keyGroup: protection,
            systemBoxes: [ProtectionSystemSpecificHeader.common(keyIDs: [protection.defaultKeyID]).serialize()])
        var output = ByteWriter()
        for fragment in try MovieFragmentTable(parsing: clear.span).fragments {
            var encryption = SampleEncryption(
                perSampleIVSize: Int(protection.perSampleIVSize), hasSubsamples: true)
            for sample in fragment.samples {
                let parts = [Subsample(clear: 20, protected: UInt32(sample.size - 20))]
                if protection.perSampleIVSize == 8 {
                    encryption.append(iv: UInt64(sample.decodeTime), subsamples: parts[...])
                } else {
                    encryption.append(subsamples: parts[...])
                }
            }
            writer.write(
                sequenceNumber: fragment.sequenceNumber, samples: fragment.samples, encryption: encryption,
                to: &output)
            for sample in fragment.samples {
                output.write(bytes: clear[sample.offset..<sample.offset + sample.size])
            }
        }
        return output.bytes
    }
}

/// A small generator with a seed (SplitMix64), so that a failure can be had again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
