internal import Media

/// Writes segments of a media playlist one behind the other, keys and map where they change. RFC 8216, clause 4.3.2.
struct SegmentWriter {
    private(set) var text = ""
    private(set) var state: SegmentState

    /// - Parameter capacity: the bytes that are expected.
    init(capacity: Int = 0, state: SegmentState = SegmentState()) {
        self.state = state
        text.reserveCapacity(capacity)
    }

    mutating func add(_ line: String) {
        text += line
        text += "\n"
    }

    mutating func add(_ older: OlderSegments) {
        switch older {
        case .segments(let segments): for segment in segments { write(segment) }
        case .rendered(let rendered, let index):
            text += rendered.lines(from: index)
            state = rendered.end
        }
    }

    mutating func write(_ segment: MediaSegment) {
        if segment.isDiscontinuity { add("#EXT-X-DISCONTINUITY") }
        var (keys, map) = (state.keys, state.map)
        if segment.isMapClear, let next = segment.map, next != map {
            if !keys.isEmpty { add(Key(method: .none).line) }
            add(next.line)
            (keys, map) = ([], next)
        }
        addProtection(segment.keys, segment.isMapClear ? nil : segment.map, after: keys, map)
        state.pass(segment)
        if let time = segment.programDateTime { addDate(time) }
        for tag in segment.unknownTags { addTag(tag) }
        if segment.isGap { add("#EXT-X-GAP") }
        for part in segment.parts { add(part.line) }
        add(segment.duration)
        if let range = segment.byteRange { add("\(ByteRange.tag):\(range.text)") }
        add(PlaylistText.uri(segment.uri))
    }

    mutating func write(_ segment: SegmentInProgress) {
        if segment.isDiscontinuity { add("#EXT-X-DISCONTINUITY") }
        addProtection(segment.keys, segment.map, after: state.keys, state.map)
        if let time = segment.programDateTime { addDate(time) }
        for tag in segment.unknownTags { addTag(tag) }
        for part in segment.parts { add(part.line) }
    }

    mutating func addTag(_ tag: String) {
        let line = PlaylistText.line(tag)
        add(line.hasPrefix("#") ? line : "#" + line)
    }

    private mutating func add(_ duration: SegmentDuration) {
        text += SegmentDuration.tag
        text += ":"
        text += DecimalSeconds.text(duration.duration)
        text += ","
        if !duration.title.isEmpty { text += PlaylistText.line(duration.title) }
        text += "\n"
    }

    private mutating func addDate(_ time: Ticks) {
        text += "#EXT-X-PROGRAM-DATE-TIME:"
        text += CivilTime(time).iso8601
        text += "\n"
    }

    /// The keys where they change, and the map after them where it changes or they do.
    private mutating func addProtection(
        _ keys: [Key], _ map: MediaInitialization?, after oldKeys: [Key], _ oldMap: MediaInitialization?
    ) {
        let isSame = keys == oldKeys
        if !isSame { for line in Self.keyLines(from: oldKeys, to: keys) { add(line) } }
        guard let map, map != oldMap || !isSame else { return }
        add(map.line)
    }

    /// A key stays in force until another of its format, so a format that is dropped is ended by NONE.
    private static func keyLines(from old: [Key], to new: [Key]) -> [String] {
        let formats = Set(new.map { $0.keyFormat ?? Key.identity })
        let isDropping = old.contains { !formats.contains($0.keyFormat ?? Key.identity) }
        return (isDropping ? [Key(method: .none).line] : []) + new.map(\.line)
    }
}

extension MediaSegment {
    /// In seconds, to the nearest.
    var roundedDuration: UInt64 { UInt64(clamping: duration.duration.rescaled(to: 1, rounding: .nearest).value) }

    package var dateRangeLines: [String] { unknownTags.filter { $0.hasPrefix(DateRange.tag) } }

    /// The least protocol version that a client must know for it; 0: any. RFC 8216, clause 7.
    func version(isIFramesOnly: Bool) -> Int {
        var version = byteRange == nil ? 0 : 4
        if map != nil { version = max(version, isIFramesOnly ? 5 : 6) }
        for key in keys { version = max(version, key.version) }
        return version
    }
}
