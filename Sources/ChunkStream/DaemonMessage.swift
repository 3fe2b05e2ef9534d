package import Media

/// What `sluice` says to `sluice-ingest`: one answer to `publish`, and after `accept` any number of `begin`, `wait` and
/// `splice`, and at most one `stop`.
package enum DaemonMessage: Sendable, Equatable {
    /// Go on: make this ladder, and use no segment number below `firstSegment`.
    ///
    /// `clockLead`: milliseconds that the time since the epoch is ahead of the machine's steady clock (CLOCK_BOOTTIME), so
    /// that all go by one clock. `waits`: make nothing before `begin`.
    case accept(Ladder, firstSegment: UInt64, clockLead: Int64 = 0, waits: Bool = false)
    /// On air now: make the ladder from this segment on, of what has come already too.
    case begin(firstSegment: UInt64)
    /// Off the air: make nothing, and be ready to begin.
    case wait
    /// As if the encoder had sent it, for the next frame at or after its time.
    case splice(SpliceMarker)
    /// Tell the encoder why not, and end.
    case reject(reason: String)
    /// Tell the encoder why not any longer, deliver what is there, and end.
    case stop(reason: String)
}
