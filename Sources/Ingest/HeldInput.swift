import FLV
import Media

/// What a publication that waits keeps of its input: enough to make the segment under way from its beginning. Pure.
///
/// Kept from the last place before the segment ahead of the one under way where decoding can begin (the encoder on air
/// is behind by what its ladder takes); bounded in bytes, over which all goes, up to the next such place.
struct HeldInput: Sendable {
    struct Item: Sendable {
        let event: Event
        /// When it came, since the epoch: where its media lies, too.
        let now: Int64
    }

    private let duration: Ticks
    private let leading: Track.Kind
    private let leadingTrack: UInt8
    private(set) var items: [Item] = []
    /// Places in `items` where decoding can begin.
    private var beginnings: [Int] = []
    private var bytes = 0

    static let maximumBytes = 64 << 20
    static let maximumItems = 1 << 15
    /// What an item takes besides its media.
    private static let itemBytes = 128
    /// More than what a ladder moves its first picture by to lie on the grid, in milliseconds.
    private static let margin: Int64 = 50

    /// - Parameters:
    ///   - leading: what all is cut by, and its track.
    init(duration: Ticks, leading: Track.Kind, track: UInt8) {
        self.duration = duration
        self.leading = leading
        leadingTrack = track
    }

    /// - Returns: what is not kept any more and holds for what follows: configurations.
    mutating func append(_ event: Event, now: Int64) -> [Event] {
        let (size, begins): (Int, Bool)
        switch event {
        case .video(let track, _, _, _, let isSync, let data):
            (size, begins) = (data.count, isSync && leading == .video && track == leadingTrack)
        case .audio(let track, _, _, let data):
            (size, begins) = (data.count, leading == .audio && track == leadingTrack)
        case .videoConfiguration, .audioConfiguration, .unsupported: (size, begins) = (event.heldBytes, false)
        case .endOfSequence, .metadata, .message: return []
        }
        if begins { beginnings.append(items.count) }
        items.append(Item(event: event, now: now))
        bytes += size + Self.itemBytes
        guard bytes <= Self.maximumBytes, items.count <= Self.maximumItems else { return dropFirst(items.count) }
        guard begins else { return [] }
        let needed = start(of: max(number(at: now), 1) - 1)
        let last = beginnings.lastIndex { items[$0].now + Self.margin <= needed }
        return dropFirst(last.map { beginnings[$0] } ?? beginnings[0])
    }

    /// The first segment that all is here for; nil where nothing can be begun.
    var firstWhole: UInt64? { beginnings.first.map { number(at: items[$0].now + Self.margin - 1) + 1 } }

    /// What a ladder takes that begins with a segment, or as soon after as there is something.
    func items(from segment: UInt64) -> [Item] {
        let time = start(of: segment)
        let place = beginnings.last { items[$0].now + Self.margin <= time } ?? beginnings.first ?? items.count
        return items[..<place].filter(\.event.isConfiguration) + items[place...]
    }

    private mutating func dropFirst(_ count: Int) -> [Event] {
        guard count > 0 else { return [] }
        let dropped = items.prefix(count).map(\.event).filter(\.isConfiguration)
        items.removeFirst(count)
        beginnings = beginnings.compactMap { $0 >= count ? $0 - count : nil }
        bytes = items.reduce(0) { $0 + $1.event.heldBytes + Self.itemBytes }
        return dropped
    }

    private func number(at time: Int64) -> UInt64 {
        UInt64(clamping: Int128(time) * Int128(duration.timescale) / (Int128(max(duration.value, 1)) * 1000))
    }

    /// In milliseconds. Saturates.
    private func start(of segment: UInt64) -> Int64 {
        Int64(clamping: Int128(segment) * Int128(duration.value) * 1000 / Int128(max(duration.timescale, 1)))
    }
}

extension Event {
    fileprivate var isConfiguration: Bool {
        switch self {
        case .videoConfiguration, .audioConfiguration, .unsupported: true
        case .video, .audio, .endOfSequence, .metadata, .message: false
        }
    }

    /// What it takes: of a configuration the record, and what was read out of it.
    fileprivate var heldBytes: Int {
        switch self {
        case .videoConfiguration(.avc(let record), _): 2 * record.bytes.count
        case .videoConfiguration(.hevc(let record), _): 2 * record.bytes.count
        case .videoConfiguration(.av1(let record), _): 2 * record.bytes.count
        case .audioConfiguration(.aac(let configuration), _): configuration.bytes.count
        case .audioConfiguration(.opus(let configuration), _): configuration.bytes.count
        case .audioConfiguration(.flac(let information), _): information.bytes.count
        case .unsupported(let reason, _, _): reason.utf8.count
        case .video(_, _, _, _, _, let data): data.count
        case .audio(_, _, _, let data): data.count
        default: 0
        }
    }
}
