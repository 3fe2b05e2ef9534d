import ISOBMFF
import Media

/// Which of a track's samples is shown when, in a row that has no end.
///
/// Pictures go round, and any stretch of time begins with one that needs no other. Sound goes round in whole frames; where
/// the loop is no whole number of them, a round has n or n + 1, and the longer one an ending of its own. ADR 0027.
struct SlateSequence: Sendable {
    struct Place: Sendable {
        let chunk: Int
        let location: SampleLocation
    }

    /// In the order of the chunks: a round, and behind it the ending of a longer one.
    let places: [Place]
    private let kind: Kind

    private enum Kind: Sendable {
        /// Places of those that need no other, the first one among them.
        case pictures(syncs: [Int])
        /// - `count`: of a round, the shorter one.
        /// - `common`: frames of a round that has an ending of its own, before that; nil: no round is longer.
        case sound(count: Int, common: Int?, frame: Int64, loop: Ticks)
    }

    /// - Parameters:
    ///   - chunks: each with its samples, and the time of the first.
    ///   - loop: of the picture; the sound's own where that is nil, or is one frame.
    init(
        _ track: Track, _ chunks: [(start: Int64, samples: [SampleLocation])], loop: Ticks?
    ) throws(ParseError) {
        var places: [Place] = []
        for (index, chunk) in chunks.enumerated() {
            places += chunk.samples.map { Place(chunk: index, location: $0) }
        }
        guard let first = places.first?.location, first.isSync,
            places.allSatisfy({ $0.location.compositionOffset == 0 && $0.location.size > 0 })
        else { throw ParseError(.invalid, at: 0, "\(track.name): samples that cannot be repeated") }
        self.places = places
        guard track.kind == .audio else {
            guard track.frameRate != nil else { throw ParseError(.invalid, at: 0, "\(track.name): no frame rate") }
            kind = .pictures(syncs: places.indices.filter { places[$0].location.isSync })
            return
        }
        let frame = Int64(first.duration)
        guard frame > 0, places.allSatisfy({ Int64($0.location.duration) == frame }) else {
            throw ParseError(.invalid, at: 0, "\(track.name): frames of different lengths")
        }
        // An ending begins in the middle of what was there already.
        var end: Int64 = 0
        var common: Int?
        var count = 0
        for chunk in chunks {
            if chunk.start != end, common == nil, count > 0, chunk.start % frame == 0, chunk.start > 0,
                chunk.start / frame < Int64(count)
            {
                common = Int(chunk.start / frame)
                end = chunk.start
            }
            guard chunk.start == end || count == 0 else {
                throw ParseError(.invalid, at: 0, "\(track.name): chunks out of order")
            }
            end = chunk.start &+ frame &* Int64(chunk.samples.count)
            if common == nil { count += chunk.samples.count }
        }
        let own = Ticks(Int64(count) * frame, timescale: track.timescale)
        guard let common else {
            kind = .sound(count: count, common: nil, frame: frame, loop: own)
            return
        }
        guard let loop, loop.value > 0, loop.timescale > 0, places.count - count == count - common + 1,
            Int128(loop.value) * Int128(track.timescale) / (Int128(frame) * Int128(loop.timescale)) == Int128(count)
        else { throw ParseError(.invalid, at: 0, "\(track.name): an ending that does not fit to the loop") }
        kind = .sound(count: count, common: common, frame: frame, loop: loop)
    }

    /// For a stretch of time: the place, in `places`, of each of its samples.
    ///
    /// - Parameters:
    ///   - start: of the first one, in the track's timescale.
    ///   - origin: where a round began, before or after.
    func indices(
        from start: Int64, count: Int, track: Track, origin: Ticks
    ) -> any Sequence<Int> {
        switch kind {
        case .pictures(let syncs):
            let first = firstPicture(syncs, start, track, origin)
            return (0..<count).lazy.map { (first + $0) % places.count }
        case .sound(let length, let common, let frame, let loop):
            let walk = SoundWalk(
                length: length, common: common, frame: Int128(frame), rate: Int128(track.timescale), loop: loop,
                origin: Int128(origin.rescaled(to: track.timescale, rounding: .up).value))
            return (0..<count).lazy.map { walk.index(of: start / frame + Int64($0)) }
        }
    }

    /// The one that needs no other which is nearest to where the loop is.
    private func firstPicture(_ syncs: [Int], _ start: Int64, _ track: Track, _ origin: Ticks) -> Int {
        guard syncs.count > 1, let rate = track.frameRate, origin.timescale > 0 else { return 0 }
        let elapsed =
            Int128(start) * Int128(origin.timescale) - Int128(origin.value) * Int128(track.timescale)
        let unit = Int128(track.timescale) * Int128(origin.timescale) * Int128(rate.denominator)
        let frames = Self.floor(elapsed * Int128(rate.numerator) * 2 + unit, 2 * unit)
        let place = Int(frames - Self.floor(frames, Int128(places.count)) * Int128(places.count))
        func distance(_ sync: Int) -> Int {
            let apart = abs(sync - place)
            return min(apart, places.count - apart)
        }
        return syncs.min { distance($0) < distance($1) } ?? 0
    }

    private struct SoundWalk {
        let length: Int
        let common: Int?
        let frame: Int128
        let rate: Int128
        let loop: Ticks
        let origin: Int128

        /// - Parameter number: of the frame, since the epoch.
        func index(of number: Int64) -> Int {
            if length == 1 { return 0 }
            // A round has the frames that begin in it: all of it in units of 1/timescale of the loop.
            let unit = Int128(loop.timescale)
            let step = Int128(loop.value) * rate
            let round = SlateSequence.floor((Int128(number) * frame - origin) * unit, step)
            let first = firstFrame(round, unit, step)
            let place = Int(Int128(number) - first)
            guard let common, place >= common, firstFrame(round + 1, unit, step) - first > Int128(length) else {
                return min(max(place, 0), length - 1)
            }
            return min(length + place - common, length + length - common)
        }

        private func firstFrame(_ round: Int128, _ unit: Int128, _ step: Int128) -> Int128 {
            -SlateSequence.floor(-(origin * unit + round * step), unit * frame)
        }
    }

    /// Rounded down, also below zero.
    static func floor(_ dividend: Int128, _ divisor: Int128) -> Int128 {
        let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
