/// Where segments begin: on the grid, but for those that begin at a splice instead (docs/decisions/0029).
package struct SegmentBoundaries: Sendable, Hashable {
    /// The beginning of a segment away from its place on the grid.
    package struct Move: Sendable, Hashable {
        package let number: UInt64
        /// In 90 kHz ticks since the epoch.
        package let time: Int64
    }

    package let grid: SegmentGrid
    /// The newest last.
    private var moves: [Move] = []

    /// What lies further back than these is written long since.
    private static let mostMoves = 16
    /// A beginning that is so near may be written already, in ticks: a quarter of a second.
    private static let margin: Int64 = 22_500

    package init(_ grid: SegmentGrid) { self.grid = grid }

    /// The number of the segment that `time` (not before the epoch) lies in.
    package func number(at time: Int64, timescale: UInt32) -> UInt64 {
        let number = grid.number(at: time, timescale: timescale)
        guard !moves.isEmpty else { return number }
        func isBefore(_ move: Move) -> Bool {
            Int128(time) * Int128(TimeMapping.timescale) < Int128(move.time) * Int128(timescale)
        }
        if let next = move(of: number &+ 1), !isBefore(next) { return next.number }
        if let own = move(of: number), isBefore(own) { return number - 1 }
        return number
    }

    /// Where a segment begins, in 90 kHz ticks, rounded up.
    package func start(of number: UInt64) -> Int64 {
        move(of: number)?.time ?? grid.start(of: number, timescale: TimeMapping.timescale)
    }

    package mutating func apply(_ move: Move) {
        moves.append(move)
        if moves.count > Self.mostMoves { moves.removeFirst() }
    }

    /// What makes a segment begin at a splice: the nearer one of the two boundaries around it moves there, if nothing of
    /// it is decided yet and every segment stays between an eighth and one and a half times the duration. Where the next
    /// segment would be longer than that, its end moves too.
    ///
    /// - Parameters:
    ///   - time: of the splice, in 90 kHz ticks.
    ///   - edge: what lies before is made already.
    ///   - frames: where segments can begin; nil: anywhere.
    /// - Returns: none where a segment begins there anyway, or none can.
    func moves(to time: Int64, notBefore edge: Int64, on frames: FrameGrid?) -> [Move] {
        let number = number(at: time, timescale: TimeMapping.timescale)
        guard time >= edge, number > 0, number < .max - 3 else { return [] }
        let (begin, end) = (start(of: number), start(of: number + 1))
        guard time > begin, time < end else { return [] }
        let duration =
            grid.start(of: number + 1, timescale: TimeMapping.timescale)
            - grid.start(of: number, timescale: TimeMapping.timescale)
        let lengths = duration / 8...duration / 2 * 3
        let canBeginLate =
            move(of: number) == nil && lengths.contains(end - time) && lengths.contains(time - start(of: number - 1))
            && begin >= edge + Self.margin
        let canEndEarly = move(of: number + 1) == nil && lengths.contains(time - begin)
        let next = start(of: number + 2)
        if canEndEarly, lengths.contains(next - time), !canBeginLate || end - time <= time - begin {
            return [Move(number: number + 1, time: time)]
        }
        if canBeginLate { return [Move(number: number, time: time)] }
        let latest = time + lengths.upperBound
        let pulled = frames.map { $0.time(of: $0.place(of: latest).index) } ?? latest
        guard canEndEarly, move(of: number + 2) == nil, pulled < next,
            lengths.contains(start(of: number + 3) - pulled)
        else { return [] }
        return [Move(number: number + 1, time: time), Move(number: number + 2, time: pulled)]
    }

    private func move(of number: UInt64) -> Move? { moves.last { $0.number == number } }
}
