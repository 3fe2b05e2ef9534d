import Media

/// How long a clip's loop is: a whole number of parts of a segment, each of which begins with an IDR picture, so that any
/// segment can begin at any of them.
struct SlateLoop: Equatable {
    /// Into how many parts a segment is divided: half a second each, as near as the ladder's frames allow.
    let partsPerSegment: Int64
    /// Parts of the loop.
    let parts: Int64
    /// Of the loop, in seconds, as a fraction.
    let numerator: Int128
    let denominator: Int128

    /// What a clip may be shorter than its loop; the last picture stays for so long, and the sound is drawn out: 40 ms.
    private static let tolerance: Int64 = 3600

    /// - Parameter duration: of the clip, in ticks of 90 kHz: what it has beyond the loop is cut.
    /// - Returns: nil where not one part is in it.
    init?(_ plan: LadderPlan, duration: Int64) {
        let common = plan.encodedVideo.reduce(0) { Self.greatestCommonDivisor($0, $1.framesPerSegment) }
        let (seconds, scale) = (Int128(plan.segments.numerator), Int128(plan.segments.denominator))
        // Without pictures nothing has to begin with one of them.
        let candidates: [Int64] = common > 0 ? (1...common).filter { common % $0 == 0 } : [Int64(1)]
        /// How far a part is from half a second, in units that are the same for all: |S/m - 1/2| times 2m is |2S - m|.
        func distance(_ parts: Int64) -> (Int128, Int128) {
            let difference = 2 * seconds - Int128(parts) * scale
            return (difference < 0 ? -difference : difference, Int128(parts))
        }
        let best = candidates.min { one, other in
            let (left, right) = (distance(one), distance(other))
            return left.0 * right.1 < right.0 * left.1
        }
        guard let best else { return nil }
        let fitting = Int128(duration + Self.tolerance) * Int128(best) * scale / (90_000 * seconds)
        guard fitting > 0, fitting < 1 << 32 else { return nil }
        partsPerSegment = best
        parts = Int64(fitting)
        numerator = fitting * seconds
        denominator = Int128(best) * scale
    }

    /// Of a rung, in the loop.
    func frames(of rung: LadderPlan.EncodedRung) -> Int64 { gop(of: rung) * parts }

    /// Of a rung, from one IDR picture to the next.
    func gop(of rung: LadderPlan.EncodedRung) -> Int64 { rung.framesPerSegment / partsPerSegment }

    /// Samples in the loop, and whether that is a whole number of frames of `frameSize`.
    func samples(sampleRate: Int, frameSize: Int) -> (count: Int, isWholeFrames: Bool) {
        let product = numerator * Int128(sampleRate)
        let (frames, rest) = product.quotientAndRemainder(dividingBy: denominator * Int128(frameSize))
        return (Int(clamping: product / denominator), rest == 0 && frames > 0)
    }

    private static func greatestCommonDivisor(_ one: Int64, _ other: Int64) -> Int64 {
        other == 0 ? one : greatestCommonDivisor(other, one % other)
    }
}
