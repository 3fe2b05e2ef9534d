import Media

/// How far a channel has come: what may never go back or come twice, whatever is left of its window.
struct WindowProgress: Sendable {
    /// Of each track that the channel ever had.
    var indexes: [String: UInt8] = [:]
    var nextGeneration: UInt64 = 1
    var discontinuitySequence: UInt64 = 0
    /// No segment number below this may be used again, whether its segment was finished or not.
    var firstFreeNumber: UInt64 = 0
    /// Where the listed media of each track ends, by name.
    var ends: [String: Ticks] = [:]
    /// How far parts may be shown: the disk knows.
    var underWay: Journal.UnderWay?
    /// The newest segment that was ever listed.
    var lastListed: UInt64?
    /// The segment that the event of `lastListed` began with; 0, from an earlier version, is unknown.
    var eventStart: UInt64?

    /// The next generation is one that was never given, whatever was not written down: of the next segment's number,
    /// which is never given twice either.
    mutating func skipGenerations() {
        let (generation, overflow) = firstFreeNumber.addingReportingOverflow(1 << 40)
        nextGeneration = max(nextGeneration, overflow ? .max - 1 : generation)
    }

    /// - Parameter window: in segments. After a pause as long as that another event begins.
    mutating func noteListed(_ number: UInt64, window: UInt64) {
        if let last = lastListed, number <= last { return }
        if lastListed.map({ number - $0 > window }) ?? true { eventStart = number }
        lastListed = number
    }

    mutating func noteEnds(_ segment: WindowSegment, _ set: TrackSet) {
        for (track, share) in zip(set.tracks, segment.tracks) {
            let (end, overflow) = share.decodeTime.addingReportingOverflow(share.duration)
            ends[track.track.name] = Ticks(overflow ? .max : end, timescale: track.track.timescale)
        }
    }

    /// After a restart: nothing that may have been shown of a segment comes again with other bytes.
    mutating func skip(_ underWay: Journal.UnderWay, tracks: [String]) {
        firstFreeNumber = max(firstFreeNumber, underWay.number &+ (underWay.number < .max ? 1 : 0))
        for track in tracks { ends[track] = max(ends[track] ?? underWay.samplesBefore, underWay.samplesBefore) }
    }

    /// After damage to the journal: goes past whatever the lost lines may have given away.
    /// - Parameters:
    ///   - identities: lines that may each have given one index and one generation.
    ///   - newestFile: the highest number that a file on the disk has.
    mutating func skipLost(identities: Int, newestFile: UInt64?) {
        if let newestFile { firstFreeNumber = max(firstFreeNumber, newestFile &+ (newestFile < .max ? 1 : 0)) }
        nextGeneration += UInt64(identities)
        // Free indexes are given from the lowest on: these are the ones that may be taken.
        for lost in 0..<min(identities, 256) {
            guard let free = (0...UInt8.max).first(where: { !indexes.values.contains($0) }) else { return }
            indexes["lost \(nextGeneration) \(lost)"] = free
        }
    }

    /// The segment durations from the epoch to the first segment that starts after all listed media. A copied segment
    /// can reach over the next ones.
    func firstCount(_ duration: Ticks) -> UInt64 {
        // The last audio frame of a segment ends a little behind it, on the grid where the next one's first begins.
        let tolerance = Int64(duration.timescale) * 3 / 20
        return ends.values.map { end in
            let media = max(end.rescaled(to: duration.timescale).value, tolerance) - tolerance
            return media == 0 ? 0 : UInt64((media - 1) / max(duration.value, 1)) + 1
        }.max() ?? 0
    }

    /// The index of a track: the one it has, or a free one, which is written to `records`.
    mutating func index(of name: String, _ records: inout [Journal.Record]) throws(ParseError) -> UInt8 {
        if let index = indexes[name] { return index }
        guard let free = (0...UInt8.max).first(where: { !indexes.values.contains($0) }) else {
            throw ParseError(.tooLarge, at: 0, "this channel has had 256 different track names")
        }
        indexes[name] = free
        records.append(.track(index: free, name: name))
        return free
    }
}
