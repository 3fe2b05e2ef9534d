package import Media

/// The window of a channel at one moment. An immutable value: whoever holds one sees nothing change.
package struct Snapshot: Sendable {
    /// When each segment is.
    package internal(set) var numbering: SegmentNumbering
    /// Every set a listed segment was made with, and the newest, by generation.
    package internal(set) var trackSets: [UInt64: TrackSet] = [:]
    /// By rising number; numbers may be missing where no encoder was there.
    package internal(set) var segments = WindowSegments()
    /// The segment after those, as far as it is there; nil where the channel shows no parts.
    package internal(set) var underWay: SegmentUnderWay?
    /// The segment that the present event began with: the first after a pause as long as the window.
    package internal(set) var eventStart: UInt64?
    /// What is known of splices, by their beginning; those that are over leave with the segments they ended before.
    package internal(set) var adBreaks: [AdBreak] = []
    /// The newest set, whether or not it has a whole segment yet.
    package internal(set) var currentGeneration: UInt64?

    package init(segmentDuration: Ticks) { numbering = SegmentNumbering(duration: segmentDuration) }

    /// Of the channel.
    package var segmentDuration: Ticks { numbering.duration }

    /// Of all sets.
    var headerBytes: Int { trackSets.values.reduce(0) { $1.tracks.reduce($0) { $0 + $1.header.count } } }

    /// In whole seconds, as playlists round it (RFC 8216, 4.3.3.1); 0 without segments.
    package var longestSegmentSeconds: Int64 {
        var longest = Ticks(0, timescale: 1)
        for segment in segments {
            for (stored, share) in zip(trackSets[segment.generation]?.tracks ?? [], segment.tracks) {
                longest = max(longest, Ticks(share.duration, timescale: stored.track.timescale))
            }
        }
        return longest.rescaled(to: 1, rounding: .nearest).value
    }

    package func segment(_ number: UInt64) -> WindowSegment? {
        let place = segments.place(of: number)
        return place < segments.count && segments[place].number == number ? segments[place] : nil
    }

    package func trackSet(of segment: WindowSegment) -> TrackSet? { trackSets[segment.generation] }

    /// The nominal start of a segment from the epoch. Saturates.
    package func nominalStart(of number: UInt64) -> Ticks { numbering.nominalStart(of: number) }

    /// Takes the oldest segment out, with the track sets that only it was made with.
    mutating func removeFirst() -> (segment: WindowSegment, set: TrackSet?)? {
        guard let first = segments.first else { return nil }
        segments.removeFirst()
        defer { forgetUnusedTrackSets() }
        return (first, trackSets[first.generation])
    }

    mutating func forgetUnusedTrackSets() {
        let oldest = segments.first?.generation ?? currentGeneration ?? 0
        guard trackSets.keys.contains(where: { $0 < oldest }) else { return }
        trackSets = trackSets.filter { $0.key >= oldest }
    }
}
