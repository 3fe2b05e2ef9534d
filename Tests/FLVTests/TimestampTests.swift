import FLV
import Media
import Testing

@Suite struct TimestampTests {
    private func demuxer() throws -> Demuxer {
        var demuxer = Demuxer()
        let video = TagBytes.configuration()
        let audio = [0xAF, 0] + TagBytes.audioConfig
        // Sequence headers carry any timestamp; 0 here would start the clock, so the clock starts later.
        _ = try demuxer.read(type: 9, timestamp: 0xFFFF_FF00, payload: video)
        _ = try demuxer.read(type: 8, timestamp: 0xFFFF_FF00, payload: audio)
        return demuxer
    }

    private func videoTimes(_ demuxer: inout Demuxer, _ timestamps: [UInt32]) throws -> [Int64] {
        let payload = TagBytes.picture(TagBytes.unit(TagBytes.idr))
        var times: [Int64] = []
        for timestamp in timestamps {
            for case .video(_, let dts, _, _, _, _) in try demuxer.read(type: 9, timestamp: timestamp, payload: payload)
            {
                times.append(dts)
            }
        }
        return times
    }

    @Test func wrapsBecomeLongNumbers() throws {
        var demuxer = try demuxer()
        let times = try videoTimes(&demuxer, [0xFFFF_FFF0, 0x10, 0x3000_0000, 0x6000_0000, 0x8000_0000, 0xB000_0000])
        #expect(
            times == [0xFFFF_FFF0, 0x1_0000_0010, 0x1_3000_0000, 0x1_6000_0000, 0x1_8000_0000, 0x1_B000_0000])
    }

    /// FFmpeg and OBS go from 2^31 - 1 to 0.
    @Test func wrapsAt31BitsBecomeLongNumbers() throws {
        var demuxer = Demuxer()
        _ = try demuxer.read(type: 9, timestamp: 0x7FFF_FF00, payload: TagBytes.configuration())
        #expect(
            try videoTimes(&demuxer, [0x7FFF_FFEB, 0, 0x7FFF_FFF8, 24, 0x3000_0000, 0x6000_0000, 0x7FFF_FFFF, 5])
                == [
                    0x7FFF_FFEB, 0x8000_0000, 0x7FFF_FFF8, 0x8000_0018, 0xB000_0000, 0xE000_0000, 0xFFFF_FFFF,
                    0x1_0000_0005,
                ])
    }

    @Test func smallStepsBackStaySteps() throws {
        var demuxer = try demuxer()
        #expect(
            try videoTimes(&demuxer, [0xFFFF_FFF8, 8, 0xFFFF_FFFC, 12])
                == [0xFFFF_FFF8, 0x1_0000_0008, 0xFFFF_FFFC, 0x1_0000_000C])
    }

    /// Video starts before the wrap, audio after it: both on one clock.
    @Test func tracksAgreeOverAWrapAtTheStart() throws {
        var demuxer = Demuxer()
        _ = try demuxer.read(type: 9, timestamp: 0xFFFF_FFF0, payload: TagBytes.configuration())
        #expect(try videoTimes(&demuxer, [0xFFFF_FFF0]) == [0xFFFF_FFF0])
        _ = try demuxer.read(type: 8, timestamp: 5, payload: [0xAF, 0] + TagBytes.audioConfig)
        #expect(
            try demuxer.read(type: 8, timestamp: 5, payload: [0xAF, 1, 0x21])
                == [.audio(pts: 0x1_0000_0005, data: [0x21])])
        let message = AMF0.serialize([.string("onCuePoint")])
        #expect(
            try demuxer.read(type: 18, timestamp: 1, payload: message)
                == [.message(name: "onCuePoint", arguments: [], time: 0x1_0000_0001)])
    }
}
