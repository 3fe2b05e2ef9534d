/// How the encoder's clock goes beside ours. Pure: times in, findings out; all in milliseconds.
///
/// Samples come late by more or less, never early; so those that come earliest in a while say how the clocks stand.
/// Our clock here is one that never leaps.
struct InputPace: Sendable {
    /// A step of the input's clock that is longer than the time it took to come, and leads ahead of ours, by more than
    /// this is a leap: nothing is missing there.
    static let leapMilliseconds: Int64 = 1000
    /// Clocks that moved by no more than this since the beginning are left alone: samples do not come that exactly, and
    /// every correction is a picture too many or too few.
    private static let tolerance: Int64 = 300
    /// 0.25 %: sound is stretched by as much unheard, and no clock drifts more.
    private static let window: Int64 = 10_000
    private static let correction: Int64 = 25

    private var origin: (input: Int64, here: Int64) = (0, 0)
    private var last: (input: Int64, here: Int64)?
    /// How much later than it is decoded a key frame of the leading track is shown: other tracks are in step with that.
    private var composition: Int64 = 0
    private var mostAhead = Int64.min
    /// How the clocks stood in the first while: what connects late, or with a few pictures at once, is no drift.
    private var usual: Int64?
    private var windowBegin: Int64 = 0
    private var corrected: Int64 = 0

    /// From here on the two clocks are one.
    mutating func begin(input: Int64, composition: Int32 = 0, here: Int64) {
        self = InputPace()
        self.composition = Int64(composition)
        origin = (input, here)
        last = origin
        windowBegin = here
    }

    /// Whether the input's clock has leapt ahead with this sample.
    func leaps(to input: Int64, here: Int64) -> Bool {
        guard let last, difference(input, last.input) - difference(here, last.here) > Self.leapMilliseconds else {
            return false
        }
        return ahead(input, here) > Self.leapMilliseconds
    }

    /// A sample of the leading track has come.
    ///
    /// - Returns: by how much all that follows is to be moved, so that the clocks come together again.
    mutating func received(_ input: Int64, here: Int64) -> Int64 {
        last = (input, here)
        mostAhead = max(mostAhead, ahead(input, here))
        guard difference(here, windowBegin) >= Self.window else { return 0 }
        defer {
            windowBegin = here
            mostAhead = .min
        }
        guard let usual else {
            usual = mostAhead
            return 0
        }
        guard abs(mostAhead - usual) > Self.tolerance else { return 0 }
        let step = mostAhead > usual ? -Self.correction : Self.correction
        corrected += step
        return step
    }

    /// By how much the media that has come is ahead of our clock.
    func lead(here: Int64) -> Int64 { last.map { ahead($0.input, here) } ?? 0 }

    /// How far a time of another track lies from where it would be if its clock were the leading track's.
    func distance(to input: Int64, here: Int64) -> Int64 {
        last.map { difference(input, $0.input) - composition - difference(here, $0.here) } ?? 0
    }

    /// How much later a time of another track is than the leading track's last.
    func advance(of input: Int64) -> Int64 { last.map { difference(input, $0.input) - composition } ?? 0 }

    private func ahead(_ input: Int64, _ here: Int64) -> Int64 {
        difference(input, origin.input) - difference(here, origin.here) + corrected
    }

    /// Bounded, so that sums of a few of them never overflow.
    private func difference(_ left: Int64, _ right: Int64) -> Int64 {
        let (value, overflow) = left.subtractingReportingOverflow(right)
        let bound: Int64 = 1 << 50
        return overflow ? (left > right ? bound : -bound) : min(max(value, -bound), bound)
    }
}
