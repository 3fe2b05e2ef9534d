/// Decides how sound that comes with jittery times becomes one unbroken row of samples.
///
/// The row goes on by counting. Jitter is ignored; a slow drift is answered by a little stretching; a gap is filled
/// and an overlap trimmed.
struct AudioClock {
    enum Correction: Equatable {
        case none
        /// Stretch (or squeeze, when negative) by so many samples over the next `stretchSeconds`.
        case stretch(Int64)
        /// Samples are missing: put silence.
        case gap(Int64)
        /// Samples come twice: drop so many.
        case overlap(Int64)
    }

    static let stretchSeconds: Int64 = 4

    private let sampleRate: Int64
    /// Mean drift in 1/256 samples.
    private var mean: Int64 = 0
    private var isSettled = false
    private var stretchingUntil: Int64 = .min

    init(sampleRate: Int64) { self.sampleRate = sampleRate }

    /// - Parameters:
    ///   - target: the sample at which the sound should begin, by its time.
    ///   - position: the sample at which it would begin if it were just appended.
    mutating func received(target: Int64, position: Int64) -> Correction {
        let drift = target - position
        if !isSettled || abs(drift) > sampleRate / 25 {
            isSettled = true
            mean = 0
            stretchingUntil = .min
            return drift > 0 ? .gap(drift) : drift < 0 ? .overlap(-drift) : .none
        }
        mean += (drift * 256 - mean) / 64
        guard abs(mean) > sampleRate / 125 * 256, position >= stretchingUntil else { return .none }
        stretchingUntil = position + (Self.stretchSeconds + 2) * sampleRate
        // Half a percent is not heard.
        let most = sampleRate * Self.stretchSeconds / 200
        return .stretch(min(max(mean / 256, -most), most))
    }

    /// What comes next is put in its place exactly.
    mutating func reset() { isSettled = false }
}
