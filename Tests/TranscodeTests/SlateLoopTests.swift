import Media
import Testing

@testable import Transcode

@Suite struct SlateLoopTests {
    private static func ladder(_ rates: [(FrameRate, UInt32)], seconds: UInt32) -> Ladder {
        Ladder(
            video: rates.enumerated().map { index, rate in
                VideoRung(
                    name: "\(index)", codec: .h264, width: 96, height: 54, frameRate: rate.0, bitrate: 100_000,
                    profile: .main, gopSize: rate.1)
            }, audio: [], segmentDurationSeconds: seconds, partDurationMilliseconds: 1000)
    }

    @Test func aPartIsHalfASecondOrNear() throws {
        let cases: [(rates: [(FrameRate, UInt32)], seconds: UInt32, parts: Int64)] = [
            ([(FrameRate(30), 60)], 2, 4), ([(FrameRate(30), 30), (FrameRate(15), 15)], 2, 5),
            ([(FrameRate(25), 150)], 6, 10), ([(FrameRate(25), 25)], 1, 5), ([(FrameRate(30000, 1001), 60)], 2, 4),
            ([(FrameRate(24), 24)], 1, 2),
        ]
        for (rates, seconds, parts) in cases {
            let plan = try LadderPlan(Self.ladder(rates, seconds: seconds))
            let loop = try #require(SlateLoop(plan, duration: 10 * 90_000))
            #expect(loop.partsPerSegment == parts, "\(rates)")
            for rung in plan.encodedVideo {
                // Whole pictures, of the loop's length in every rung.
                #expect(rung.framesPerSegment % parts == 0)
                #expect(
                    Int128(loop.frames(of: rung)) * Int128(rung.grid.rate.denominator) * loop.denominator
                        == Int128(rung.grid.rate.numerator) * loop.numerator)
            }
        }
    }

    @Test func whatIsBeyondAPartIsCut() throws {
        let plan = try LadderPlan(Self.ladder([(FrameRate(30), 60)], seconds: 2))
        let lengths: [(milliseconds: Int64, parts: Int64?)] = [
            (10_000, 20), (9_970, 20), (9_940, 19), (10_499, 21), (10_450, 20), (470, 1), (400, nil), (-1, nil),
        ]
        for (milliseconds, parts) in lengths {
            #expect(SlateLoop(plan, duration: milliseconds * 90)?.parts == parts, "\(milliseconds)")
        }
        // 20 parts of 0.5005 s each are no longer than 10 s and 40 ms.
        let fractional = try LadderPlan(Self.ladder([(FrameRate(30000, 1001), 60)], seconds: 2))
        let loop = try #require(SlateLoop(fractional, duration: 900_000))
        #expect(loop.parts == 20 && loop.samples(sampleRate: 48_000, frameSize: 1024) == (480_480, false))
        // Two seconds and 2/15 are 100 frames of 1024 at 48 kHz.
        #expect(SlateLoop(plan, duration: 720_000)?.samples(sampleRate: 48_000, frameSize: 1024).isWholeFrames == true)
    }
}
