import RTMPServer

/// What was read ahead, in the order in which it is due: containers keep picture and sound apart by up to a second or two.
///
/// What begins with a join comes after all that was before it. Pure, and bounded in time, bytes and items.
struct FileQueue: Sendable {
    struct Item: Sendable {
        /// Of which file.
        let file: UInt64
        /// By the input's clock, in nanoseconds.
        let time: Int64
        /// Counts joins.
        let stretch: UInt64
        let isSound: Bool
        /// What decoders are told: before all of its stretch.
        let isOpening: Bool
        let messages: [RTMPMessage]
    }

    private var items: ArraySlice<Item> = []
    private var bytes = 0
    private var stretch: UInt64 = 0
    /// Nothing of the stretch under way is due before.
    private var floor = Int64.min

    /// So much is read ahead: how far apart picture and sound of the same time lie in files, and the time to open one.
    private static let span: Int64 = 1_500_000_000
    private static let mostBytes = 96 << 20
    private static let mostItems = 1 << 14

    var first: Item? { items.first }

    var isFull: Bool {
        guard let first = items.first, let last = items.last else { return false }
        return last.time - first.time >= Self.span || bytes >= Self.mostBytes || items.count >= Self.mostItems
    }

    /// - Parameter begins: a join lies before it.
    mutating func append(
        file: UInt64, time: Int64, begins: Bool, isSound: Bool, isOpening: Bool = false, messages: [RTMPMessage]
    ) {
        if begins {
            stretch += 1
            floor = items.last?.time ?? floor
        }
        let item = Item(
            file: file, time: max(time, floor), stretch: stretch, isSound: isSound, isOpening: isOpening,
            messages: messages)
        bytes += item.size
        var place = items.endIndex
        while place > items.startIndex, items[place - 1].stretch == stretch, !items[place - 1].isOpening,
            items[place - 1].time > item.time
        {
            place -= 1
        }
        items.insert(item, at: place)
    }

    mutating func popFirst() -> Item? {
        guard let item = items.popFirst() else { return nil }
        bytes -= item.size
        return item
    }

    /// Sound of a file that begins where its picture is over.
    mutating func dropSound(of file: UInt64, from time: Int64) {
        drop { $0.file == file && $0.isSound && $0.time >= time }
    }

    mutating func dropAll(of file: UInt64) { drop { $0.file == file } }

    private mutating func drop(_ isDropped: (Item) -> Bool) {
        items.removeAll(where: isDropped)
        bytes = items.reduce(0) { $0 + $1.size }
    }
}

extension FileQueue.Item {
    /// Beside its media.
    private static let overhead = 256

    fileprivate var size: Int { messages.reduce(Self.overhead) { $0 + $1.payload.count } }
}
