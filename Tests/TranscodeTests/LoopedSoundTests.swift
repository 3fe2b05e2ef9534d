import FFmpeg
import Testing

@testable import Transcode

@Suite struct LoopedSoundTests {
    private static let frame = 1024

    /// A tone of so many samples.
    private static func tone(_ count: Int, hertz: Double = 1000, phase: Double = 0) -> PCMBlock {
        var block = PCMBlock(channels: 2)
        for channel in 0..<2 {
            block.channels[channel] = (0..<count).map { index in
                Float(_sin(2 * .pi * hertz * Double(index) / 48_000 + phase) / 2)
            }
        }
        return block
    }

    private static func largestStep(_ sound: [Float]) -> Float {
        zip(sound, sound.dropFirst()).map { abs($0 - $1) }.max() ?? 0
    }

    @Test(arguments: [0, 1, 511, 1023]) func roundsOfBothLengthsBeginAndEndAlike(rest: Int) throws {
        // A whole number of periods: the beginning follows from the end.
        let count = (40 * Self.frame + rest) / 48 * 48
        let sound = Self.tone(count)
        let looped = try #require(LoopedSound(sound, count: count, isWholeFrames: false, frameSize: Self.frame))
        let long = try #require(looped.long)
        let frames = count / Self.frame
        #expect(looped.short.count == frames * Self.frame && long.count == (frames + 1) * Self.frame)
        for block in [looped.short, long] {
            // As it was up to the ending, and at the end.
            #expect(
                block.channels[0][..<((frames - 5) * Self.frame)] == sound.channels[0][..<((frames - 5) * Self.frame)])
            #expect(block.channels[0].suffix(Self.frame).elementsEqual(sound.channels[0].suffix(Self.frame)))
            // Round and round, no step is larger than the tone's own.
            #expect(Self.largestStep(block.channels[0] + block.channels[0]) <= 0.07)
        }
        #expect(looped.commonFrames < frames - 6)
    }

    @Test func aLoopOfWholeFramesStaysAsItIs() throws {
        let sound = Self.tone(48 * Self.frame)
        let looped = try #require(LoopedSound(sound, count: sound.count, isWholeFrames: true, frameSize: Self.frame))
        #expect(looped.short == sound && looped.long == nil && looped.commonFrames == 48)
        #expect(LoopedSound(Self.tone(9 * 1024), count: 9 * 1024, isWholeFrames: true, frameSize: 1024) == nil)
    }

    @Test func aLittleThatIsMissingIsDrawnOut() throws {
        let sound = Self.tone(48 * Self.frame - 960)
        let looped = try #require(
            LoopedSound(sound, count: 48 * Self.frame + 100, isWholeFrames: false, frameSize: Self.frame))
        #expect(looped.short.count == 48 * Self.frame && looped.long?.count == 49 * Self.frame)
        for block in [looped.short, looped.long ?? looped.short] {
            #expect(Self.largestStep(block.channels[0] + block.channels[0]) <= 0.07)
        }
        #expect(LoopedSound(sound, count: 51 * Self.frame, isWholeFrames: false, frameSize: Self.frame) == nil)
    }

    @Test func anEndThatDoesNotFitIsFadedNotHeard() throws {
        // It ends in the middle of a period, near its top.
        let sound = Self.tone(48 * Self.frame, hertz: 100, phase: 1)
        let step = abs(sound.channels[0][0] - (sound.channels[0].last ?? 0))
        let looped = try #require(LoopedSound(sound, count: sound.count, isWholeFrames: true, frameSize: Self.frame))
        let round = looped.short.channels[0]
        #expect(step > 0.05 && Self.largestStep(round + round) < 0.02)
    }
}

/// Without Foundation.
private func _sin(_ x: Double) -> Double {
    let turn = 2 * Double.pi
    let y = x - (x / turn).rounded() * turn
    var (term, sum) = (y, y)
    for n in 1...12 {
        term *= -y * y / Double(2 * n * (2 * n + 1))
        sum += term
    }
    return sum
}
