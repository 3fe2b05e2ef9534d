/// How many connections are open, and how many of each address; decides whether there may be one more.
struct ConnectionCounts {
    enum Verdict: Equatable {
        case admitted
        /// All places are taken: of everybody, or of that address.
        case full
        case fullOfOne
    }

    private let maximum: Int
    private let maximumOfOne: Int
    private(set) var open = 0
    /// Never more than are open.
    private var ofOne: [UInt64: Int] = [:]

    init(maximum: Int, maximumOfOne: Int) {
        self.maximum = maximum
        self.maximumOfOne = maximumOfOne
    }

    /// - Parameter key: nil: whose connections are not counted by address.
    mutating func opens(_ key: UInt64?) -> Verdict {
        guard open < maximum else { return .full }
        if let key, !belongs(to: key) { return .fullOfOne }
        open += 1
        return .admitted
    }

    /// One that is open turns out to be that address's.
    /// - Returns: whether it may have one more; if not, nothing has changed.
    mutating func belongs(to key: UInt64) -> Bool {
        let count = ofOne[key, default: 0]
        guard count < maximumOfOne else { return false }
        ofOne[key] = count + 1
        return true
    }

    /// Of one that was admitted.
    /// - Parameter key: nil: it was nobody's.
    mutating func closes(_ key: UInt64?) {
        open -= 1
        guard let key, let count = ofOne[key] else { return }
        ofOne[key] = count > 1 ? count - 1 : nil
    }
}
