/// How segments are divided into parts: evenly, into the number that brings them nearest to what the profile says, and
/// five in a hundred above it at most. A rest at the end, as it is left where each part takes all that fits, is so short
/// that players of low latency which look for what comes next by the time pass it over, and stand before a hole.
package struct PartPlan: Sendable, Hashable {
    /// Of a segment of the nominal duration.
    package let count: Int64
    /// Of all that begins within so long a time a part is made.
    package let length: Ticks
    /// No part of any track is longer: PART-TARGET. In milliseconds.
    package let target: Ticks

    package init(_ ladder: Ladder) {
        let segment = ladder.segmentDuration
        let wanted = max(Int128(ladder.partDurationMilliseconds), 1) * Int128(segment.timescale)
        let nearest = max((Int128(segment.value) * 1000 + wanted / 2) / wanted, 1)
        let isNear = Int128(segment.value) * 100_000 <= wanted * 105 * nearest
        let count = isNear ? nearest : (Int128(segment.value) * 1000 + wanted - 1) / wanted
        self.count = Int64(clamping: min(max(count, 1), 1000))
        let length = Ticks(segment.value, timescale: UInt32(clamping: Int64(segment.timescale) * self.count))
        self.length = length
        let longest = ladder.frameDurations.map {
            Self.durations(length, $0).longest.rescaled(to: 1000, rounding: .up).value
        }.max()
        target = Ticks(longest ?? length.rescaled(to: 1000, rounding: .up).value, timescale: 1000)
    }

    /// Which part of a segment a sample is in.
    ///
    /// - Parameters:
    ///   - time: of the sample, on a clock of `timescale`.
    ///   - start: of the segment, on the same.
    ///   - slack: so much before a part's beginning is in it, for times that were rounded.
    package func index(of time: Int64, from start: Int64, timescale: UInt32, slack: Int64 = 0) -> Int64 {
        let offset = max(Int128(time) - Int128(start) + Int128(slack), 0)
        return Int64(clamping: offset * Int128(length.timescale) / (Int128(length.value) * Int128(timescale)))
    }

    /// The fewest and the most whole frames that begin within a part.
    package func durations(of frame: Ticks) -> (shortest: Ticks, longest: Ticks) { Self.durations(length, frame) }

    private static func durations(_ length: Ticks, _ frame: Ticks) -> (shortest: Ticks, longest: Ticks) {
        func time(_ count: Int64) -> Ticks { Ticks(frame.value * max(count, 1), timescale: frame.timescale) }
        return (time(frames(length, frame, rounding: 0)), time(frames(length, frame, rounding: 1)))
    }

    private static func frames(_ length: Ticks, _ frame: Ticks, rounding: Int128) -> Int64 {
        let divisor = Int128(frame.value) * Int128(length.timescale)
        guard divisor > 0 else { return 1 }
        let exact = Int128(length.value) * Int128(frame.timescale)
        return Int64(clamping: (exact + rounding * (divisor - 1)) / divisor)
    }
}

extension Ladder {
    /// Of each kind of frame that there can be in a track: what is copied has the encoder's.
    package var frameDurations: [Ticks] {
        let pictures: [FrameRate] = [
            FrameRate(24), FrameRate(25), FrameRate(30), FrameRate(50), FrameRate(60),
        ]
        var frames = Set<Ticks>()
        for rung in video {
            for rate in rung.frameRate.map({ [$0] }) ?? pictures {
                frames.insert(Ticks(Int64(rate.denominator), timescale: rate.numerator))
            }
        }
        for rung in audio {
            // AAC; copied, AC-3 and Opus too.
            let isCopied = rung.codec == .copy || rung.sampleRate == 0
            let rates = isCopied ? [44100, 48000] : [rung.sampleRate]
            for rate in rates { frames.insert(Ticks(1024, timescale: rate)) }
            if isCopied { frames.formUnion([Ticks(1536, timescale: 48000), Ticks(960, timescale: 48000)]) }
        }
        return Array(frames)
    }

    package var parts: PartPlan { PartPlan(self) }
}
