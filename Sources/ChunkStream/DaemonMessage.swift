package import Media

/// What `sluice` says to `sluice-ingest`: one answer to `publish`, and after `accept` at most one `stop`.
package enum DaemonMessage: Sendable, Equatable {
    /// Go on: make this ladder, and use no segment number below `firstSegment`.
    case accept(Ladder, firstSegment: UInt64)
    /// Tell the encoder why not, and end.
    case reject(reason: String)
    /// Tell the encoder why not any longer, deliver what is there, and end.
    case stop(reason: String)
}
