import MPEGTS
import Media
import Testing

/// What a segment must not do to the process: every one of these is an error, never a trap.
@Suite struct HostileSegmentTests {
    private func code(_ change: (inout TrackSegment) -> Void) throws -> TransportStreamError.Code? {
        var segment = SyntheticMedia.videoSegment(from: 900_000, frames: 4, sizes: 40...60)
        change(&segment)
        do {
            _ = try TransportStreamMuxer(tracks: [SyntheticMedia.video(reorderDelay: 3_000)]).mux([segment])
            return nil
        } catch let error as TransportStreamError {
            return error.code
        }
    }

    @Test func samplesOutsideTheSource() throws {
        #expect(try code { $0.samples[3].size += 4 } == .malformedSample)
        #expect(try code { $0.samples[0].offset = -1 } == .malformedSample)
        #expect(try code { $0.samples[0].offset = .max } == .malformedSample)
        #expect(try code { $0.samples[0].size = .max } == .malformedSample)
        #expect(try code { $0.samples[0].size = -1 } == .malformedSample)
        #expect(try code { $0.samples[0].size = 0 } == .malformedSample)
        #expect(try code { $0.array = [] } == .malformedSample)
    }

    @Test func lengthFieldsThatDoNotFillTheSample() throws {
        #expect(try code { $0.array[$0.samples[1].offset] = 0xFF } == .malformedSample)
        #expect(try code { $0.array[$0.samples[1].offset + 3] = 0 } == .malformedSample)
        #expect(try code { $0.samples[2].size -= 1 } == .malformedSample)
        #expect(try code { $0.samples[2].size = 3 } == .malformedSample)
    }

    @Test func everyTruncationOfASample() throws {
        let size = SyntheticMedia.videoSegment(from: 900_000, frames: 4, sizes: 40...60).samples[2].size
        // Ten bytes are the first NAL unit alone, which is whole.
        for cut in 1..<size where cut != 10 {
            #expect(try code { $0.samples[2].size = cut } == .malformedSample, "\(cut) bytes")
        }
    }

    @Test func timesThatCannotBe() throws {
        #expect(try code { $0.samples[2].decodeTime = $0.samples[1].decodeTime } == .invalidTime)
        #expect(try code { $0.samples[0].decodeTime = .min } == .invalidTime)
        #expect(try code { $0.samples[3].decodeTime = .max } == .invalidTime)
        #expect(try code { $0.samples[3].decodeTime += 90_000 * 700 } == .invalidTime)
        #expect(try code { $0.samples[1].compositionOffset = -3_001 } == .invalidTime)
        #expect(try code { $0.samples[1].compositionOffset = .min } == .invalidTime)
        #expect(try code { $0.samples[3].duration = .max } == .invalidTime)
    }

    @Test func nothingAtAll() throws {
        #expect(try code { $0.samples = [] } == .empty)
    }

    @Test func audioThatADTSCannotSay() throws {
        let large = TrackSegment(
            samples: [.init(decodeTime: 0, duration: 1024, isSync: true, offset: 0, size: 8185)],
            array: Array(repeating: 1, count: 8185))
        #expect(throws: TransportStreamError.self) {
            try TransportStreamMuxer(tracks: [SyntheticMedia.audio()]).mux([large])
        }
        // Object type 42, and a rate of 12345 Hz.
        for bytes in [[0xF9, 0x46, 0x40], [0x17, 0x80, 0x18, 0x1C, 0x90]] as [[UInt8]] {
            let track = Track(name: "a", timescale: 48_000, codec: .aac(try AudioSpecificConfig(parsing: bytes)))
            #expect(throws: TransportStreamError.self) { try TransportStreamMuxer(tracks: [track]) }
        }
    }

    @Test func tracksThatDoNotGoTogether() throws {
        let video = try SyntheticMedia.video()
        let audio = try SyntheticMedia.audio()
        var timeless = video
        timeless.timescale = 0
        for tracks in [[], [video, video], [audio, audio], [video, audio, audio], [timeless]] {
            #expect(throws: TransportStreamError.self) { try TransportStreamMuxer(tracks: tracks) }
        }
    }
}
