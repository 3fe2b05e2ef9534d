import Media
import Testing

@Suite struct PartPlanTests {
    private func plan(
        _ partMilliseconds: UInt32, _ segmentSeconds: UInt32 = 2, rate: FrameRate? = FrameRate(30),
        sampleRate: UInt32 = 48000
    ) -> PartPlan {
        Ladder(
            video: [VideoRung(name: "v", codec: rate == nil ? .copy : .h264, frameRate: rate)],
            audio: [AudioRung(name: "a", codec: sampleRate == 0 ? .copy : .aac, sampleRate: sampleRate)],
            segmentDurationSeconds: segmentSeconds, partDurationMilliseconds: partMilliseconds
        ).parts
    }

    /// 15 or 16 frames of sound begin in a third of a second, and 46 or 47 in a whole one.
    @Test(
        arguments: [
            (330, 2, 6, 342), (334, 2, 6, 342), (300, 2, 7, 300), (1000, 2, 2, 1003), (1000, 6, 6, 1003),
            (1500, 2, 2, 1003),
            (330, 6, 18, 342), (2000, 2, 1, 2006), (100, 2, 20, 107),
        ] as [(UInt32, UInt32, Int64, Int64)])
    func partsComeNearestToWhatIsWanted(_ part: UInt32, _ segment: UInt32, _ count: Int64, _ target: Int64) {
        let plan = plan(part, segment)
        #expect(plan.count == count && plan.target == Ticks(target, timescale: 1000))
        #expect(plan.length.rescaled(to: 1_000_000).value == Int64(segment) * 1_000_000 / count)
    }

    @Test func fractionalRatesDivideTheirOwnSegment() {
        let plan = plan(330, rate: FrameRate(30000, 1001))
        #expect(plan.count == 6 && plan.length.isSameTime(as: Ticks(10_010, timescale: 30_000)))
        // Ten frames each, to the last.
        for frame in 0..<60 as Range<Int64> {
            #expect(plan.index(of: frame * 1001, from: 0, timescale: 30_000) == frame / 10)
        }
    }

    @Test func whatIsCopiedMayHaveAnyFrames() {
        // Nine frames at 25 a second.
        #expect(plan(330, rate: nil, sampleRate: 0).target.value == 360)
        let parts = plan(330, rate: nil).durations(of: Ticks(1, timescale: 25))
        #expect(parts == (Ticks(8, timescale: 25), Ticks(9, timescale: 25)))
    }

    @Test func timesThatWereRoundedAreOfTheirPart() {
        let plan = plan(330)
        // The eleventh picture of 30 a second, as an encoder says it that counts milliseconds.
        #expect(plan.index(of: 333, from: 0, timescale: 1000) == 0)
        #expect(plan.index(of: 333, from: 0, timescale: 1000, slack: 4) == 1)
        #expect(plan.index(of: -5, from: 0, timescale: 1000) == 0)
        #expect(plan.index(of: .max, from: .min, timescale: 1) > 0)
    }
}
