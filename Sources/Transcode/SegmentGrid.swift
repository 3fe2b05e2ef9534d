package import Media

/// Where segments begin: number N at N segment durations after the Unix epoch.
///
/// The duration is a whole number of frames, so at a fractional frame rate it is not a whole number of seconds
/// (180 frames at 30000/1001 are 6.006 s), and N counts those.
package struct SegmentGrid: Hashable, Sendable {
    /// The duration in seconds, as a fraction.
    package let numerator: Int64
    package let denominator: Int64

    /// - Parameter frameRate: of the ladder's video; nil without a fixed rate: whole seconds.
    package init(segmentSeconds: UInt32, frameRate: FrameRate?) {
        if let frameRate {
            numerator = FrameGrid(rate: frameRate).frames(inSeconds: segmentSeconds) * Int64(frameRate.denominator)
            denominator = Int64(frameRate.numerator)
        } else {
            numerator = Int64(segmentSeconds)
            denominator = 1
        }
    }

    /// The number of the segment that `time` (not before the epoch) lies in.
    package func number(at time: Int64, timescale: UInt32) -> UInt64 {
        UInt64(max(0, divided(Int128(time) * Int128(denominator), by: Int128(numerator) * Int128(timescale))))
    }

    /// Where segment `number` begins, rounded up to a whole tick.
    package func start(of number: UInt64, timescale: UInt32) -> Int64 {
        let divisor = Int128(denominator)
        return divided(Int128(number) * Int128(numerator) * Int128(timescale) + divisor - 1, by: divisor)
    }

}
