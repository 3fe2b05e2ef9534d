package import Media
package import Timeline

/// A publication that puts synthetic segments into a timeline.
package struct TimelineFeed {
    package let timeline: ChannelTimeline
    package let tracks: [SyntheticTrack]
    package let publication: UInt64
    package let segmentDuration: Ticks

    /// Begins a publication and announces its tracks.
    package init(_ timeline: ChannelTimeline, _ tracks: [SyntheticTrack]) throws {
        self.timeline = timeline
        self.tracks = tracks
        segmentDuration = timeline.snapshot.segmentDuration
        publication = timeline.beginPublication().publication
        try announce()
    }

    /// Says the tracks (again): a discontinuity.
    package func announce() throws {
        try timeline.setTracks(tracks.map(\.description), publication: publication)
    }

    /// A whole segment of every track.
    package func add(_ number: UInt64, parts: Int = 2) throws {
        for index in tracks.indices { try add(number, track: index, parts: parts) }
    }

    /// One track's whole segment.
    package func add(_ number: UInt64, track: Int, parts: Int = 2, skipping: Int = 0) throws {
        let samples = tracks[track].samples(of: number, segmentDuration, skipping: skipping)
        // All that a segment has of them comes at once.
        let chunks = tracks[track].chunks(of: samples, parts: tracks[track].track.kind == .text ? 1 : parts)
        for (index, chunk) in chunks.enumerated() {
            try timeline.append(
                track: track, segment: number, endsSegment: index == chunks.count - 1, bytes: chunk,
                publication: publication)
        }
    }

    package func end() { timeline.endPublication(publication) }
}
