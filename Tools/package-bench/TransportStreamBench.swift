import CommonEncryption
import Foundation
import MPEGTS
import Media
import MediaMemory
import OpenSSLCrypto

/// Times the making of one transport stream segment from made-up samples: `package-bench --transport-stream [ROUNDS]`.
///
/// Two seconds of 1080p30 at 1.75 Mbit/s and of AAC at 128 kbit/s, of random bytes as an entropy coder leaves
/// them. One thread; nothing but muxer and cipher is in the time.
enum TransportStreamBench {
    static func main(rounds: Int) throws {
        let key = try SampleAESKey(key: PackageBench.randomKey(), iv: randomBytes(16))
        for slices in [1, 8] {
            let (tracks, segments) = try samples(slicesPerPicture: slices)
            let size = segments.reduce(0) { $0 + $1.source.count }
            let clear = try TransportStreamMuxer(tracks: tracks)
            let protected = try TransportStreamMuxer(tracks: tracks, sampleAES: [key, key])
            print("\(size) bytes, \(slices) slices in a picture, medians of \(rounds)")
            try report("TS clear", size, rounds) { try clear.draft(segments).count }
            try report("TS SAMPLE-AES", size, rounds) { try protected.draft(segments).count }
            try report("TS AES-128", size, rounds) {
                var stream = try clear.draft(segments, spareCapacity: 16)
                try AES128Segment.protect(inPlace: &stream, key: key.key, iv: key.iv)
                return stream.count
            }
        }
    }

    private static func samples(slicesPerPicture: Int) throws -> ([Track], [TrackSegment]) {
        var (pictures, picture): ([SampleReference], [UInt8]) = ([], [])
        for number in 0..<60 {
            let isSync = number == 0
            let offset = picture.count
            for _ in 0..<slicesPerPicture {
                let unit = try nalUnit(type: isSync ? 0x65 : 0x61, size: (isSync ? 60_000 : 6_400) / slicesPerPicture)
                for shift in [24, 16, 8, 0] { picture.append(UInt8(truncatingIfNeeded: unit.count >> shift)) }
                picture += unit
            }
            pictures.append(
                SampleReference(
                    decodeTime: Int64(number) * 3_000, duration: 3_000, isSync: isSync, offset: offset,
                    size: picture.count - offset))
        }
        var (frames, sound): ([SampleReference], [UInt8]) = ([], [])
        for frame in 0..<94 {
            frames.append(
                SampleReference(
                    decodeTime: Int64(frame) * 1024, duration: 1024, isSync: true, offset: sound.count, size: 340
                ))
            sound += try randomBytes(340)
        }
        let record = try AVCDecoderConfigurationRecord(
            sequenceParameterSets: [[0x67, 0x64, 0, 0x28, 0xAC]], pictureParameterSets: [[0x68, 0xEB, 0xE3]])
        let tracks = [
            Track(name: "v", timescale: 90_000, codec: .avc(record, width: 1920, height: 1080)),
            Track(name: "a", timescale: 48_000, codec: .aac(try AudioSpecificConfig(parsing: [0x11, 0x90]))),
        ]
        return (
            tracks,
            [
                TrackSegment(samples: pictures, source: MediaBytes(copying: picture.span)),
                TrackSegment(samples: frames, source: MediaBytes(copying: sound.span)),
            ]
        )
    }

    private static func nalUnit(type: UInt8, size: Int) throws -> [UInt8] {
        var unit = [type]
        var zeros = 0
        for byte in try randomBytes(size - 2) {
            let byte = zeros >= 2 ? max(byte, 3) : byte
            unit.append(byte)
            zeros = byte == 0 ? zeros + 1 : 0
        }
        return unit + [0x80]
    }

    private static func report(_ name: String, _ size: Int, _ rounds: Int, _ make: () throws -> Int) throws {
        var times: [Duration] = []
        var count = 0
        for _ in 0..<rounds { times.append(try ContinuousClock().measure { count = try make() }) }
        let median = times.sorted()[rounds / 2] / .milliseconds(1)
        print(
            "  " + name.padding(toLength: 14, withPad: " ", startingAt: 0), "\(count) B out",
            String(format: "%8.3f ms %6.0f MB/s", median, Double(size) / median / 1000))
    }
}
