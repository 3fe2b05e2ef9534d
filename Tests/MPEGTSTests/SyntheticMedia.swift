import MPEGTS
import Media

/// Small deterministic tracks and segments to mux.
enum SyntheticMedia {
    static let sps: [UInt8] = [0x67, 0x64, 0x00, 0x1F, 0xAC, 0xD9, 0x40, 0x50]
    static let pps: [UInt8] = [0x68, 0xEB, 0xE3, 0xCB]

    static func video(reorderDelay: UInt32 = 0) throws -> Track {
        Track(
            name: "v", timescale: 90_000,
            codec: .avc(
                try AVCDecoderConfigurationRecord(sequenceParameterSets: [sps], pictureParameterSets: [pps]),
                width: 1280, height: 720),
            reorderDelay: reorderDelay, frameRate: FrameRate(30))
    }

    static func audio(sampleRate: UInt32 = 48_000, language: String = "und") throws -> Track {
        let index = [48_000: 3, 44_100: 4, 8_000: 11][sampleRate] ?? 3
        let configuration: [UInt8] = [2 << 3 | UInt8(index >> 1), UInt8(index & 1) << 7 | 2 << 3]
        return Track(
            name: "a", timescale: sampleRate, codec: .aac(try AudioSpecificConfig(parsing: configuration)),
            language: language)
    }

    /// Main profile, level 3.1, with a VPS, an SPS and a PPS of a few bytes.
    static func hevc() throws -> Track {
        var record: [UInt8] = [
            1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93, 0xF0, 0, 0xFC, 0xFD, 0xF8, 0xF8, 0, 0, 0x0F,
        ]
        record.append(UInt8(hevcParameterSets.count))
        for set in hevcParameterSets { record += [0x80 | set[0] >> 1, 0, 1, 0, UInt8(set.count)] + set }
        return Track(
            name: "v", timescale: 90_000,
            codec: .hevc(try HEVCDecoderConfigurationRecord(parsing: record), width: 1280, height: 720),
            frameRate: FrameRate(30))
    }

    /// VPS, SPS, PPS.
    static let hevcParameterSets: [[UInt8]] = [[0x40, 1, 11], [0x42, 1, 12, 13], [0x44, 1, 14]]

    static func ac3() throws -> Track {
        // 48 kHz, stereo, 192 kbit/s.
        Track(name: "a", timescale: 48_000, codec: .ac3(try AC3Configuration(parsing: [0x10, 0x11, 0x40])))
    }

    static func eac3() throws -> Track {
        Track(
            name: "a", timescale: 48_000,
            codec: .eac3(try EAC3Configuration(parsing: [0x06, 0x00, 0x20, 0x04, 0x00])))
    }

    /// Frames of AC-3 at 48 kHz and 192 kbit/s whose head is a real one.
    static func ac3Segment(frames: Int) -> TrackSegment {
        var numbers = Numbers(state: 5)
        var segment = TrackSegment(samples: [], array: [])
        for frame in 0..<frames {
            segment.samples.append(
                .init(
                    decodeTime: Int64(frame) * 1536, duration: 1536, isSync: true, offset: segment.array.count,
                    size: 768))
            segment.array += [0x0B, 0x77, 0xFE, 0x95, 0x14, 0x40, 0x43, 0xE1, 0x06, 0xF4] + numbers.bytes(758)
        }
        return segment
    }

    /// A repeatable source of numbers.
    struct Numbers {
        var state: UInt64
        mutating func next(_ range: ClosedRange<Int>) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return range.lowerBound + Int(state >> 33) % range.count
        }
        mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(next(0...255)) } }
    }

    /// One NAL unit behind its length.
    static func nal(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
        let count = UInt32(body.count + 1)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + [0x60 | type] + body
    }

    /// Pictures I P B B P B B ... in decode order at `interval` ticks.
    static func videoSegment(
        from start: Int64, frames: Int, interval: Int64 = 3_000, sizes: ClosedRange<Int> = 20...5_000, seed: UInt64 = 1
    ) -> TrackSegment {
        var numbers = Numbers(state: seed)
        var segment = TrackSegment(samples: [], array: numbers.bytes(100))
        for frame in 0..<frames {
            let isSync = frame == 0
            let data = nal(6, numbers.bytes(5)) + nal(isSync ? 5 : 1, numbers.bytes(numbers.next(sizes)))
            // Decode order 0 1 2 3 is display order 0 3 1 2, counted from the frame that an IDR would be.
            let offset: Int64 = frame == 0 ? 0 : frame % 3 == 1 ? 2 : -1
            segment.samples.append(
                SampleReference(
                    decodeTime: start + Int64(frame) * interval, compositionOffset: Int32(offset * interval),
                    duration: UInt32(interval), isSync: isSync, offset: segment.array.count, size: data.count))
            segment.array += data + numbers.bytes(3)
        }
        return segment
    }

    static func audioSegment(
        from start: Int64, frames: Int, sizes: ClosedRange<Int> = 1...700, seed: UInt64 = 2
    ) -> TrackSegment {
        var numbers = Numbers(state: seed)
        var segment = TrackSegment(samples: [], array: [])
        for frame in 0..<frames {
            let data = numbers.bytes(numbers.next(sizes))
            segment.samples.append(
                SampleReference(
                    decodeTime: start + Int64(frame) * 1024, duration: 1024, isSync: true,
                    offset: segment.array.count, size: data.count))
            segment.array += data
        }
        return segment
    }

    /// The samples' bytes, in order.
    static func data(_ segment: TrackSegment) -> [[UInt8]] {
        segment.samples.map { Array(segment.array[$0.offset..<$0.offset + $0.size]) }
    }
}
