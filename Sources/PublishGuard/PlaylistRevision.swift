import HLS
import Media

/// One revision of a media playlist, and whether it may follow another. RFC 8216, clause 6.2.
///
/// One that had ended may go on, as a channel does whose encoder comes back: who saw the end has stopped looking.
struct PlaylistRevision: Sendable {
    private let read: ReadPlaylist
    var playlist: MediaPlaylist { read.playlist }
    /// Of each segment, whether the tag stands there or went with those before it.
    let discontinuities: [UInt64]
    /// When each segment begins, in microseconds from the epoch; nil before the first EXT-X-PROGRAM-DATE-TIME.
    private let times: [Int64?]
    /// Those that speak of splices.
    private let splices: [DateRange]

    /// The number of the segment after the last.
    var end: UInt64 { number(at: playlist.segments.count) }

    func number(at place: Int) -> UInt64 { playlist.mediaSequence &+ UInt64(place) }

    /// - Parameter known: one from before, by which it is read sooner.
    /// - Throws: where the text is no playlist.
    init(parsing text: String, after known: PlaylistRevision? = nil) throws(Violation) {
        let read: ReadPlaylist
        do throws(PlaylistError) { read = try ReadPlaylist(parsing: text, after: known?.read) } catch {
            throw Violation("RFC 8216, 4.1", "it cannot be read: \(error)")
        }
        self.read = read
        let playlist = read.playlist
        var discontinuity = playlist.discontinuitySequence
        var next: Int64?
        var discontinuities: [UInt64] = []
        var times: [Int64?] = []
        for segment in playlist.segments {
            if segment.isDiscontinuity { discontinuity &+= 1 }
            discontinuities.append(discontinuity)
            let start = segment.programDateTime.map(Self.microseconds) ?? (segment.isDiscontinuity ? nil : next)
            times.append(start)
            next = start.map { $0 &+ Self.microseconds(segment.duration.duration) }
        }
        self.discontinuities = discontinuities
        self.times = times
        do throws(PlaylistError) {
            splices = try playlist.dateRanges().filter {
                $0.spliceOut != nil || $0.spliceIn != nil || $0.spliceCommand != nil
            }
        } catch {
            throw Violation("RFC 8216, 4.3.2.7", "\(error)")
        }
    }

    /// Tags with one ID describe one range.
    private func checkSplices(against others: [DateRange]) throws(Violation) {
        for range in splices {
            for other in others where other.id == range.id && !range.agrees(with: other) {
                throw Violation("RFC 8216, 4.3.2.7", "the range \(range.id) is not what it was")
            }
        }
    }

    /// What stands before a segment about the break that it begins, ends or is in.
    private static func cues(_ segment: MediaSegment) -> [String] {
        segment.unknownTags.filter { $0.hasPrefix("#EXT-X-CUE-") }
    }

    /// What is wrong with the revision by itself.
    func check(_ expectations: ManifestExpectations) throws(Violation) {
        for (index, segment) in playlist.segments.enumerated() {
            let number = playlist.mediaSequence &+ UInt64(index)
            let rounded = segment.duration.duration.rescaled(to: 1, rounding: .nearest).value
            guard rounded <= Int64(clamping: playlist.targetDuration), segment.duration.duration.value > 0 else {
                throw Violation(
                    "RFC 8216, 4.3.3.1", "segment \(number) lasts \(rounded) s of \(playlist.targetDuration) s at most")
            }
            if let first = expectations.protectedFrom, number >= first, !segment.isGap,
                segment.keys.isEmpty || segment.keys.contains(where: { $0.method == .none })
            {
                throw Violation("RFC 8216, 4.3.2.4", "segment \(number) has no key")
            }
            try checkTime(index, number)
        }
        try checkParts()
        try checkSplices(against: splices)
    }

    /// Times go on as the durations say, or a discontinuity is there.
    private func checkTime(_ index: Int, _ number: UInt64) throws(Violation) {
        guard index > 0, !playlist.segments[index].isDiscontinuity, let start = times[index],
            let before = times[index - 1]
        else { return }
        let expected = before &+ Self.microseconds(playlist.segments[index - 1].duration.duration)
        // Audio frames and milliseconds do not end where segments do.
        guard (start &- expected).magnitude <= 100_000 else {
            throw Violation(
                "RFC 8216, 4.3.2.6", "segment \(number) begins \((start &- expected) / 1000) ms off its place")
        }
    }

    /// Whether it may take the place of `previous`.
    func check(after previous: PlaylistRevision, _ expectations: ManifestExpectations) throws(Violation) {
        let before = previous.playlist
        guard playlist.targetDuration == before.targetDuration else {
            throw Violation(
                "RFC 8216, 6.2.1", "the target duration is \(playlist.targetDuration), it was \(before.targetDuration)")
        }
        guard playlist.hasIndependentSegments == before.hasIndependentSegments,
            playlist.isIFramesOnly == before.isIFramesOnly
        else { throw Violation("RFC 8216, 6.2.1", "what is said of all segments has changed") }
        guard playlist.mediaSequence >= before.mediaSequence else {
            throw Violation(
                "RFC 8216, 6.2.2", "it begins with segment \(playlist.mediaSequence), it was \(before.mediaSequence)")
        }
        guard end >= previous.end else {
            throw Violation("RFC 8216, 6.2.1", "it ends before segment \(end), it was \(previous.end)")
        }
        let overlaps = playlist.mediaSequence < previous.end
        guard playlist.playlistType == before.playlistType || playlist.playlistType == nil || !overlaps else {
            throw Violation("RFC 8216, 6.2.1", "its type has changed")
        }
        guard
            playlist.playlistType != .event || before.playlistType != .event || !overlaps
                || playlist.mediaSequence == before.mediaSequence
        else { throw Violation("RFC 8216, 4.3.3.5", "a segment of an event was removed") }
        if !overlaps, let first = discontinuities.first, let last = previous.discontinuities.last, first < last {
            throw Violation("RFC 8216, 6.2.2", "the discontinuity sequence is \(first), it was \(last)")
        }
        try checkSplices(against: previous.splices)
        try checkSegments(after: previous, expectations)
        try checkParts(after: previous)
    }

    private func checkSegments(
        after previous: PlaylistRevision, _ expectations: ManifestExpectations
    ) throws(Violation) {
        for (index, segment) in playlist.segments.enumerated() {
            let number = playlist.mediaSequence &+ UInt64(index)
            guard number < previous.end else {
                guard segment.isGap || expectations.isReadable(number) else {
                    throw Violation("RFC 8216, 6.2.1", "segment \(number) cannot be read")
                }
                continue
            }
            let place = Int(number - previous.playlist.mediaSequence)
            let old = previous.playlist.segments[place]
            guard segment.uri == old.uri, segment.duration == old.duration, segment.byteRange == old.byteRange,
                segment.isGap == old.isGap, segment.keys == old.keys, segment.map == old.map
            else { throw Violation("RFC 8216, 6.2.1", "segment \(number) is not what it was: \(segment.uri)") }
            guard Self.cues(segment) == Self.cues(old) else {
                throw Violation("RFC 8216, 6.2.1", "segment \(number) has other ad markers than it had")
            }
            guard discontinuities[index] == previous.discontinuities[place] else {
                throw Violation(
                    "RFC 8216, 6.2.2",
                    "segment \(number) has discontinuity \(discontinuities[index]), "
                        + "it was \(previous.discontinuities[place])")
            }
            if let time = times[index], let known = previous.times[place], (time &- known).magnitude > 100_000 {
                throw Violation("RFC 8216, 4.3.2.6", "segment \(number) has moved by \((time &- known) / 1000) ms")
            }
        }
    }

    static func microseconds(_ ticks: Ticks) -> Int64 { ticks.rescaled(to: 1_000_000).value }
}
