import Media
import Settings
package import Timeline

/// Where the media of a part is.
package enum PartMedia: Sendable {
    /// - Parameter after: the chunks before it in its segment, where these are needed to protect it.
    case chunk(ClearMedia, after: [ClearMedia])
    /// In its whole segment.
    /// - Parameter after: what is before it there, likewise.
    case range(Range<Int>, after: Range<Int>)
}

/// Low latency: how far a track is, and what of it can be asked for. RFC 8216bis (draft 16), clauses 6.2.5.2 and 6.2.6.
extension EndpointWindow {
    /// What is there of a track in the segment under way.
    func shareUnderWay(of track: String) -> (stored: StoredTrack, share: TrackSegment, isEnded: Bool)? {
        guard let underWay, let (stored, share) = share(of: track, in: underWay.bound),
            let place = trackSets[underWay.bound.segment.generation]?.index(of: track), place < underWay.isEnded.count
        else { return nil }
        let fitting = fitting(share, stored)
        guard endpoint.package == .hls, fitting.count < share.chunks.count else {
            return (stored, share, underWay.isEnded[place])
        }
        // Nothing more of it is listed before it is whole.
        guard let last = fitting.last else { return nil }
        let fit = TrackSegment(
            decodeTime: share.decodeTime, duration: fitting.reduce(0) { $0 + $1.duration },
            byteCount: last.offset + last.byteCount, chunks: Array(fitting))
        return (stored, fit, true)
    }

    /// The parts up to the first that is longer than PART-TARGET, as after a hole, or where they were cut longer than they
    /// may be now. What fills in for a lost input is cut at times, and may be a frame longer.
    private func fitting(_ share: TrackSegment, _ stored: StoredTrack) -> ArraySlice<ChunkPlace> {
        guard let partTarget else { return [] }
        let limit = partTarget.rescaled(to: 1_000_000).value + 50_000
        return share.chunks.prefix {
            Ticks($0.duration, timescale: stored.track.timescale).rescaled(to: 1_000_000).value <= limit
        }
    }

    /// The parts of a track in a whole segment; none where a slate stands for it.
    func parts(of track: String, in segment: BoundSegment) -> [ChunkPlace] {
        guard segment.run.slate == nil, let (stored, share) = share(of: track, in: segment) else { return [] }
        return Array(fitting(share, stored))
    }

    /// The newest that a track's playlist lists.
    package func newest(of track: String) -> MediaPosition? {
        if let underWay, let open = shareUnderWay(of: track) {
            return MediaPosition(segment: underWay.bound.number, part: UInt64(open.share.chunks.count - 1))
        }
        guard let last = segments.last else { return nil }
        let count = parts(of: track, in: last).count
        return MediaPosition(segment: last.number, part: count > 0 ? UInt64(count - 1) : nil)
    }

    /// The part that comes next; nil where nothing comes.
    package func hinted(of track: String) -> MediaPosition? {
        guard partTarget != nil, !isEnded, let last = segments.last, last.number < .max - 2 else { return nil }
        guard let open = shareUnderWay(of: track) else { return MediaPosition(segment: last.number + 1, part: 0) }
        return open.isEnded
            ? MediaPosition(segment: last.number + 2, part: 0)
            : MediaPosition(segment: last.number + 1, part: UInt64(open.share.chunks.count))
    }

    /// Whether a track's playlist has come as far as that. A part behind the last of its segment is the first of the
    /// next one.
    package func reaches(_ position: MediaPosition, of track: String) -> Bool {
        guard let last = segments.last else { return false }
        guard position.segment >= last.number, let part = position.part else { return position.segment <= last.number }
        let open = shareUnderWay(of: track)
        if position.segment == last.number {
            let count = parts(of: track, in: last).count
            return count == 0 || part < UInt64(count) || open != nil
        }
        return position.segment - 1 == last.number && open.map { part < UInt64($0.share.chunks.count) } ?? false
    }

    /// The same place by its own name: a part behind the last of its segment is the first of the next one, however far
    /// behind (clause 6.2.5.2). There is one name for each that can be waited for.
    package func canonical(_ position: MediaPosition, of track: String) -> MediaPosition {
        guard let last = segments.last, last.number < .max - 2, let part = position.part else { return position }
        if position.segment == last.number, part >= UInt64(parts(of: track, in: last).count) {
            return MediaPosition(segment: last.number + 1, part: 0)
        }
        if position.segment == last.number + 1, let open = shareUnderWay(of: track), open.isEnded,
            part >= UInt64(open.share.chunks.count)
        {
            return MediaPosition(segment: last.number + 2, part: 0)
        }
        return position
    }

    /// Whether no player that keeps to what it was told can ask for that yet.
    package func isTooFarAhead(_ position: MediaPosition, of track: String) -> Bool {
        guard let last = segments.last, let partTarget else { return true }
        guard position.segment > last.number else { return false }
        if position.segment - last.number > 2 { return true }
        guard let part = position.part else { return false }
        // Three seconds of parts, three at least.
        let limit = max(UInt64(clamping: 3000 / max(partTarget.milliseconds, 1)), 3)
        let newest = newest(of: track).flatMap { $0.segment == position.segment ? $0.part : nil }
        return part > (newest.map { $0 + limit } ?? limit)
    }

    /// How many parts are there of a track in a segment, and whether those are all; nil where it is not there.
    /// - Parameter revision: under which it is asked for.
    package func progress(of number: UInt64, track: String, revision: String) -> (count: Int, isWhole: Bool)? {
        guard partTarget != nil, revision == self.revision else { return nil }
        if let underWay, underWay.bound.number == number {
            return shareUnderWay(of: track).map { ($0.share.chunks.count, $0.isEnded) }
        }
        guard let bound = segment(number), bound.run.slate == nil, let (_, share) = share(of: track, in: bound) else {
            return nil
        }
        return (share.chunks.count, true)
    }

    /// The clear media of a part that is there, and the segment whose key it has.
    package func part(_ position: MediaPosition, of track: String) -> (StoredTrack, PartMedia, BoundSegment)? {
        guard partTarget != nil, let number = position.part.flatMap({ Int(exactly: $0) }) else { return nil }
        if let underWay, underWay.bound.number == position.segment {
            guard let (stored, _) = share(of: track, in: underWay.bound),
                let place = trackSets[underWay.bound.segment.generation]?.index(of: track),
                place < underWay.parts.count, number < underWay.parts[place].count
            else { return nil }
            let earlier = ChunkProtection.needsEarlier(stored) ? Array(underWay.parts[place][..<number]) : []
            return (stored, .chunk(underWay.parts[place][number], after: earlier), underWay.bound)
        }
        guard let bound = segment(position.segment), bound.run.slate == nil,
            let (stored, share) = share(of: track, in: bound), number < share.chunks.count
        else { return nil }
        let chunk = share.chunks[number]
        let earlier = 0..<(ChunkProtection.needsEarlier(stored) ? chunk.offset : 0)
        return (stored, .range(chunk.offset..<chunk.offset + chunk.byteCount, after: earlier), bound)
    }
}
