package import Media

/// What `sluice-ingest` says to `sluice`, in this order: `hello`, `publish`, then after the daemon's
/// `accept` any number of `tracks`, `chunk`, `marker`, `statistics`, `event` and `nextFile`, and last `end`.
package enum WorkerMessage: Sendable, Equatable {
    case hello(version: UInt16)
    /// Somebody wants to publish; the daemon decides.
    case publish(PublishRequest)
    /// The tracks of what follows, in the order by which `chunk` counts them. A second one in the same
    /// publication means that times start anew: a discontinuity.
    case tracks([TrackDescription])
    case chunk(ClearChunk)
    /// Before the media that it is about.
    case marker(SpliceMarker)
    /// Four times a second.
    case statistics(IngestStatistics)
    case event(IngestEvent)
    /// Of a worker that plays files: it is at the end of one, and asks for the next; the answer comes by its standard input.
    case nextFile(FileEnd)
    /// The publication is over and everything of it was sent.
    case end(reason: String)
}

/// The `app` and stream name an encoder asked for, and what it says it is.
package struct PublishRequest: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    package var app: String
    /// A secret.
    package var streamKey: String
    package var encoder: String

    package init(app: String, streamKey: String, encoder: String) {
        self.app = app
        self.streamKey = streamKey
        self.encoder = encoder
    }

    package var description: String { "PublishRequest(app: \(app), streamKey: redacted, encoder: \(encoder))" }
    package var customMirror: Mirror { Mirror(self, children: ["app": app, "encoder": encoder]) }
}

/// One track: its name and what the CMAF header does not hold, and the header.
package struct TrackDescription: Sendable, Equatable {
    /// The rung's name in the ladder.
    package var name: String
    package var reorderDelay: UInt32
    package var frameRate: FrameRate?
    /// A clear CMAF header: ftyp and moov.
    package var header: [UInt8]

    package init(name: String, reorderDelay: UInt32, frameRate: FrameRate?, header: [UInt8]) {
        self.name = name
        self.reorderDelay = reorderDelay
        self.frameRate = frameRate
        self.header = header
    }
}

/// One clear CMAF chunk: moof and mdat. ISO/IEC 23000-19:2024, clause 7.3.2.3.
package struct ClearChunk: Sendable, Equatable {
    /// Place in the last `tracks` message.
    package var track: UInt8
    /// Number of the segment it belongs to; never falls within a track.
    package var segment: UInt64
    /// No more chunks of this segment come for this track.
    package var endsSegment: Bool
    package var bytes: [UInt8]

    package init(track: UInt8, segment: UInt64, endsSegment: Bool, bytes: [UInt8]) {
        self.track = track
        self.segment = segment
        self.endsSegment = endsSegment
        self.bytes = bytes
    }
}

/// Totals since the publication began, and how it stands now.
package struct IngestStatistics: Sendable, Equatable {
    package var bytesReceived: UInt64 = 0
    package var videoSamplesReceived: UInt64 = 0
    package var audioSamplesReceived: UInt64 = 0
    /// Frames made by repeating the one before, to fill holes of the input.
    package var framesRepeated: UInt64 = 0
    /// Frames left out because their place on the grid was taken.
    package var framesDropped: UInt64 = 0
    /// Access units a decoder refused.
    package var decodeErrors: UInt64 = 0
    /// Media time made, and time spent working on it (not waiting for the encoder), in milliseconds.
    package var mediaMilliseconds: UInt64 = 0
    package var busyMilliseconds: UInt64 = 0
    /// For how long the picture has been black by now, and the sound silent or missing; 0 where it is not, or where nobody
    /// decodes it.
    package var blackMilliseconds: UInt64 = 0
    package var silentMilliseconds: UInt64 = 0
    /// While it waits: from this segment on it could make everything; 0: of nothing.
    package var heldSegment: UInt64 = 0

    package init() {}
}

/// Something worth a log line: a jump of the input's clock, a codec that is not supported.
package struct IngestEvent: Sendable, Equatable {
    package enum Level: UInt8, Sendable { case info = 0, warning = 1, error = 2 }
    package var level: Level
    package var text: String

    package init(level: Level, text: String) {
        self.level = level
        self.text = text
    }
}
