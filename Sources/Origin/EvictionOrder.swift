/// Who leaves the cache next: first what left its window, then what was used longest ago. Each step costs the same
/// however much there is.
struct EvictionOrder {
    /// The window that an answer is of, and its place in it.
    struct Residence: Sendable, Equatable {
        var window: String
        var segment: UInt64
        /// The first one that the window lists now.
        var firstListed: UInt64
    }

    private struct Node {
        var key: String
        var residence: (window: String, segment: UInt64)?
        var hasLeft = false
        var previous = Self.none
        var next = Self.none

        static let none = -1
    }

    /// Those of one window that have not left it, by segment.
    private struct Window {
        var firstListed: UInt64 = 0
        var slots: [UInt64: Set<Int>] = [:]
    }

    private struct List {
        var first = Node.none
        var last = Node.none
    }

    private var nodes: [Node] = []
    private var free: [Int] = []
    private var windows: [String: Window] = [:]
    private var listed = List()
    private var left = List()

    /// Whom to evict.
    var next: String? {
        let slot = left.first != Node.none ? left.first : listed.first
        return slot == Node.none ? nil : nodes[slot].key
    }

    /// - Returns: what to name it by from now on.
    mutating func insert(_ key: String, _ residence: Residence?) -> Int {
        var node = Node(key: key)
        if let residence {
            show(residence.window, firstListed: residence.firstListed)
            node.residence = (residence.window, residence.segment)
            node.hasLeft = residence.segment < windows[residence.window]?.firstListed ?? 0
        }
        let slot = free.popLast() ?? nodes.count
        if slot == nodes.count { nodes.append(node) } else { nodes[slot] = node }
        if let residence, !node.hasLeft {
            windows[residence.window]?.slots[residence.segment, default: []].insert(slot)
        }
        if let residence { forgetIfEmpty(residence.window) }
        append(slot)
        return slot
    }

    mutating func use(_ slot: Int) {
        unlink(slot)
        append(slot)
    }

    mutating func remove(_ slot: Int) {
        unlink(slot)
        if let (name, segment) = nodes[slot].residence, !nodes[slot].hasLeft {
            windows[name]?.slots[segment]?.remove(slot)
            if windows[name]?.slots[segment]?.isEmpty == true { windows[name]?.slots[segment] = nil }
            forgetIfEmpty(name)
        }
        nodes[slot] = Node(key: "")
        free.append(slot)
    }

    /// A window of which nothing listed is there is forgotten, or each channel that ever was would be here. What comes of it
    /// says anew where it begins.
    private mutating func forgetIfEmpty(_ name: String) {
        if windows[name]?.slots.isEmpty == true { windows[name] = nil }
    }

    /// Windows that are known.
    var windowCount: Int { windows.count }

    /// A window goes on: what it lists no longer goes first, in the order in which it was used.
    private mutating func show(_ name: String, firstListed: UInt64) {
        guard var window = windows[name] else {
            windows[name] = Window(firstListed: firstListed)
            return
        }
        guard firstListed > window.firstListed else { return }
        window.firstListed = firstListed
        let gone = window.slots.keys.filter { $0 < firstListed }.sorted()
        let slots = gone.flatMap { window.slots.removeValue(forKey: $0)?.sorted() ?? [] }
        windows[name] = window
        for slot in slots {
            unlink(slot)
            nodes[slot].hasLeft = true
            append(slot)
        }
    }

    private mutating func append(_ slot: Int) {
        if nodes[slot].hasLeft {
            Self.append(slot, to: &left, &nodes)
        } else {
            Self.append(slot, to: &listed, &nodes)
        }
    }

    private mutating func unlink(_ slot: Int) {
        if nodes[slot].hasLeft {
            Self.unlink(slot, from: &left, &nodes)
        } else {
            Self.unlink(slot, from: &listed, &nodes)
        }
    }

    private static func append(_ slot: Int, to list: inout List, _ nodes: inout [Node]) {
        nodes[slot].previous = list.last
        nodes[slot].next = Node.none
        if list.last == Node.none { list.first = slot } else { nodes[list.last].next = slot }
        list.last = slot
    }

    private static func unlink(_ slot: Int, from list: inout List, _ nodes: inout [Node]) {
        let (previous, next) = (nodes[slot].previous, nodes[slot].next)
        if previous == Node.none { list.first = next } else { nodes[previous].next = next }
        if next == Node.none { list.last = previous } else { nodes[next].previous = previous }
    }
}
