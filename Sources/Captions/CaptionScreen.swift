/// 15 rows of 32 characters: what a CEA-608 decoder shows, or prepares. CTA-608-E, clause 7; 47 CFR 15.119 (d).
struct CaptionScreen: Equatable {
    static let rows = 15
    static let columns = 32

    private var cells = [Character?](repeating: nil, count: rows * columns)

    /// - Parameters: row, column: inside the screen.
    mutating func put(_ character: Character?, row: Int, column: Int) { cells[row * Self.columns + column] = character }

    mutating func clear(row: Int, from column: Int = 0) {
        for place in column..<Self.columns { put(nil, row: row, column: place) }
    }

    /// Moves the rows of a window up by one, whose last is then empty; what leaves it is gone.
    mutating func roll(up rows: ClosedRange<Int>) {
        for row in rows.dropLast() {
            for column in 0..<Self.columns { put(cells[(row + 1) * Self.columns + column], row: row, column: column) }
        }
        clear(row: rows.upperBound)
    }

    /// Moves a window of rows to another place, whose other rows become empty.
    mutating func move(_ rows: ClosedRange<Int>, to base: Int) {
        let old = self
        self = CaptionScreen()
        for (offset, row) in rows.reversed().enumerated() where base - offset >= 0 {
            for column in 0..<Self.columns {
                put(old.cells[row * Self.columns + column], row: base - offset, column: column)
            }
        }
    }

    /// The rows that have something, from above, without the space around it.
    var lines: [String] {
        (0..<Self.rows).compactMap { row in
            let cells = cells[row * Self.columns..<(row + 1) * Self.columns]
            guard cells.contains(where: { $0 != nil }) else { return nil }
            let text = String(cells.map { $0 ?? " " })
            let words = text.split(separator: " ", omittingEmptySubsequences: false)
            guard let first = words.firstIndex(where: { !$0.isEmpty }),
                let last = words.lastIndex(where: { !$0.isEmpty })
            else { return nil }
            return words[first...last].joined(separator: " ")
        }
    }
}
