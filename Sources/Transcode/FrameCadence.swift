/// Puts pictures that come at any time onto a frame grid: each place once, none left out, the nearest picture in each.
///
/// One picture is held back until the next one shows that none nearer comes.
struct FrameCadence<Picture> {
    struct Emission {
        let index: Int64
        let picture: Picture
        /// The picture was given out before.
        let isRepeated: Bool
    }

    private let grid: FrameGrid
    /// The place to be filled next.
    private(set) var next: Int64
    private var held: (index: Int64, distance: Int64, picture: Picture)?
    private var last: Picture?
    private(set) var dropped: UInt64 = 0
    private(set) var repeated: UInt64 = 0

    /// - Parameter first: the first place to be filled; earlier pictures are dropped.
    init(grid: FrameGrid, first: Int64) {
        self.grid = grid
        next = first
    }

    mutating func add(_ picture: Picture, at time: Int64) -> [Emission] {
        let (index, distance) = place(of: time)
        guard index >= next else {
            // Better than nothing should the first place stay empty.
            if last == nil, held == nil { last = picture }
            dropped += 1
            return []
        }
        guard let old = held else {
            held = (index, distance, picture)
            return []
        }
        if index > old.index {
            let emissions = release(old)
            held = (index, distance, picture)
            return emissions
        }
        if index == old.index, distance < old.distance { held = (index, distance, picture) }
        dropped += 1
        return []
    }

    mutating func finish() -> [Emission] {
        guard let held else { return [] }
        self.held = nil
        return release(held)
    }

    /// Nearest place; half way between two, the one not yet taken, so that jitter around the middle neither doubles
    /// nor loses pictures.
    private func place(of time: Int64) -> (index: Int64, distance: Int64) {
        let (floor, thousandths) = grid.place(of: time)
        let expected = held.map { $0.index + 1 } ?? next
        let index: Int64
        switch thousandths {
        case ..<300: index = floor
        case 701...: index = floor + 1
        default: index = expected == floor || expected == floor + 1 ? expected : thousandths < 500 ? floor : floor + 1
        }
        return (index, index == floor ? thousandths : 1000 - thousandths)
    }

    private mutating func release(_ held: (index: Int64, distance: Int64, picture: Picture)) -> [Emission] {
        var emissions: [Emission] = []
        emissions.reserveCapacity(Int(clamping: held.index - next + 1))
        var isShown = false
        while next < held.index {
            emissions.append(
                Emission(index: next, picture: last ?? held.picture, isRepeated: last != nil || isShown))
            isShown = isShown || last == nil
            repeated += 1
            next += 1
        }
        emissions.append(Emission(index: held.index, picture: held.picture, isRepeated: isShown))
        next += 1
        last = held.picture
        return emissions
    }
}
