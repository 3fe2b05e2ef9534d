import Media

/// The rates of a track over segments that come at the end and leave at the front; at a constant cost for each.
struct SlidingRate: Sendable {
    struct Piece: Sendable {
        let number: UInt64
        let bits: Int64
        /// In ticks of `timescale`, so that rungs whose timescale changed can be added. Above 0.
        let duration: Int64
    }

    static let timescale: UInt32 = 1_000_000

    /// In seconds.
    private let targetDuration: Int64
    /// Those before `first` have left.
    private var pieces: [Piece] = []
    private var first = 0
    /// Of those that are there.
    private var bits: Int64 = 0
    private var duration: Int64 = 0
    /// Of every beginning whose sets of segments are all known.
    private var peaks = SlidingMaximum<Int>()
    /// The first beginning that segments to come may add to.
    private var open = 0

    init(targetDuration: Int64) { self.targetDuration = targetDuration }

    /// The "peak segment bit rate": bits a second of any contiguous set of segments that lasts half to one and a half
    /// target durations; 0 where there is none. RFC 8216, clause 4.3.4.2.
    var peak: Int { (open..<pieces.count).reduce(peaks.maximum ?? 0) { max($0, peak(from: $1).rate) } }

    var isEmpty: Bool { first == pieces.count }

    /// Bits a second over all of them; nil without any.
    var average: Int? { duration > 0 ? Self.rate(bits, over: duration) : nil }

    /// - Parameter piece: of a number above all before.
    mutating func append(_ piece: Piece) {
        pieces.append(piece)
        bits &+= piece.bits
        duration &+= piece.duration
        while open < pieces.count {
            let (rate, isComplete) = peak(from: open)
            guard isComplete else { return }
            peaks.append(rate, pieces[open].number)
            open += 1
        }
    }

    mutating func remove(before number: UInt64) {
        while first < pieces.count, pieces[first].number < number {
            bits &-= pieces[first].bits
            duration &-= pieces[first].duration
            first += 1
        }
        peaks.remove(before: number)
        open = max(open, first)
        guard first * 2 > pieces.count else { return }
        pieces.removeFirst(first)
        open -= first
        first = 0
    }

    /// The highest rate of those sets that begin with a segment, and whether segments to come make no more of them.
    private func peak(from start: Int) -> (rate: Int, isComplete: Bool) {
        let target = Int128(targetDuration) * Int128(Self.timescale)
        var (peak, bits, duration): (Int, Int64, Int64) = (0, 0, 0)
        for index in start..<pieces.count {
            guard index == start || pieces[index].number == pieces[index - 1].number &+ 1 else { return (peak, true) }
            bits &+= pieces[index].bits
            duration &+= pieces[index].duration
            if Int128(duration) * 2 > target * 3 { return (peak, true) }
            if Int128(duration) * 2 >= target { peak = max(peak, Self.rate(bits, over: duration)) }
        }
        return (peak, false)
    }

    /// Rounded up: what is announced is a bound.
    static func rate(_ bits: Int64, over duration: Int64) -> Int {
        Int(clamping: (Int128(bits) * Int128(timescale) + Int128(duration) - 1) / Int128(duration))
    }
}
