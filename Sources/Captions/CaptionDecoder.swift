/// One channel of CEA-608: pairs of bytes in, lines of text out. CTA-608-E, clauses 7 to 9 and B; 47 CFR 15.119.
///
/// Colours, italics and places on the screen are left aside. Any bytes may come: what has no meaning changes nothing.
package struct CaptionDecoder: Sendable {
    private enum Mode: Sendable { case none, popOn, paintOn, rollUp(Int), text }

    /// 0 or 1: which field of a frame.
    private let field: Int
    /// 0 or 1: which of the two channels of a field.
    private let channel: UInt8
    private var mode = Mode.none
    private var displayed = CaptionScreen()
    private var prepared = CaptionScreen()
    private var row = CaptionScreen.rows - 1
    private var column = 0
    /// Whether what follows is of this channel, and of captions.
    private var isSelected = false
    private var lastControl: (UInt8, UInt8)?

    /// - Parameter number: 1 to 4, for CC1 to CC4.
    package init(channel number: UInt8) {
        field = number > 2 ? 1 : 0
        channel = number % 2 == 0 ? 1 : 0
    }

    /// What is to be seen, a line each.
    package var lines: [String] { displayed.lines }

    /// Whether it changes a character at a time, and not at once.
    package var grows: Bool {
        switch mode {
        case .paintOn, .rollUp: true
        case .none, .popOn, .text: false
        }
    }

    /// Takes two bytes of a frame, with their parity.
    package mutating func take(_ pair: CaptionPair) {
        guard pair.field == field else { return }
        // A byte whose parity is wrong was damaged: a control code is none, a character is shown as a block.
        let isDamaged = (Self.isDamaged(pair.first), Self.isDamaged(pair.second))
        let (first, second) = (pair.first & 0x7F, pair.second & 0x7F)
        if (0x10...0x1F).contains(first) {
            guard !isDamaged.0, !isDamaged.1 else { return }
            return control(first, second)
        }
        // Padding between the two of a control code does not part them.
        if first == 0, second == 0 { return }
        lastControl = nil
        if (0x01...0x0F).contains(first) {
            // Extended data services, in between: up to the next control code of captions.
            isSelected = false
            return
        }
        guard isSelected else { return }
        if first >= 0x20 { write(isDamaged.0 ? "█" : CaptionCharacters.basic(first)) }
        if second >= 0x20 { write(isDamaged.1 ? "█" : CaptionCharacters.basic(second)) }
    }

    private static func isDamaged(_ byte: UInt8) -> Bool { byte.nonzeroBitCount % 2 == 0 }

    // MARK: Control codes

    private mutating func control(_ first: UInt8, _ second: UInt8) {
        guard second >= 0x20 else { return }
        // Sent twice, for safety.
        if let lastControl, lastControl == (first, second) {
            self.lastControl = nil
            return
        }
        lastControl = (first, second)
        guard first >> 3 & 1 == channel else {
            isSelected = false
            return
        }
        let code = first & 0xF7
        // The second field has a code of its own, which not everybody uses.
        if code == 0x14 || code == 0x15, (0x20...0x2F).contains(second) {
            isSelected = true
            return command(second)
        }
        if case .text = mode { return }
        isSelected = true
        switch (code, second) {
        case (_, 0x40...0x7F): place(code, second)
        case (0x11, 0x20...0x2F): write(" ")
        case (0x11, 0x30...0x3F): CaptionCharacters.special(second).map { write($0) }
        case (0x12...0x13, 0x20...0x3F):
            guard let character = CaptionCharacters.extended(code, second) else { return }
            column = max(column - 1, 0)
            write(character)
        case (0x17, 0x21...0x23): column = min(column + Int(second - 0x20), CaptionScreen.columns - 1)
        default: break
        }
    }

    private mutating func command(_ code: UInt8) {
        switch code {
        case 0x20: mode = .popOn
        case 0x21: eraseBefore()
        case 0x24: change { $0.clear(row: $1, from: $2) }
        case 0x25...0x27: beginRollUp(Int(code - 0x23))
        case 0x29: mode = .paintOn
        // Text mode, which is no captions.
        case 0x2A, 0x2B: mode = .text
        case 0x2C: displayed = CaptionScreen()
        case 0x2D: carriageReturn()
        case 0x2E: prepared = CaptionScreen()
        case 0x2F:
            mode = .popOn
            swap(&displayed, &prepared)
        default: break
        }
    }

    private mutating func beginRollUp(_ rows: Int) {
        if case .rollUp = mode {
        } else {
            displayed = CaptionScreen()
            prepared = CaptionScreen()
            (row, column) = (CaptionScreen.rows - 1, 0)
        }
        mode = .rollUp(rows)
    }

    private func window(_ rows: Int) -> ClosedRange<Int> { max(row - rows + 1, 0)...row }

    private mutating func carriageReturn() {
        guard case .rollUp(let rows) = mode else { return }
        displayed.roll(up: window(rows))
        column = 0
    }

    private mutating func eraseBefore() {
        column = max(column - 1, 0)
        change { $0.put(nil, row: $1, column: $2) }
    }

    /// A preamble address code: the row, and where in it. Table 53.
    private mutating func place(_ code: UInt8, _ second: UInt8) {
        let rows: [UInt8: Int] = [0x11: 1, 0x12: 3, 0x15: 5, 0x16: 7, 0x17: 9, 0x10: 11, 0x13: 12, 0x14: 14]
        guard let first = rows[code] else { return }
        let isSecond = second & 0x20 != 0 && code != 0x10
        let target = first - 1 + (isSecond ? 1 : 0)
        if case .rollUp(let count) = mode, target != row {
            displayed.move(window(count), to: target)
        }
        row = target
        column = second & 0x10 != 0 ? Int(second >> 1 & 7) * 4 : 0
    }

    // MARK: Characters

    private mutating func write(_ character: Character) {
        change { $0.put(character, row: $1, column: $2) }
        column = min(column + 1, CaptionScreen.columns - 1)
    }

    private mutating func change(_ body: (inout CaptionScreen, _ row: Int, _ column: Int) -> Void) {
        switch mode {
        case .none, .text: return
        case .popOn: body(&prepared, row, column)
        case .paintOn, .rollUp: body(&displayed, row, column)
        }
    }
}
