import ISOBMFF
package import Media

/// The tracks of a stretch of the window in which nothing about them changes: from one discontinuity to the next.
package struct TrackSet: Sendable, Equatable {
    /// Rises by one with every new set of the channel, over restarts too.
    package let generation: UInt64
    package let tracks: [StoredTrack]

    package init(generation: UInt64, tracks: [StoredTrack]) {
        self.generation = generation
        self.tracks = tracks
    }

    package func index(of name: String) -> Int? { tracks.firstIndex { $0.track.name == name } }
}

/// A track with its clear CMAF header and its place in the channel's IV space.
package struct StoredTrack: Sendable, Equatable {
    package let track: Track
    /// Unique in its channel for ever: the name keeps it over reloads and restarts, so that an IV made of
    /// it and a decode time never repeats under one key.
    package let index: UInt8
    /// The clear CMAF header.
    package let header: [UInt8]

    /// - Parameter header: the track's.
    package init(track: Track, index: UInt8, header: [UInt8]) {
        self.track = track
        self.index = index
        self.header = header
    }

    /// - Throws: what is wrong with the header.
    package init(
        name: String, reorderDelay: UInt32, frameRate: FrameRate?, index: UInt8, header: [UInt8]
    ) throws(ParseError) {
        var track = try CMAFHeader(parsing: header.span).track
        track.name = name
        track.reorderDelay = reorderDelay
        track.frameRate = frameRate
        self.track = track
        self.index = index
        self.header = header
    }
}
