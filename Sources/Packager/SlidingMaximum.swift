/// The greatest of values that come at the end and leave at the front, by their numbers; at a constant cost for each.
struct SlidingMaximum<Value: Comparable & Sendable>: Sendable {
    private struct Entry {
        let number: UInt64
        let value: Value
    }

    /// Falling: what comes before a greater one will never be the greatest again. Those before `first` have left.
    private var entries: [Entry] = []
    private var first = 0

    var maximum: Value? { first < entries.count ? entries[first].value : nil }

    /// - Parameter number: above all before.
    mutating func append(_ value: Value, _ number: UInt64) {
        while entries.count > first, let last = entries.last, last.value <= value { entries.removeLast() }
        entries.append(Entry(number: number, value: value))
    }

    mutating func remove(before number: UInt64) {
        while first < entries.count, entries[first].number < number { first += 1 }
        // In steps of half, so that each is moved once on average.
        guard first * 2 > entries.count else { return }
        entries.removeFirst(first)
        first = 0
    }
}
