import Media
import Testing
import Transcode

@Suite struct LadderTests {
    struct Impossible: CustomTestStringConvertible, Sendable {
        var ladder: Ladder
        var reason: String
        var testDescription: String { reason }
    }

    static let impossible: [Impossible] = {
        let good = VideoRung.quick("good", rate: FrameRate(30), gop: 30)
        var odd = good
        odd.width = 161
        var gop = good
        gop.gopSize = 45
        var fractional = good
        fractional.frameRate = FrameRate(30000, 1001)
        var rateless = good
        rateless.frameRate = nil
        let copy = VideoRung(name: "copy", codec: .copy)
        var sound = AudioRung.stereo
        sound.sampleRate = 47999
        return [
            Impossible(ladder: Ladder([]), reason: "no rungs"),
            Impossible(ladder: Ladder([odd]), reason: "161x90"),
            Impossible(ladder: Ladder([gop]), reason: "GOP of 45 frames does not divide a segment of 60"),
            Impossible(ladder: Ladder([good, fractional]), reason: "segments differ in length"),
            Impossible(ladder: Ladder([rateless]), reason: "no frame rate"),
            Impossible(ladder: Ladder([copy, copy]), reason: "more than one"),
            Impossible(ladder: Ladder([good], [sound]), reason: "47999 Hz"),
            Impossible(ladder: Ladder([good], segmentSeconds: 0), reason: "segments of 0 s"),
        ]
    }()

    @Test(arguments: impossible)
    func isRefusedWithTheReason(example: Impossible) {
        let error = #expect(throws: TranscodeError.self) {
            _ = try TranscodeSession(
                ladder: example.ladder, anchor: TimeAnchor(inputMilliseconds: 0, epochMilliseconds: 0))
        }
        #expect(error?.description.contains(example.reason) == true, "\(error?.description ?? "")")
    }

    @Test func segmentNumbersCountWholeNumbersOfFrames() {
        let whole = SegmentGrid(segmentSeconds: 6, frameRate: FrameRate(30))
        #expect(whole.number(at: 539_999, timescale: 90_000) == 0)
        #expect(whole.number(at: 540_000, timescale: 90_000) == 1)
        #expect(whole.start(of: 3, timescale: 48000) == 864_000)
        let fractional = SegmentGrid(segmentSeconds: 6, frameRate: FrameRate(30000, 1001))
        // 180 frames of 3003 ticks.
        #expect(fractional.start(of: 1, timescale: 90_000) == 540_540)
        #expect(fractional.number(at: 540_539, timescale: 90_000) == 0)
        #expect(fractional.start(of: 1000, timescale: 90_000) == 540_540_000)
        #expect(SegmentGrid(segmentSeconds: 6, frameRate: nil).start(of: 2, timescale: 1) == 12)
    }

    @Test func anAnchorBeforeTheEpochIsRefused() {
        #expect(throws: TranscodeError.self) {
            _ = try TranscodeSession(
                ladder: Ladder([], [.stereo]), anchor: TimeAnchor(inputMilliseconds: 0, epochMilliseconds: -1))
        }
    }
}
